"""ONNX's rows of the convolutions. Weights lie as in PyTorch."""

from __future__ import annotations

from typing import Any

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import channels_first, from_channels_first
from netdsl.backends.onnx.padding import begins_ends, slide_over
from netdsl.backends.onnx.rows import row
from netdsl.catalog.layers.conv import Conv, ConvTranspose, Depthwise, Separable
from netdsl.catalog.windows import axes_of
from netdsl.tensor import TensorType


def _bias(layer: Conv | ConvTranspose | Depthwise, graph: Builder) -> list[str]:
    return [graph.weight("bias")] if layer.bias else []


@row(Conv)
def conv(layer: Conv, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return _convolved(layer, inputs[0], graph, x, layer.groups)


@row(Depthwise)
def depthwise(layer: Depthwise, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return _convolved(layer, inputs[0], graph, x, inputs[0].channels)


def _convolved(
    layer: Conv | Depthwise, flowing: TensorType, graph: Builder, x: str, groups: Any
) -> str:
    x = channels_first(graph, x, flowing.rank)
    over = slide_over(graph, x, layer.window(), flowing.spatial)
    weights = (graph.weight(), *_bias(layer, graph))
    x = graph.add("Conv", over.tensor, *weights, group=groups, **over.attributes)
    return from_channels_first(graph, x, flowing.rank)


@row(Separable)
def separable(layer: Separable, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    (flowing,) = inputs
    x = channels_first(graph, x, flowing.rank)
    over = slide_over(graph, x, layer.window(), flowing.spatial)
    kernel = graph.weight("depthwise.weight")
    x = graph.add("Conv", over.tensor, kernel, group=flowing.channels, **over.attributes)
    bias = [graph.weight("pointwise.bias")] if layer.bias else []
    x = graph.add("Conv", x, graph.weight("pointwise.weight"), *bias)
    return from_channels_first(graph, x, flowing.rank)


@row(ConvTranspose)
def conv_transpose(
    layer: ConvTranspose, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    axes = inputs[0].rank - 1
    cuts = layer.cut(axes)
    # A window shorter than the stride leaves a gap at the end, which holds the bias alone.
    extra = axes_of(layer.output_pad, axes, "output_pad")
    window = {
        "kernel_shape": axes_of(layer.kernel, axes, "kernel"),
        "strides": axes_of(layer.stride, axes, "stride"),
        "dilations": axes_of(layer.dilation, axes, "dilation"),
        "pads": begins_ends([(before, max(after, 0)) for before, after in cuts]),
        "output_padding": [e + max(-a, 0) for e, (_, a) in zip(extra, cuts, strict=True)],
        "group": layer.groups,
    }
    x = channels_first(graph, x, inputs[0].rank)
    x = graph.add("ConvTranspose", x, graph.weight(), *_bias(layer, graph), **window)
    return from_channels_first(graph, x, inputs[0].rank)
