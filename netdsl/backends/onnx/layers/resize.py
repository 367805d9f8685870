"""ONNX's rows of the layers that add or cut positions or channels, or change the resolution."""

from __future__ import annotations

import numpy as np

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import numbers_below
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import dim
from netdsl.catalog.layers.resize import Crop, Pad, PadChannels, Resize, Upsample, pairs_of
from netdsl.catalog.windows import axes_of
from netdsl.tensor import Dim, Size, TensorType

# Positions are taken at their left edges, or interpolated between their centres.
NEAREST = {
    "mode": "nearest",
    "coordinate_transformation_mode": "asymmetric",
    "nearest_mode": "floor",
}
LINEAR = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}


@row(Pad)
def pad(layer: Pad, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    pairs = pairs_of(layer.amount, inputs[0].rank - 1)
    return _padded(graph, x, inputs[0], dict(enumerate(pairs)), layer.value)


@row(PadChannels)
def pad_channels(layer: PadChannels, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    channels = inputs[0].channels
    assert isinstance(channels, int)
    pair = (layer.before, layer.to - channels - layer.before)
    return _padded(graph, x, inputs[0], {inputs[0].rank - 1: pair}, 0)


def _padded(
    graph: Builder,
    x: str,
    flowing: TensorType,
    pairs: dict[int, tuple[int, int]],
    value: float,
) -> str:
    """The tensor with positions before and after those of some axes."""
    amounts = np.zeros((2, flowing.rank + 1), np.int64)
    for axis, pair in pairs.items():
        amounts[:, dim(axis, flowing.rank)] = pair
    whole = flowing.number == "int"
    filling = graph.integers(int(value)) if whole else graph.floats(value)
    return graph.add("Pad", x, graph.integers(amounts.ravel()), filling)


@row(Crop)
def crop(layer: Crop, inputs: tuple[TensorType, ...], graph: Builder, x: str, *others: str) -> str:
    spatial = inputs[0].spatial
    if layer.like is not None:
        kept = inputs[layer.like].spatial
        starts = [(size - wanted) // 2 for size, wanted in zip(spatial, kept, strict=True)]
    else:
        assert layer.amount is not None
        pairs = pairs_of(layer.amount, len(spatial))
        starts = [before for before, _ in pairs]
        kept = tuple(size - sum(pair) for size, pair in zip(spatial, pairs, strict=True))
    stops = [start + size for start, size in zip(starts, kept, strict=True)]
    axes = graph.integers(_position_dims(inputs[0].rank))
    return graph.add("Slice", x, graph.sizes(*starts), graph.sizes(*stops), axes)


@row(Upsample)
def upsample(layer: Upsample, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    factors = axes_of(layer.factor, rank - 1, "factor")
    scales = np.ones(rank + 1)
    scales[_position_dims(rank)] = factors
    how = NEAREST if layer.mode == "nearest" else LINEAR
    return graph.add("Resize", x, "", graph.floats(scales), **how)


@row(Resize)
def resize(
    layer: Resize, inputs: tuple[TensorType, ...], graph: Builder, x: str, *others: str
) -> str:
    rank = inputs[0].rank
    sizes = layer.infer(*inputs).spatial
    axes = _position_dims(rank)
    if layer.mode == "bilinear":
        return graph.add("Resize", x, "", "", graph.sizes(*sizes), axes=axes, **LINEAR)
    for axis, old, new in zip(axes, inputs[0].spatial, sizes, strict=True):
        x = graph.add("Gather", x, _origins(graph, old, new), axis=axis)
    return x


def _origins(graph: Builder, old: Dim, new: Dim) -> str:
    """The positions floor(i * old / new), in whole numbers.

    `Resize` divides by a rounded ratio, and is one position off where that misses a whole number.
    """
    if isinstance(new, Size):
        multiples = graph.add("Mul", numbers_below(graph, new), graph.size(old))
    elif isinstance(old, Size):
        multiples = graph.add("Mul", graph.integers(np.arange(new)), graph.size(old))
    else:
        return graph.integers(np.arange(new) * old // new)
    return graph.add("Div", multiples, graph.size(new))


def _position_dims(rank: int) -> list[int]:
    """The dimensions of the axes of positions, in their order."""
    return [dim(axis, rank) for axis in range(rank - 1)]
