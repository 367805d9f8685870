"""ONNX's rows of merging. Tensors have equal ranks; operators spread sizes of 1."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import channel_dim, dim
from netdsl.catalog.base import Layer
from netdsl.catalog.layers import merge
from netdsl.tensor import TensorType

# Operators of two tensors, one after the other for more.
OPERATORS: dict[type[Layer], str] = {
    merge.Add: "Add",
    merge.Sub: "Sub",
    merge.Mul: "Mul",
    merge.Div: "Div",
}
# Operators of any number of tensors.
TOGETHER: dict[type[Layer], str] = {
    merge.Maximum: "Max",
    merge.Minimum: "Min",
    merge.Mean: "Mean",
}


def _chain(op: str) -> Callable[..., str]:
    def emit(
        layer: Layer, inputs: tuple[TensorType, ...], graph: Builder, first: str, *others: str
    ) -> str:
        for other in others:
            first = graph.add(op, first, other)
        return first

    return emit


def _together(op: str) -> Callable[..., str]:
    def emit(layer: Layer, inputs: tuple[TensorType, ...], graph: Builder, *tensors: str) -> str:
        return graph.add(op, *tensors)

    return emit


for _layer, _op in OPERATORS.items():
    row(_layer)(_chain(_op))
for _layer, _op in TOGETHER.items():
    row(_layer)(_together(_op))


@row(merge.Concat)
def concat(
    layer: merge.Concat, inputs: tuple[TensorType, ...], graph: Builder, *tensors: str
) -> str:
    return graph.add("Concat", *tensors, axis=dim(layer.axis, inputs[0].rank))


@row(merge.Dot)
def dot(
    layer: merge.Dot, inputs: tuple[TensorType, ...], graph: Builder, first: str, second: str
) -> str:
    axes = graph.integers([channel_dim(inputs[0].rank)])
    return graph.add("ReduceSum", graph.add("Mul", first, second), axes, keepdims=1)
