"""ONNX's rows of the normalisations."""

from __future__ import annotations

from typing import Any

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import (
    along_channels,
    channels_first,
    channels_last,
    from_channels_first,
    from_channels_last,
)
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import channel_dim
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

# What an l2_normalize divides by at least.
_SHORTEST = 1e-12


def _scale(layer: BatchNorm | LayerNorm, graph: Builder, channels: Any) -> str:
    return graph.weight() if layer.scale else graph.floats([1.0] * channels)


def _shift(layer: BatchNorm, graph: Builder, channels: Any) -> str:
    return graph.weight("bias") if layer.center else graph.floats([0.0] * channels)


@row(BatchNorm)
def batchnorm(layer: BatchNorm, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank, channels = inputs[0].rank, inputs[0].channels
    numbers = (
        _scale(layer, graph, channels),
        _shift(layer, graph, channels),
        graph.weight("running_mean"),
        graph.weight("running_var"),
    )
    x = channels_first(graph, x, rank)
    x = graph.add("BatchNormalization", x, *numbers, epsilon=layer.eps)
    return from_channels_first(graph, x, rank)


@row(LayerNorm)
def layernorm(layer: LayerNorm, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    shift = [graph.weight("bias")] if layer.center else []
    scale = _scale(layer, graph, inputs[0].channels)
    x = channels_last(graph, x, rank)
    x = graph.add("LayerNormalization", x, scale, *shift, axis=-1, epsilon=layer.eps)
    return from_channels_last(graph, x, rank)


@row(GroupNorm)
def groupnorm(layer: GroupNorm, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    first = channels_first(graph, x, rank)
    grouped = graph.reshape(first, layer.groups, -1)
    even = _standardised(graph, grouped, layer.groups, layer.eps)
    x = graph.add("Reshape", even, graph.add("Shape", first))
    scale, shift = (graph.column(graph.weight(name), rank - 1) for name in ("weight", "bias"))
    x = graph.add("Add", graph.add("Mul", x, scale), shift)
    return from_channels_first(graph, x, rank)


@row(InstanceNorm)
def instancenorm(
    layer: InstanceNorm, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    rank = inputs[0].rank
    x = channels_first(graph, x, rank)
    x = _standardised(graph, x, inputs[0].channels, layer.eps)
    return from_channels_first(graph, x, rank)


def _standardised(graph: Builder, x: str, channels: Any, eps: float) -> str:
    """Each channel of each example at mean 0 and deviation 1 over its positions."""
    ones, zeros = graph.floats([1.0] * channels), graph.floats([0.0] * channels)
    return graph.add("InstanceNormalization", x, ones, zeros, epsilon=eps)


@row(RmsNorm)
def rmsnorm(layer: RmsNorm, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    axis = graph.integers([channel_dim(rank)])
    mean = graph.add("ReduceMean", graph.add("Mul", x, x), axis, keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean, graph.floats(layer.eps)))
    return graph.add("Mul", graph.add("Div", x, root), along_channels(graph, graph.weight(), rank))


@row(Lrn)
def lrn(layer: Lrn, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    # ONNX divides the sum by the number of channels.
    alpha = layer.alpha * layer.size
    if rank == 3 and layer.size % 2:
        numbers = {"alpha": alpha, "beta": layer.beta, "bias": float(layer.k)}
        return graph.add("LRN", x, size=layer.size, **numbers)
    # onnxruntime's operator takes images and an odd number of channels alone.
    first = channels_first(graph, x, rank)
    mean = _mean_of_neighbours(
        graph, graph.add("Mul", first, first), inputs[0].channels, layer.size
    )
    sums = graph.add("Mul", mean, graph.floats(alpha))
    base = graph.add("Add", sums, graph.floats(layer.k))
    power = graph.add("Pow", base, graph.floats(layer.beta))
    return from_channels_first(graph, graph.add("Div", first, power), rank)


def _mean_of_neighbours(graph: Builder, x: str, channels: Any, size: int) -> str:
    """The mean over `size` channels around each, zeros beyond the ends: a pool along them."""
    flat = graph.reshape(x, 1, channels, -1)
    pads = [size // 2, 0, (size - 1) // 2, 0]
    window = {"kernel_shape": [size, 1], "pads": pads, "count_include_pad": 1}
    return graph.add("Reshape", graph.add("AveragePool", flat, **window), graph.add("Shape", x))


@row(L2Normalize)
def l2_normalize(layer: L2Normalize, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    axis = graph.integers([channel_dim(inputs[0].rank)])
    length = graph.add("ReduceL2", x, axis, keepdims=1)
    return graph.add("Div", x, graph.add("Max", length, graph.floats(_SHORTEST)))


@row(Normalize)
def normalize(layer: Normalize, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    mean, std = (_spread(graph, value, rank) for value in (layer.mean, layer.std))
    return graph.add("Div", graph.add("Sub", x, mean), std)


def _spread(graph: Builder, value: Any, rank: int) -> str:
    """A number, or one for each channel as it is spread over a tensor of this rank."""
    numbers = graph.floats(value)
    return along_channels(graph, numbers, rank) if isinstance(value, tuple) else numbers
