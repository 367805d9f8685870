"""Rows of arithmetic between tensors: the same Python whatever the tensors are."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.rows import Emission, Row, function
from netdsl.catalog.base import Layer
from netdsl.catalog.layers import merge
from netdsl.tensor import TensorType

# What lies between two tensors.
_OPERATORS: dict[type[Layer], str] = {
    merge.Add: "+",
    merge.Sub: "-",
    merge.Mul: "*",
    merge.Div: "/",
}
# Functions of two tensors, nested for more.
_PAIRWISE: dict[type[Layer], str] = {merge.Maximum: "maximum", merge.Minimum: "minimum"}


def arithmetic_rows(row: Callable[[type[Layer]], Callable[[Row], Row]], module: str) -> None:
    """Registers the rows of sums, products, means and the like in a backend's table.

    `module` has the functions `maximum` and `minimum` of two tensors.
    """
    for layer, sign in _OPERATORS.items():
        row(layer)(_operator(sign))
    for layer, name in _PAIRWISE.items():
        row(layer)(_pairwise(f"{module}.{name}"))
    row(merge.Mean)(_mean)


def _operator(sign: str) -> Row:
    return lambda layer, inputs: function(_chain(sign, len(inputs)))


def _pairwise(name: str) -> Row:
    def emit(layer: Layer, inputs: tuple[TensorType, ...]) -> Emission:
        text = "{0}"
        for index in range(1, len(inputs)):
            text = f"{name}({text}, {{{index}}})"
        return function(text)

    return emit


def _mean(layer: Layer, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"({_chain('+', len(inputs))}) / {len(inputs)}")


def _chain(operator: str, count: int) -> str:
    return f" {operator} ".join(f"{{{index}}}" for index in range(count))
