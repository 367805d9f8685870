"""Keras' rows of the normalisations."""

from __future__ import annotations

from typing import Any

from netdsl.backends.keras.rows import Code, Emission, arguments, function, module, row
from netdsl.backends.keras.starts import initializer, starts
from netdsl.catalog.initializers import Ones, Zeros
from netdsl.catalog.layers.norm import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    L2Normalize,
    LayerNorm,
    Lrn,
    Normalize,
    RmsNorm,
)
from netdsl.tensor import TensorType


def _begins(layer: BatchNorm | LayerNorm | GroupNorm) -> tuple[str, dict[str, Any]]:
    return starts(
        gamma_initializer=(layer.init, Ones()), beta_initializer=(layer.bias_init, Zeros())
    )


@row(BatchNorm)
def batchnorm(layer: BatchNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(
        momentum=(layer.momentum, 0.99),
        epsilon=(layer.eps, 1e-3),
        center=(layer.center, True),
        scale=(layer.scale, True),
    )
    begin, more = _begins(layer)
    return module(f"layers.BatchNormalization({_first(rest)}{begin})", **values, **more)


def _first(rest: str) -> str:
    """Keyword arguments that nothing stands before."""
    return rest.removeprefix(", ")


@row(LayerNorm)
def layernorm(layer: LayerNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(
        epsilon=(layer.eps, 1e-3), center=(layer.center, True), scale=(layer.scale, True)
    )
    begin, more = _begins(layer)
    return module(f"layers.LayerNormalization({_first(rest + begin)})", **values, **more)


@row(GroupNorm)
def groupnorm(layer: GroupNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(epsilon=(layer.eps, 1e-3))
    begin, more = _begins(layer)
    text = f"layers.GroupNormalization({{groups}}{rest}{begin})"
    return module(text, groups=layer.groups, **values, **more)


@row(RmsNorm)
def rmsnorm(layer: RmsNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(epsilon=(layer.eps, 1e-6))
    if layer.init == Ones():
        return module(f"layers.RMSNormalization({_first(rest)})", **values)
    begin, more = initializer(layer.init)
    text = f"StartedRMSNormalization({begin}{rest})"
    return Emission(Code("{module}({0})"), Code(text, values | more), ("StartedRMSNormalization",))


@row(InstanceNorm)
def instancenorm(layer: InstanceNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(epsilon=(layer.eps, 1e-3))
    return module(f"layers.GroupNormalization(-1{rest}, center=False, scale=False)", **values)


@row(Lrn)
def lrn(layer: Lrn, inputs: tuple[TensorType, ...]) -> Emission:
    values = {"size": layer.size, "alpha": layer.alpha, "beta": layer.beta, "k": layer.k}
    return function("lrn({0}, {size}, {alpha}, {beta}, {k})", "lrn", **values)


@row(L2Normalize)
def l2_normalize(layer: L2Normalize, inputs: tuple[TensorType, ...]) -> Emission:
    return function("l2_normalize({0})", "l2_normalize")


@row(Normalize)
def normalize(layer: Normalize, inputs: tuple[TensorType, ...]) -> Emission:
    mean, std = (
        f"ops.array({{{name}}})" if isinstance(value, tuple) else f"{{{name}}}"
        for name, value in (("mean", layer.mean), ("std", layer.std))
    )
    return function(f"({{0}} - {mean}) / {std}", mean=_floats(layer.mean), std=_floats(layer.std))


def _floats(value: Any) -> Any:
    return tuple(map(float, value)) if isinstance(value, tuple) else value
