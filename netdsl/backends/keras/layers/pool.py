"""Keras' rows of the pools."""

from __future__ import annotations

from typing import Any

from netdsl.backends.keras.padding import Pairs, pad, pairs_of, short
from netdsl.backends.keras.rows import Code, Emission, arguments, function, row
from netdsl.catalog.layers.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
    Unpool,
)
from netdsl.catalog.windows import axes_of
from netdsl.tensor import TensorType


def _plain(name: str, layer: MaxPool | AvgPool, axes: int) -> Emission:
    """A pool that Keras has: without padding, or with its own `same`.

    Strides are written always: on JAX Keras 3.15 has no default for them.
    """
    rest, values = arguments(padding=(pad(layer.window(), axes).padding, "valid"))
    text = f"ops.{name}({{0}}, {{size}}, strides={{strides}}{rest})"
    return function(text, size=layer.size, strides=layer.step, **values)


def _sizes(layer: MaxPool | AvgPool, axes: int) -> dict[str, Any]:
    """The arguments of helpers, a number for each axis."""
    return {
        "size": axes_of(layer.size, axes, "size"),
        "strides": axes_of(layer.step, axes, "stride"),
    }


def _overhang(layer: MaxPool | AvgPool, axes: int) -> Pairs:
    """How far the last windows of `ceil` may reach over the padded end.

    That is a constant: a window more comes out exactly where it begins within the input and the
    padding before it, as in PyTorch.
    """
    if not layer.ceil or layer.pad == "same":
        return ((0, 0),) * axes
    sizes = axes_of(layer.size, axes, "size")
    strides = axes_of(layer.step, axes, "stride")
    pairs = pairs_of(layer.window(), axes)
    return tuple(
        (0, min(stride, size - after) - 1)
        for size, stride, (_, after) in zip(sizes, strides, pairs, strict=True)
    )


def _together(first: Pairs, second: Pairs) -> Pairs:
    pairs = zip(first, second, strict=True)
    return tuple((a + c, b + d) for (a, b), (c, d) in pairs)


def _nothing(pairs: Pairs) -> bool:
    return not any(map(any, pairs))


@row(MaxPool)
def maxpool(layer: MaxPool, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    sizes = _sizes(layer, axes)
    emission, padding = _plain("max_pool", layer, axes), {}
    if layer.pad != "same":
        pairs = _together(pairs_of(layer.window(), axes), _overhang(layer, axes))
        padding = {"padding": pairs}
        if not _nothing(pairs):
            text = "padded_max_pool({0}, {size}, {strides}, {padding})"
            emission = function(text, "padded_max_pool", **sizes, **padding)
    rest = ", {padding}" if padding else ""
    both = Code(f"MaxPoolWithIndices({{size}}, {{strides}}{rest})({{0}})", sizes | padding)
    return emission.replace(
        member_helpers=("SamePad", "MaxPoolWithIndices"), members={"indices": both}
    )


@row(Unpool)
def unpool(layer: Unpool, inputs: tuple[TensorType, ...]) -> Emission:
    pooled = layer.pooled
    return function(f"MaxUnpool()({{0}}, {{{pooled}}}, {{{pooled + 1}}})", "MaxUnpool")


@row(AvgPool)
def avgpool(layer: AvgPool, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    sizes = _sizes(layer, axes)
    if layer.pad == "same":
        return _same_avgpool(layer, axes)
    outside, over = pairs_of(layer.window(), axes), _overhang(layer, axes)
    flowing, amounts = "{0}", {}
    if not layer.count_pad:
        outside, over = ((0, 0),) * axes, _together(outside, over)
    if not _nothing(outside):
        flowing = f"layers.ZeroPadding{axes}D({{amounts}})({{0}})"
        amounts = {"amounts": short(outside)}
    if _nothing(over):
        plain = _plain("average_pool", layer.replace(pad=0), axes).call
        return function(plain.text.replace("{0}", flowing), **plain.values, **amounts)
    text = f"padded_avg_pool({flowing}, {{size}}, {{strides}}, {{padding}})"
    return function(text, "padded_avg_pool", **sizes, padding=over, **amounts)


def _same_avgpool(layer: AvgPool, axes: int) -> Emission:
    """Keras' own where the padding is even, for on PyTorch it counts what is uneven."""
    sizes = _sizes(layer, axes)
    if layer.count_pad:
        text = "ops.average_pool(SamePad({size}, {strides})({0}), {size}, {strides})"
        return function(text, "SamePad", **sizes)
    windows = zip(sizes["size"], sizes["strides"], strict=True)
    if all(size == 1 or (stride == 1 and size % 2) for size, stride in windows):
        return _plain("average_pool", layer, axes)
    text = "same_avg_pool({0}, {size}, {strides})"
    return function(text, "SamePad", "same_avg_pool", **sizes)


@row(AdaptiveAvgPool)
def adaptive_avgpool(layer: AdaptiveAvgPool, inputs: tuple[TensorType, ...]) -> Emission:
    return _adaptive("mean", layer, inputs[0].rank - 1)


@row(AdaptiveMaxPool)
def adaptive_maxpool(layer: AdaptiveMaxPool, inputs: tuple[TensorType, ...]) -> Emission:
    return _adaptive("max", layer, inputs[0].rank - 1)


def _adaptive(name: str, layer: AdaptiveAvgPool | AdaptiveMaxPool, axes: int) -> Emission:
    """Keras' own cannot be compiled for volumes."""
    size = axes_of(layer.size, axes, "size")
    return function(f"AdaptivePool(ops.{name}, {{size}})({{0}})", "AdaptivePool", size=size)


@row(GlobalAvgPool)
def global_avgpool(layer: GlobalAvgPool, inputs: tuple[TensorType, ...]) -> Emission:
    return _over_positions("mean", layer.keep, inputs[0].rank)


@row(GlobalMaxPool)
def global_maxpool(layer: GlobalMaxPool, inputs: tuple[TensorType, ...]) -> Emission:
    return _over_positions("max", layer.keep, inputs[0].rank)


def _over_positions(name: str, keep: bool, rank: int) -> Emission:
    axes = "1" if rank == 2 else f"({', '.join(map(str, range(1, rank)))})"
    return function(f"ops.{name}({{0}}, axis={axes}{', keepdims=True' * keep})")
