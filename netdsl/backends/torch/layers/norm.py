"""PyTorch's rows of the normalisations."""

from __future__ import annotations

from typing import Any

from netdsl.backends.torch.padding import back, channels_first, last_axis, sequence
from netdsl.backends.torch.rows import Code, Emission, arguments, function, module, row
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


def _partial(text: str, scale: bool, center: bool) -> tuple[str, tuple[str, ...]]:
    """PyTorch takes away scale and shift together; one alone is taken away by `without`."""
    if scale == center:
        return text, ()
    return f'without({text}, "{"bias" if scale else "weight"}")', ("without",)


@row(BatchNorm)
def batchnorm(layer: BatchNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    rest, values = arguments(
        eps=(layer.eps, 1e-5),
        # PyTorch's momentum is the share of the new statistics; 1 - 0.9 is not quite 0.1.
        momentum=(round(1 - layer.momentum, 12), 0.1),
        affine=(layer.scale or layer.center, True),
    )
    text = f"nn.BatchNorm{max(rank - 1, 1)}d({{channels}}{rest})"
    text, helpers = _partial(text, layer.scale, layer.center)
    call = Code(back(rank, f"{{module}}({channels_first(rank)})"))
    return Emission(call, Code(text, {"channels": inputs[0].channels} | values), helpers)


@row(LayerNorm)
def layernorm(layer: LayerNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(
        eps=(layer.eps, 1e-5),
        elementwise_affine=(layer.scale or layer.center, True),
    )
    text, helpers = _partial(f"nn.LayerNorm({{channels}}{rest})", layer.scale, layer.center)
    construct = Code(text, {"channels": inputs[0].channels} | values)
    return Emission(Code(last_axis(inputs[0].rank)), construct, helpers)


@row(GroupNorm)
def groupnorm(layer: GroupNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    rest, values = arguments(eps=(layer.eps, 1e-5))
    call = back(rank, f"{{module}}({channels_first(rank)})")
    sizes = {"groups": layer.groups, "channels": inputs[0].channels}
    return module(f"nn.GroupNorm({{groups}}, {{channels}}{rest})", call, **sizes, **values)


@row(RmsNorm)
def rmsnorm(layer: RmsNorm, inputs: tuple[TensorType, ...]) -> Emission:
    text = "nn.RMSNorm({channels}, eps={eps})"
    sizes = {"channels": inputs[0].channels, "eps": layer.eps}
    return module(text, last_axis(inputs[0].rank), **sizes)


@row(InstanceNorm)
def instancenorm(layer: InstanceNorm, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    rest, values = arguments(eps=(layer.eps, 1e-5))
    return function(back(rank, f"F.instance_norm({channels_first(rank)}{rest})"), **values)


@row(Lrn)
def lrn(layer: Lrn, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    rest, values = arguments(
        # PyTorch divides the sum by the number of channels.
        alpha=(float(f"{layer.alpha * layer.size:.12g}"), 1e-4),
        beta=(layer.beta, 0.75),
        k=(layer.k, 1),
    )
    text = f"F.local_response_norm({channels_first(rank)}, {{size}}{rest})"
    return function(back(rank, text), size=layer.size, **values)


@row(L2Normalize)
def l2_normalize(layer: L2Normalize, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"F.normalize({{0}}{', dim=-1' * sequence(inputs[0].rank)})")


@row(Normalize)
def normalize(layer: Normalize, inputs: tuple[TensorType, ...]) -> Emission:
    values = {"mean": layer.mean, "std": layer.std}
    if not any(isinstance(value, tuple) for value in values.values()):
        return function("({0} - {mean}) / {std}", **values)
    axes = inputs[0].rank - 1 if inputs[0].rank > 2 else 0
    columns = {name: _column(value, axes) for name, value in values.items()}
    construct = Code("Normalize({mean}, {std})", columns)
    return Emission(Code("{module}({0})"), construct, ("Normalize",))


def _column(value: Any, axes: int) -> Any:
    """Numbers for the channels, with an axis of size 1 for each of the axes that follow."""
    if isinstance(value, tuple):
        return tuple(_column(item, axes) for item in value)
    nested: Any = float(value)
    for _ in range(axes):
        nested = (nested,)
    return nested
