"""Keras' rows of the layers that put numbers in another order or shape."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.keras.layout import at_run_time, computed, dims
from netdsl.backends.keras.rows import Code, Emission, function, row
from netdsl.catalog.layers import shape
from netdsl.tensor import Dim, Size, TensorType


@row(shape.Flatten)
def flatten(layer: shape.Flatten, inputs: tuple[TensorType, ...]) -> Emission:
    texts = {0: "layers.Flatten()({0})", 1: "{0}"}
    if inputs[0].rank in texts:
        return function(texts[inputs[0].rank])
    return function("flatten({0})", "flatten")


@row(shape.Unflatten)
def unflatten(layer: shape.Unflatten, inputs: tuple[TensorType, ...]) -> Emission:
    *spatial, channels = layer.sizes
    if not spatial:
        return function("{0}")
    if _open(layer.sizes) > 1:
        text = f"ops.moveaxis({_reshaped([channels, *spatial], inputs)}, 1, -1)"
        return function(at_run_time(text, inputs))
    return function("unflatten({0}, {sizes})", "unflatten", sizes=_left_open(layer.sizes))


@row(shape.Reshape)
def reshape(layer: shape.Reshape, inputs: tuple[TensorType, ...]) -> Emission:
    if _open(layer.sizes) > 1:
        return function(at_run_time(_reshaped(layer.sizes, inputs), inputs))
    return function("layers.Reshape({sizes})({0})", sizes=_left_open(layer.sizes))


def _open(sizes: Sequence[Dim]) -> int:
    """How many sizes are known only at run time."""
    return sum(isinstance(size, Size) for size in sizes)


def _left_open(sizes: Sequence[Dim]) -> tuple[int, ...]:
    """Sizes of which one may be known only at run time, which Keras then finds (-1)."""
    return tuple(-1 if isinstance(size, Size) else size for size in sizes)


def _reshaped(sizes: Sequence[Dim], inputs: tuple[TensorType, ...]) -> str:
    """The template of a reshape to sizes of which several are known only at run time."""
    written = [computed(size, inputs) if isinstance(size, Size) else str(size) for size in sizes]
    return f"ops.reshape({{0}}, (-1, {', '.join(written)}))"


@row(shape.Permute)
def permute(layer: shape.Permute, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    named = layer.axes if isinstance(layer.axes, tuple) else (layer.axes,)
    order = (0, *(axis % rank + 1 for axis in named))
    return function(f"ops.transpose({{0}}, {order})")


@row(shape.PixelShuffle)
def pixel_shuffle(layer: shape.PixelShuffle, inputs: tuple[TensorType, ...]) -> Emission:
    construct = Code("PixelShuffle({factor})", {"factor": layer.factor})
    return Emission(Code("{module}({0})"), construct, ("PixelShuffle",))


@row(shape.ChannelShuffle)
def channel_shuffle(layer: shape.ChannelShuffle, inputs: tuple[TensorType, ...]) -> Emission:
    return function("channel_shuffle({0}, {groups})", "channel_shuffle", groups=layer.groups)


@row(shape.Roll)
def roll(layer: shape.Roll, inputs: tuple[TensorType, ...]) -> Emission:
    where = dims(layer.axis, inputs[0].rank)
    shift = layer.shift
    if isinstance(where, tuple) and isinstance(shift, int):
        shift = (shift,) * len(where)
    return function(f"ops.roll({{0}}, {{shift}}, axis={where})", shift=shift)


@row(shape.OneHot)
def one_hot(layer: shape.OneHot, inputs: tuple[TensorType, ...]) -> Emission:
    return function("ops.one_hot({0}, {classes})", classes=layer.classes)


@row(shape.NotEqual)
def not_equal(layer: shape.NotEqual, inputs: tuple[TensorType, ...]) -> Emission:
    return function('ops.cast(ops.not_equal({0}, {value}), "int32")', value=layer.value)
