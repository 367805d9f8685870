"""Small searches for an expression over parameters, where no other explains a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations as pairs
from typing import Any, Protocol

from netdsl.backends.emission.expression import Constant, Expression, Key, Operation, Symbol

_MOST_ATOMS = 12
_MOST_FACTOR = 64
INDEX = ("index", 0)


class _Point(Protocol):
    @property
    def graph(self) -> Any: ...
    @property
    def round(self) -> int: ...
    @property
    def value(self) -> Any: ...


def combinations(
    atoms: Sequence[Key], wanted: int, known: Callable[[Key], int]
) -> Iterator[Expression]:
    """A parameter, its multiples and parts, sums of two: those that fit at one point."""
    found = [Symbol(key) for key in atoms[:_MOST_ATOMS]]
    values = [known(key) for key in atoms[:_MOST_ATOMS]]
    for symbol, value in zip(found, values, strict=True):
        if value == wanted:
            yield symbol
    for symbol, value in zip(found, values, strict=True):
        yield from _scaled(symbol, value, wanted)
    for (left, a), (right, b) in pairs(list(zip(found, values, strict=True)), 2):
        if a + b == wanted:
            yield Operation("+", (left, right))
        if a * b == wanted:
            yield Operation("*", (left, right))
        if a - b == wanted:
            yield Operation("-", (left, right))


def _scaled(symbol: Symbol, value: int, wanted: int) -> Iterator[Expression]:
    if value > 0 and wanted > value and wanted % value == 0 and wanted // value <= _MOST_FACTOR:
        yield Operation("*", (Constant(wanted // value), symbol))
    if 0 < wanted < value:
        # 3 // 2 and 3 // 3 are both 1: a kernel's half is known by the other kernels.
        most, least = value // wanted, value // (wanted + 1) + 1
        for part in [most, *range(least, most)]:
            if part <= _MOST_FACTOR:
                yield Operation("//", (symbol, Constant(part)))
    if 0 < abs(wanted - value) <= 2:
        sign = "+" if wanted > value else "-"
        yield Operation(sign, (symbol, Constant(abs(wanted - value))))


def affine(
    atoms: Sequence[Key],
    points: Sequence[_Point],
    at: Callable[[Any], Callable[[Key], int]],
) -> Iterator[Expression]:
    """What grows evenly with the round: a constant or a parameter more for each."""
    first, second = points[0], points[1]
    step = second.value - first.value
    index: Expression = Symbol(INDEX)
    base = first.value - step * first.round
    grown = index if step == 1 else Operation("*", (Constant(step), index))
    yield _plus(base, grown)
    known = at(first)
    since: Expression = index
    if first.round:
        since = Operation("-", (index, Constant(first.round)))
    slopes = [Constant(step), *(Symbol(key) for key in atoms if known(key) == step)]
    starts = [
        Constant(first.value),
        *(Symbol(key) for key in atoms if known(key) == first.value),
    ]
    for start in starts:
        for slope in slopes:
            yield Operation("+", (start, Operation("*", (slope, since))))


def _plus(base: int, grown: Expression) -> Expression:
    if base == 0:
        return grown
    if base < 0:
        return Operation("-", (grown, Constant(-base)))
    return Operation("+", (Constant(base), grown))
