"""Arguments that are positions, axes and amounts take what they say and refuse the rest."""

from __future__ import annotations

from typing import Any

import pytest

from netdsl.catalog.arguments import Argument, Rejection
from netdsl.catalog.quantities import Amounts, Axes, Integer, Integers, Position
from netdsl.tensor import Size

LENGTH = Size.unknown("length")


def named(argument: Argument) -> Argument:
    argument.name = "given"
    return argument


TAKEN: list[tuple[Argument, Any, Any]] = [
    (Integer(""), -3, -3),
    (Integer(""), 2.0, 2),
    (Position(""), -1, -1),
    (Position(""), LENGTH, LENGTH),
    (Integers(""), (2, -1.0), (2, -1)),
    (Integers("", None), None, None),
    (Axes(""), -1, -1),
    (Amounts(""), 2, 2),
    (Amounts(""), ((1, 0), 3.0), ((1, 0), 3)),
    (Amounts("", None), None, None),
]

REFUSED: list[tuple[Argument, Any, str]] = [
    (Integer(""), 1.5, "given expects a whole number, not 1.5"),
    (Integer(""), True, "given expects a whole number, not true"),
    (Integer(""), LENGTH, "given expects a whole number, not length"),
    (Position(""), "end", 'given expects a whole number, not "end"'),
    (Integers(""), (), "given expects a whole number or a tuple of them, not ()"),
    (Integers(""), None, "given expects a whole number or a tuple of them, not none"),
    (Axes(""), (0, 0.5), "given expects an axis or a tuple of axes, not (0, 0.5)"),
    (Amounts(""), -1, "given expects a number, or a tuple with a number or a pair for each axis"),
    (Amounts(""), ((1, 2, 3),), "not ((1, 2, 3),)"),
    (Amounts(""), None, "not none"),
]


@pytest.mark.parametrize(("argument", "value", "normal"), TAKEN)
def test_taken(argument: Argument, value: Any, normal: Any) -> None:
    found = named(argument).accept(value)
    assert found == normal and type(found) is type(normal)


@pytest.mark.parametrize(("argument", "value", "message"), REFUSED)
def test_refused(argument: Argument, value: Any, message: str) -> None:
    with pytest.raises(Rejection) as caught:
        named(argument).accept(value)
    assert message in caught.value.message
    assert caught.value.argument == "given"
