"""The functions on numbers and lists that the language brings.

`round` rounds half to even, as IEEE 754 and Python do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from netdsl.tensor import Size

LONGEST = 1_000_000


class BadValue(Exception):
    """A builtin was given what it cannot take: the message says what."""


def _numbers(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    items = values[0] if len(values) == 1 and isinstance(values[0], tuple) else values
    if not items:
        raise BadValue(f"{name} of nothing")
    for item in items:
        _number(name, item)
    return tuple(items)


def _number(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Size):
        raise BadValue(f"{name} takes numbers")
    return value


def _list(name: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise BadValue(f"{name} takes a list")
    return value


def _min(*values: Any) -> Any:
    """The smallest of some numbers, or of a list of them."""
    return min(_numbers("min", values))


def _max(*values: Any) -> Any:
    """The largest of some numbers, or of a list of them."""
    return max(_numbers("max", values))


def _abs(value: Any) -> Any:
    """A number without its sign."""
    return abs(_number("abs", value))


def _floor(value: Any) -> Any:
    """The largest whole number that is not above a number."""
    return math.floor(_number("floor", value))


def _ceil(value: Any) -> Any:
    """The smallest whole number that is not below a number."""
    return math.ceil(_number("ceil", value))


def _round(value: Any, digits: int = 0) -> Any:
    """The nearest whole number, of two the even one; or the nearest with so many digits."""
    number = round(_number("round", value), digits)
    return int(number) if digits == 0 and not isinstance(number, Size) else number


def _sqrt(value: Any) -> Any:
    """The square root of a number."""
    if _number("sqrt", value) < 0:
        raise BadValue("sqrt of a number below 0")
    return math.sqrt(value)


def _log(value: Any, base: float = math.e) -> Any:
    """The logarithm of a number: the natural one, or to a base."""
    if _number("log", value) <= 0 or _number("log", base) <= 0 or base == 1:
        raise BadValue("log takes numbers above 0, and a base that is not 1")
    return math.log(value, base)


def _range(*bounds: Any) -> tuple[int, ...]:
    """Whole numbers below a stop, from 0 or a start, in steps of 1 or more: `range(1, 9, 2)`."""
    for bound in bounds:
        if isinstance(bound, bool) or not isinstance(bound, int):
            raise BadValue("range takes whole numbers")
    if not 1 <= len(bounds) <= 3 or bounds[2:] == (0,):
        raise BadValue("range takes a stop, or a start, a stop and a step that is not 0")
    numbers = range(*bounds)
    # len() of a range beyond the machine's word is an error of its own.
    if abs(numbers.stop - numbers.start) // abs(numbers.step) > LONGEST:
        raise BadValue(f"a list of more than {LONGEST:,} numbers")
    return tuple(numbers)


def _enumerate(values: Any, start: int = 0) -> tuple[Any, ...]:
    """The items of a list, each with its number from 0 or a start."""
    return tuple(enumerate(_list("enumerate", values), start))


def _reversed(values: Any) -> tuple[Any, ...]:
    """A list from its end to its start."""
    return tuple(reversed(_list("reversed", values)))


def _zip(*lists: Any) -> tuple[Any, ...]:
    """The first items of some lists, the second ones, and so on; the lists are of equal length."""
    lengths = {len(_list("zip", values)) for values in lists}
    if len(lengths) > 1:
        raise BadValue("zip takes lists of equal length")
    return tuple(zip(*lists, strict=True))


def _len(value: Any) -> int:
    """How many items a list has, or characters a string."""
    if not isinstance(value, tuple | str):
        raise BadValue("len takes a list or a string")
    return len(value)


def _sum(values: Any) -> Any:
    """The sum of a list of numbers."""
    total: Any = 0
    for value in _list("sum", values):
        total = total + _number("sum", value)
    return total


BUILTINS: dict[str, Callable[..., Any]] = {
    "min": _min,
    "max": _max,
    "abs": _abs,
    "floor": _floor,
    "ceil": _ceil,
    "round": _round,
    "sqrt": _sqrt,
    "log": _log,
    "range": _range,
    "enumerate": _enumerate,
    "reversed": _reversed,
    "zip": _zip,
    "len": _len,
    "sum": _sum,
}
