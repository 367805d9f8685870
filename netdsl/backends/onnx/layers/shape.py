"""ONNX's rows of the layers that put numbers in another order or shape."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import channels_last, from_channels_last, numbers_below, rearranged
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import channel_dim, dim, order
from netdsl.catalog.base import channels_of
from netdsl.catalog.layers import shape
from netdsl.tensor import Dim, Size, TensorType


@row(shape.Flatten)
def flatten(layer: shape.Flatten, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    if rank == 1:
        return x
    return graph.reshape(graph.transpose(x, (0, 2, 1)) if rank == 2 else x, inputs[0].size)


@row(shape.Unflatten)
def unflatten(
    layer: shape.Unflatten, inputs: tuple[TensorType, ...], graph: Builder, x: str, *others: str
) -> str:
    *spatial, channels = layer.sizes
    if not spatial:
        return x
    apart = graph.reshape(x, channels, *spatial)
    return graph.transpose(apart, (0, 2, 1)) if len(spatial) == 1 else apart


@row(shape.Reshape)
def reshape(
    layer: shape.Reshape, inputs: tuple[TensorType, ...], graph: Builder, x: str, *others: str
) -> str:
    written = graph.reshape(channels_last(graph, x, inputs[0].rank), *layer.sizes)
    return from_channels_last(graph, written, len(layer.sizes))


@row(shape.Permute)
def permute(layer: shape.Permute, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    named = layer.axes if isinstance(layer.axes, tuple) else (layer.axes,)
    places = [axis % rank for axis in named]
    return rearranged(graph, x, [places.index(axis) for axis in order(rank)])


@row(shape.PixelShuffle)
def pixel_shuffle(
    layer: shape.PixelShuffle, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    if inputs[0].number == "float":
        return graph.add("DepthToSpace", x, blocksize=layer.factor, mode="CRD")
    # onnxruntime moves no whole numbers; doubles hold them exactly up to 2 ** 53.
    doubles = graph.add("Cast", x, to=TensorProto.DOUBLE)
    moved = graph.add("DepthToSpace", doubles, blocksize=layer.factor, mode="CRD")
    return graph.add("Cast", moved, to=TensorProto.INT64)


@row(shape.ChannelShuffle)
def channel_shuffle(
    layer: shape.ChannelShuffle, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    channels = np.arange(channels_of(inputs[0], layer.word)).reshape(layer.groups, -1)
    return graph.add(
        "Gather", x, graph.integers(channels.T.ravel()), axis=channel_dim(inputs[0].rank)
    )


@row(shape.Roll)
def roll(layer: shape.Roll, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    axes = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
    shifts = layer.shift if isinstance(layer.shift, tuple) else (layer.shift,) * len(axes)
    for axis, shift in zip(axes, shifts, strict=True):
        origins = _origins(graph, inputs[0].shape[axis], shift)
        x = graph.add("Gather", x, origins, axis=dim(axis, rank))
    return x


def _origins(graph: Builder, size: Dim, shift: int) -> str:
    """Which position comes to each place when all move by `shift`."""
    if not isinstance(size, Size):
        return graph.integers((np.arange(size) - shift) % size)
    moved = graph.add("Sub", numbers_below(graph, size), graph.integers([shift]))
    return graph.add("Mod", moved, graph.size(size))


@row(shape.OneHot)
def one_hot(layer: shape.OneHot, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    classes, values = graph.integers(layer.classes), graph.floats([0, 1])
    return rearranged(graph, graph.add("OneHot", x, classes, values), [*order(rank), rank])


@row(shape.NotEqual)
def not_equal(layer: shape.NotEqual, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    equal = graph.add("Equal", x, graph.integers(layer.value))
    return graph.add("Cast", graph.add("Not", equal), to=TensorProto.INT64)
