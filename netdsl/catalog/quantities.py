"""Arguments that are numbers: counts, sizes, padding, shapes, positions and axes.

Wherever a whole number is asked for, a float that is whole is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from netdsl.catalog.arguments import Argument, Rejection, Symbol, Way
from netdsl.record import REQUIRED
from netdsl.tensor import Size


def _whole(value: Any) -> int | None:
    """A whole number, or a float that is whole; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


class _AtLeast(Argument):
    """Base of whole numbers of at least `minimum`; a refused float comes with what would fit."""

    __slots__ = ("minimum",)

    def __init__(
        self, doc: str, default: object = REQUIRED, keyword: bool = False, minimum: int = 1
    ) -> None:
        super().__init__(doc, default, keyword)
        self.minimum = minimum

    def known(self, value: object) -> None:
        """Refuses a size that is known only at run time."""
        if isinstance(value, Size):
            raise Rejection(
                f"{self.name} must be known, but {value} is known only at run time", self.name
            )

    def instead_of(self, value: object) -> str | Way:
        if isinstance(value, float) and isfinite(value) and round(value) >= self.minimum:
            text = f"round({value:g}) is {round(value)}"
            return Way(text, argument=self.name, value="round({})")
        if isinstance(value, int) and not isinstance(value, bool) and value < self.minimum:
            return Way(f"{self.minimum} is the least", "", self.name, str(self.minimum))
        return super().instead_of(value)


class Whole(_AtLeast):
    """A whole number of at least `minimum`."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        self.known(value)
        number = _whole(value)
        if number is None or number < self.minimum:
            raise self.refuse(value)
        return number

    @property
    def sample(self) -> str:
        return str(max(8, self.minimum))

    @property
    def expects(self) -> str:
        return f"a whole number of at least {self.minimum}"


class Number(Argument):
    """A number within bounds: `below` and `above` exclude theirs, the others include it."""

    __slots__ = ("above", "below", "maximum", "minimum")

    def __init__(
        self,
        doc: str,
        default: object = REQUIRED,
        keyword: bool = False,
        minimum: float | None = None,
        below: float | None = None,
        maximum: float | None = None,
        above: float | None = None,
    ) -> None:
        super().__init__(doc, default, keyword)
        self.minimum = minimum
        self.below = below
        self.maximum = maximum
        self.above = above

    def normal(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(value)
        if self.minimum is not None and value < self.minimum:
            raise self.refuse(value)
        if self.below is not None and value >= self.below:
            raise self.refuse(value)
        if self.maximum is not None and value > self.maximum:
            raise self.refuse(value)
        if self.above is not None and value <= self.above:
            raise self.refuse(value)
        return value

    def instead_of(self, value: object) -> str | Way:
        if self.below == 1 and isinstance(value, int | float) and 1 < value < 100:
            share = f"{value / 100:g}"
            return Way(f"{value:g} of a hundred is {share}", argument=self.name, value=share)
        return super().instead_of(value)

    @property
    def sample(self) -> str:
        return "0.1"

    @property
    def expects(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f"a number from {self.minimum:g} to {self.maximum:g}"
        bounds = (("of at least", self.minimum), ("above", self.above), ("below", self.below))
        told = [f"{words} {bound:g}" for words, bound in bounds if bound is not None]
        return f"a number {' and '.join(told)}".rstrip()


class Sizes(_AtLeast):
    """One whole number for all axes, or a tuple with one for each."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        self.known(value)
        entries = value if isinstance(value, tuple) else (value,)
        numbers = [_whole(entry) for entry in entries]
        if not numbers or any(n is None or n < self.minimum for n in numbers):
            raise self.refuse(value)
        return tuple(numbers) if isinstance(value, tuple) else numbers[0]

    @property
    def sample(self) -> str:
        return str(max(3, self.minimum))

    @property
    def expects(self) -> str:
        return f"a whole number of at least {self.minimum}, or a tuple with one for each axis"


class Amounts(Argument):
    """What is added or cut at each axis: a number, or a tuple with a number or a pair for each.

    A pair is (before, after).
    """

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._entry(value, entry) for entry in value)
        return self._entry(value, value)

    def _entry(self, value: object, entry: Any) -> Any:
        if isinstance(entry, tuple):
            pair = tuple(_whole(item) for item in entry)
            if len(pair) != 2 or any(item is None or item < 0 for item in pair):
                raise self.refuse(value)
            return pair
        number = _whole(entry)
        if number is None or number < 0:
            raise self.refuse(value)
        return number

    @property
    def expects(self) -> str:
        return "a number, or a tuple with a number or a pair for each axis"


class Padding(Amounts):
    """`valid`, `same`, a number, or a tuple with a number or a pair for each axis.

    The value is `0` for `valid`, the string `"same"`, an int, or a tuple of ints and pairs.
    """

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        name = value.name if isinstance(value, Symbol) else value
        if name == "valid":
            return 0
        if name == "same":
            return "same"
        return super().normal(value)

    @property
    def expects(self) -> str:
        return "a number, same, valid, or a tuple with a number or a pair for each axis"

    def instead_of(self, value: object) -> str | Way:
        if isinstance(value, int) and value < 0:
            return Way("0 pads nothing; crop cuts", argument=self.name, value="0")
        return super().instead_of(value)

    @property
    def symbols(self) -> tuple[str, ...]:
        return ("same", "valid")


class Numbers(Argument):
    """A number, or a (nested) list of numbers of one shape."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if isinstance(value, tuple) and value:
            items = tuple(self.normal(item) for item in value)
            shapes = {len(item) if isinstance(item, tuple) else -1 for item in items}
            if len(shapes) == 1:
                return items
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        raise self.refuse(value)

    @property
    def expects(self) -> str:
        return "a number or a list of numbers"


class Dimensions(_AtLeast):
    """A shape: one size or a tuple of sizes; a size may be known only at run time."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        entries = value if isinstance(value, tuple) else (value,)
        sizes = tuple(entry if isinstance(entry, Size) else _whole(entry) for entry in entries)
        if any(size is None or (isinstance(size, int) and size < self.minimum) for size in sizes):
            raise self.refuse(value)
        return sizes

    @property
    def expects(self) -> str:
        return "a size or a tuple of sizes"


class Integer(Argument):
    """A whole number, which may be negative."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        number = _whole(value)
        if number is None:
            raise self.refuse(value)
        return number

    @property
    def expects(self) -> str:
        return "a whole number"


class Position(Integer):
    """A place along an axis, counted from 0 or, below 0, from the end; `Size`s are taken too."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        return value if isinstance(value, Size) else super().normal(value)


class Integers(Argument):
    """A whole number, which may be negative, or a tuple of them."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        entries = value if isinstance(value, tuple) else (value,)
        numbers = tuple(_whole(entry) for entry in entries)
        if not numbers or any(number is None for number in numbers):
            raise self.refuse(value)
        return numbers if isinstance(value, tuple) else numbers[0]

    @property
    def expects(self) -> str:
        return "a whole number or a tuple of them"


class Axes(Integers):
    """An axis, or a tuple of axes, counted from 0 without the batch, or from the end with -1."""

    __slots__ = ()

    @property
    def expects(self) -> str:
        return "an axis or a tuple of axes"


# As in arguments.py: to a type checker the default of any type.
whole: Callable[..., Any] = Whole
number: Callable[..., Any] = Number
sizes: Callable[..., Any] = Sizes
amounts: Callable[..., Any] = Amounts
padding: Callable[..., Any] = Padding
numbers: Callable[..., Any] = Numbers
dimensions: Callable[..., Any] = Dimensions
integer: Callable[..., Any] = Integer
position: Callable[..., Any] = Position
integers: Callable[..., Any] = Integers
axes: Callable[..., Any] = Axes
