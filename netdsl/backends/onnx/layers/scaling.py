"""ONNX's rows of scaling."""

from __future__ import annotations

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import along_channels
from netdsl.backends.onnx.rows import row
from netdsl.catalog.layers.scaling import Identity, LayerScale, Rescale
from netdsl.tensor import TensorType


@row(Identity)
def identity(layer: Identity, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return x


@row(Rescale)
def rescale(layer: Rescale, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    if layer.factor != 1:
        x = graph.add("Mul", x, graph.floats(layer.factor))
    return graph.add("Add", x, graph.floats(layer.offset)) if layer.offset else x


@row(LayerScale)
def layer_scale(layer: LayerScale, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Mul", x, along_channels(graph, graph.weight(), inputs[0].rank))
