"""PyTorch's rows of the layers that put numbers in another order or shape."""

from __future__ import annotations

from netdsl.backends.torch.layout import (
    channel_dim,
    dims,
    from_written,
    order,
    rearranged,
    to_written,
    unflattened,
)
from netdsl.backends.torch.rows import Emission, function, row
from netdsl.catalog.layers import shape
from netdsl.tensor import TensorType


@row(shape.Flatten)
def flatten(layer: shape.Flatten, inputs: tuple[TensorType, ...]) -> Emission:
    texts = {0: "{0}.unsqueeze(1)", 1: "{0}", 2: "{0}.mT.flatten(1)"}
    return function(texts.get(inputs[0].rank, "{0}.flatten(1)"))


@row(shape.Unflatten)
def unflatten(layer: shape.Unflatten, inputs: tuple[TensorType, ...]) -> Emission:
    *spatial, channels = layer.sizes
    if not spatial:
        return function("{0}")
    sizes, values = unflattened([channels, *spatial], inputs)
    swap = ".mT" if len(layer.sizes) == 2 else ""
    return function(f"{{0}}.unflatten(1, {sizes}){swap}", **values)


@row(shape.Reshape)
def reshape(layer: shape.Reshape, inputs: tuple[TensorType, ...]) -> Emission:
    rank, new = inputs[0].rank, len(layer.sizes)
    flat = {0: ".unsqueeze(1)", 1: ""}.get(rank, ".flatten(1)")
    if new == 1:
        return function(f"{{0}}{to_written(rank)}{flat}")
    sizes, values = unflattened(layer.sizes, inputs)
    text = f"{{0}}{to_written(rank)}{flat}.unflatten(1, {sizes}){from_written(new)}"
    return function(text, **values)


@row(shape.Permute)
def permute(layer: shape.Permute, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    named = layer.axes if isinstance(layer.axes, tuple) else (layer.axes,)
    places = [axis % rank for axis in named]
    return function("{0}" + rearranged([places.index(axis) for axis in order(rank)]))


@row(shape.PixelShuffle)
def pixel_shuffle(layer: shape.PixelShuffle, inputs: tuple[TensorType, ...]) -> Emission:
    return function("F.pixel_shuffle({0}, {factor})", factor=layer.factor)


@row(shape.ChannelShuffle)
def channel_shuffle(layer: shape.ChannelShuffle, inputs: tuple[TensorType, ...]) -> Emission:
    at = channel_dim(inputs[0].rank)
    text = (
        f"{{0}}.unflatten({at}, ({{groups}}, -1)).transpose({at}, {at + 1}).flatten({at}, {at + 1})"
    )
    return function(text, groups=layer.groups)


@row(shape.Roll)
def roll(layer: shape.Roll, inputs: tuple[TensorType, ...]) -> Emission:
    where = dims(layer.axis, inputs[0].rank)
    shift = layer.shift
    if isinstance(where, tuple) and isinstance(shift, int):
        shift = (shift,) * len(where)
    return function(f"{{0}}.roll({{shift}}, {where})", shift=shift)


@row(shape.OneHot)
def one_hot(layer: shape.OneHot, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    text = f"F.one_hot({{0}}, {{classes}}){rearranged([*order(rank), rank])}.float()"
    return function(text, classes=layer.classes)


@row(shape.NotEqual)
def not_equal(layer: shape.NotEqual, inputs: tuple[TensorType, ...]) -> Emission:
    return function("({0} != {value}).long()", value=layer.value)
