"""Keras' rows of merging."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.keras.layout import dim
from netdsl.backends.keras.rows import Emission, function, row
from netdsl.catalog.base import Layer
from netdsl.catalog.layers import merge
from netdsl.tensor import TensorType

# What lies between two tensors.
OPERATORS: dict[type[Layer], str] = {merge.Add: "+", merge.Sub: "-", merge.Mul: "*", merge.Div: "/"}
# Functions of two tensors, nested for more.
PAIRWISE: dict[type[Layer], str] = {merge.Maximum: "maximum", merge.Minimum: "minimum"}


def _chain(operator: str, count: int) -> str:
    return f" {operator} ".join(f"{{{index}}}" for index in range(count))


def _operator(sign: str) -> Callable[[Layer, tuple[TensorType, ...]], Emission]:
    return lambda layer, inputs: function(_chain(sign, len(inputs)))


def _pairwise(name: str) -> Callable[[Layer, tuple[TensorType, ...]], Emission]:
    def emit(layer: Layer, inputs: tuple[TensorType, ...]) -> Emission:
        text = "{0}"
        for index in range(1, len(inputs)):
            text = f"ops.{name}({text}, {{{index}}})"
        return function(text)

    return emit


for _layer, _sign in OPERATORS.items():
    row(_layer)(_operator(_sign))
for _layer, _name in PAIRWISE.items():
    row(_layer)(_pairwise(_name))


@row(merge.Mean)
def mean(layer: merge.Mean, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"({_chain('+', len(inputs))}) / {len(inputs)}")


@row(merge.Concat)
def concat(layer: merge.Concat, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"ops.concatenate([{{inputs}}], axis={dim(layer.axis, inputs[0].rank)})")


@row(merge.Dot)
def dot(layer: merge.Dot, inputs: tuple[TensorType, ...]) -> Emission:
    return function("ops.sum({0} * {1}, axis=-1, keepdims=True)")
