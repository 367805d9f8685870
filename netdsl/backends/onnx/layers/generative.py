"""ONNX's rows of draws and of style."""

from __future__ import annotations

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.rows import row
from netdsl.catalog.layers.generative import Gram, Sample
from netdsl.tensor import TensorType


@row(Sample)
def sample(layer: Sample, inputs: tuple[TensorType, ...], graph: Builder, *names: str) -> str:
    if layer.noise is None:
        return names[layer.mean]
    half = graph.add("Mul", names[layer.logvar], graph.floats(0.5))
    drawn = graph.add("Mul", graph.add("Exp", half), names[layer.noise])
    return graph.add("Add", names[layer.mean], drawn)


@row(Gram)
def gram(layer: Gram, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    flowing = inputs[0]
    if flowing.rank == 2:
        return graph.add("MatMul", graph.transpose(x, (0, 2, 1)), x)
    rows = graph.reshape(x, flowing.channels, flowing.positions)
    return graph.add("MatMul", rows, graph.transpose(rows, (0, 2, 1)))
