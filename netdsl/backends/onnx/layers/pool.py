"""ONNX's rows of the pools."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from onnx import TensorProto

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import channels_first, from_channels_first, numbers_below
from netdsl.backends.onnx.padding import Sliding, begins_ends, pad, slide_over
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import dim
from netdsl.catalog.layers.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
    Unpool,
)
from netdsl.catalog.windows import Window, axes_of, pads_of, slide
from netdsl.tensor import Dim, TensorType


def _slide_over(
    graph: Builder, x: str, window: Window, spatial: tuple[Dim, ...], value: float = 0.0
) -> Sliding:
    """A pool's window over a channels-first tensor."""
    over = slide_over(graph, x, window, spatial, value)
    if not window.ceil or window.pad == "same":
        return over
    ends = _reach(window, spatial)
    changed = {"ceil_mode": 1} if ends is None else {"pads": begins_ends(ends)}
    return over.replace(attributes=over.attributes | changed)


def _reach(window: Window, spatial: tuple[Dim, ...]) -> list[tuple[int, int]] | None:
    """What the last windows of `ceil=true` need before and after each axis; None: `ceil_mode` does.

    Where a last window might start beyond the input, ONNX leaves open whether it counts. Over a
    size known only at run time onnxruntime counts as the language does.
    """
    if not window.ceil or window.pad == "same":
        return None
    rank = len(spatial)
    kernel = axes_of(window.kernel, rank, window.argument)
    stride = axes_of(window.stride, rank, "stride")
    pads = pads_of(spatial, window.kernel, window.stride, window.pad)
    steps = list(zip(spatial, slide(spatial, window), kernel, stride, pads, strict=True))
    if all(s + before <= k for _, _, k, s, (before, _) in steps):
        return None
    ends = [
        (before, max((count - 1) * s + k - before - size, 0))
        for size, count, k, s, (before, _) in steps
        if isinstance(size, int) and isinstance(count, int) and isinstance(before, int)
    ]
    return ends if len(ends) == rank else None


@row(MaxPool)
def maxpool(
    layer: MaxPool, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> tuple[str, str]:
    (flowing,) = inputs
    x = channels_first(graph, x, flowing.rank)
    over = _slide_over(graph, x, layer.window(), flowing.spatial, -math.inf)
    largest, places = graph.several("MaxPool", 2, over.tensor, **over.attributes)
    # ONNX counts places through all channels of all examples.
    if over.outside:
        places = _without_padding(graph, places, layer.window(), flowing.spatial)
    else:
        places = graph.add("Mod", places, graph.size(flowing.positions))
    largest, places = (from_channels_first(graph, t, flowing.rank) for t in (largest, places))
    return largest, places


def _without_padding(graph: Builder, places: str, window: Window, spatial: tuple[Dim, ...]) -> str:
    """Places in a padded tensor as places in the tensor itself, looked up in its padded numbers."""
    numbers = numbers_below(graph, TensorType(spatial).size)
    plane = graph.add("Reshape", numbers, graph.sizes(1, 1, *spatial))
    padded = slide_over(graph, plane, window, spatial).tensor
    within = graph.add("Mod", places, graph.add("Size", padded))
    return graph.add("Gather", graph.add("Reshape", padded, graph.integers([-1])), within)


@row(Unpool)
def unpool(layer: Unpool, inputs: tuple[TensorType, ...], graph: Builder, *tensors: str) -> str:
    rank = inputs[0].rank
    entered = inputs[layer.pooled + 1]
    plane = (inputs[0].channels, -1)
    x, places = (
        graph.reshape(channels_first(graph, tensors[index], rank), *plane)
        for index in (0, layer.pooled)
    )
    empty = graph.sizes(entered.channels, entered.positions, batch=True)
    zeros = graph.add("Expand", graph.floats(0.0), empty)
    x = graph.add("ScatterElements", zeros, places, x, axis=2, reduction="add")
    x = graph.reshape(x, entered.channels, *entered.spatial)
    return from_channels_first(graph, x, rank)


@row(AvgPool)
def avgpool(layer: AvgPool, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank, spatial, window = inputs[0].rank, inputs[0].spatial, layer.window()
    x = channels_first(graph, x, rank)
    count_pad = layer.count_pad
    ends = _reach(window, spatial)
    if count_pad and ends is not None:
        # Padding counts, but not what a last window reaches over beyond it.
        pads = pads_of(spatial, layer.size, layer.step, layer.pad)
        inside = [(b, min(a, end)) for (b, a), (_, end) in zip(pads, ends, strict=True)]
        beyond = [(0, end - a) for (_, a), (_, end) in zip(inside, ends, strict=True)]
        x = pad(graph, x, inside)
        spatial = tuple(b + n + a for n, (b, a) in zip(spatial, inside, strict=True))
        window, count_pad = window.replace(pad=tuple(beyond), ceil=False), False
    over = _slide_over(graph, x, window, spatial)
    attributes = over.attributes | {"count_include_pad": int(count_pad)}
    mean = graph.add("AveragePool", over.tensor, **attributes)
    if over.outside and not count_pad:
        ones = graph.add("Expand", graph.floats(1.0), graph.add("Shape", x))
        share = _slide_over(graph, ones, window, spatial)
        mean = graph.add("Div", mean, graph.add("AveragePool", share.tensor, **attributes))
    return from_channels_first(graph, mean, rank)


@row(AdaptiveAvgPool)
def adaptive_avgpool(
    layer: AdaptiveAvgPool, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return _adaptive(layer, inputs[0], graph, x, "AveragePool", "ReduceMean", _mean_of_windows)


@row(AdaptiveMaxPool)
def adaptive_maxpool(
    layer: AdaptiveMaxPool, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return _adaptive(layer, inputs[0], graph, x, "MaxPool", "ReduceMax", _largest_of_windows)


def _adaptive(
    layer: AdaptiveAvgPool | AdaptiveMaxPool,
    flowing: TensorType,
    graph: Builder,
    x: str,
    pool: str,
    reduce: str,
    windows: Callable[..., str],
) -> str:
    """Equal windows where they cover the input evenly, else axis after axis by their positions."""
    rank, spatial = flowing.rank, flowing.spatial
    size = axes_of(layer.size, rank - 1, "size")
    x = channels_first(graph, x, rank)
    if set(size) == {1}:
        x = graph.add(reduce, x, graph.integers(range(2, rank + 1)), keepdims=1)
    elif all(isinstance(n, int) and n % s == 0 for n, s in zip(spatial, size, strict=True)):
        kernel = [n // s for n, s in zip(spatial, size, strict=True)]
        x = graph.add(pool, x, kernel_shape=kernel, strides=kernel)
    else:
        for axis, (n, s) in enumerate(zip(spatial, size, strict=True), 2):
            places, shares = _positions(graph, n, s)
            x = windows(graph, x, axis, places, graph.column(shares, rank - axis, 2))
    return from_channels_first(graph, x, rank)


def _positions(graph: Builder, n: Dim, count: int) -> tuple[str, str]:
    """The positions of each of `count` windows over n, and their shares in its mean.

    Both are (count, longest). A window shorter than the longest has its last position again, with
    a share of zero.
    """
    # Window i goes from floor(i n / count) to, but without, ceil((i + 1) n / count).
    size, windows = graph.size(n), graph.integers([[count]])
    numbers = np.arange(count)[:, None]
    first = graph.add("Div", graph.add("Mul", graph.integers(numbers), size), windows)
    reach = graph.add("Mul", graph.integers(numbers + 1), size)
    end = graph.add("Div", graph.add("Add", reach, graph.integers(count - 1)), windows)
    lengths = graph.add("Sub", end, first)
    longest = graph.add("ReduceMax", lengths, keepdims=0)
    steps = graph.add("Range", graph.integers(0), longest, graph.integers(1))
    last = graph.add("Sub", end, graph.integers(1))
    within = graph.add("Cast", graph.add("Less", steps, lengths), to=TensorProto.FLOAT)
    shares = graph.add("Div", within, graph.add("Cast", lengths, to=TensorProto.FLOAT))
    return graph.add("Min", graph.add("Add", first, steps), last), shares


def _largest_of_windows(graph: Builder, x: str, axis: int, places: str, shares: str) -> str:
    found = graph.add("Gather", x, places, axis=axis)
    return graph.add("ReduceMax", found, graph.integers([axis + 1]), keepdims=0)


def _mean_of_windows(graph: Builder, x: str, axis: int, places: str, shares: str) -> str:
    found = graph.add("Gather", x, places, axis=axis)
    return graph.add(
        "ReduceSum", graph.add("Mul", found, shares), graph.integers([axis + 1]), keepdims=0
    )


@row(GlobalAvgPool)
def global_avgpool(
    layer: GlobalAvgPool, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return _over_positions("ReduceMean", layer.keep, inputs[0].rank, graph, x)


@row(GlobalMaxPool)
def global_maxpool(
    layer: GlobalMaxPool, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return _over_positions("ReduceMax", layer.keep, inputs[0].rank, graph, x)


def _over_positions(op: str, keep: bool, rank: int, graph: Builder, x: str) -> str:
    axes = [dim(axis, rank) for axis in range(rank - 1)]
    return graph.add(op, x, graph.integers(axes), keepdims=int(keep))
