"""Arithmetic with tensors: `h * t + it * (1 - t)` stands for layers of the catalogue."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.base import Layer
from netdsl.elaborate import steps
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.values import Tensor
from netdsl.elaborate.words import entry_named
from netdsl.source import Span
from netdsl.syntax import tree

OPERATORS = ("+", "-", "*", "/", "**")
_MERGES = {"+": "add", "-": "sub", "*": "mul", "/": "div"}


def arithmetic(frame: Frame, expression: tree.Binary, left: Any, right: Any) -> Tensor:
    """`a + b`, `h * t`, `2 * x`: an operand that is a layer is applied to the flow."""
    span = expression.span
    numbers = [value for value in (left, right) if _is_number(value)]
    if not numbers:
        if expression.operator not in _MERGES:
            raise Mistake("type", f"{expression.operator} takes no two tensors", span)
        sides = (left, expression.left.span), (right, expression.right.span)
        operands_ = tuple(_applied(frame, value, place) for value, place in sides)
        merge = _entry(_MERGES[expression.operator])()
        places = [place for _, place in sides]
        return steps.add_layer(frame, merge, operands_, {}, span, None, None, places)
    on_left = _is_number(left)
    tensor = _applied(frame, right if on_left else left, span)
    number = float(numbers[0]) if isinstance(numbers[0], float) else numbers[0]
    return _with_number(frame, expression, tensor, number, on_left)


def _with_number(
    frame: Frame, expression: tree.Binary, tensor: Tensor, number: Any, on_left: bool
) -> Tensor:
    span = expression.span
    match expression.operator:
        case "+":
            factor, offset = 1, number
        case "-":
            factor, offset = (-1, number) if on_left else (1, -number)
        case "*":
            factor, offset = number, 0
        case "/" if not on_left:
            if number == 0:
                raise Mistake("arithmetic", "division by zero", expression.right.span)
            factor, offset = 1 / number, 0
        case "**" if not on_left and isinstance(number, int) and 1 <= number <= 4:
            return tensor if number == 1 else _made(frame, "mul", (tensor,) * number, span)
        case _:
            raise Mistake(
                "type", f"{expression.operator} does not take a number and a tensor so", span
            )
    return _made(frame, "rescale", (tensor,), span, factor=factor, offset=offset)


def negative(frame: Frame, expression: tree.Unary, value: Any) -> Tensor:
    """`-x` of a tensor."""
    tensor = _applied(frame, value, expression.operand.span)
    return _made(frame, "rescale", (tensor,), expression.span, factor=-1, offset=0)


def _applied(frame: Frame, value: Any, span: Span) -> Tensor:
    if isinstance(value, tuple):
        raise Mistake("type", "arithmetic takes one tensor, not a list", span)
    before = frame.flow
    try:
        return steps.apply(frame, value, span)
    finally:
        frame.flow = before


def _made(frame: Frame, word: str, inputs: tuple[Tensor, ...], span: Span, **values: Any) -> Tensor:
    """A node of the catalogue that arithmetic stands for."""
    layer = _entry(word)(**values)
    if not layer.takes_flow:
        return steps.add_layer(frame, layer, inputs, {}, span, None, None)
    before = frame.flow
    frame.flow = inputs[0]
    try:
        return steps.add_layer(frame, layer, inputs[1:], {}, span, None, None)
    finally:
        frame.flow = before


def _entry(word: str) -> type[Layer]:
    entry = entry_named("layer", word)
    assert entry is not None and issubclass(entry, Layer)
    return entry


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
