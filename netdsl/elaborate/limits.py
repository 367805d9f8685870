"""Bounds that make any spec end within seconds; the command line can raise them."""

from __future__ import annotations

from typing import Any

from netdsl.elaborate.report import Mistake
from netdsl.record import Record
from netdsl.source import Span


class Limits(Record):
    """What one elaboration may use. `layers` are counted as elaborated, `rounds` as repeated."""

    steps: int = 2_000_000
    layers: int = 200_000
    rounds: int = 10_000_000
    depth: int = 100
    digits: int = 20
    length: int = 1_000_000
    imports: int = 100


class Meter:
    """What has been used so far."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.steps = 0
        self.layers = 0
        self.depth = 0
        self.largest = 10**limits.digits
        # Lists that hold lists, by identity, with how many items are in them in all.
        self._lists: dict[int, tuple[tuple[Any, ...], int]] = {}

    def step(self, span: Span) -> None:
        """One more expression is evaluated."""
        self.steps += 1
        if self.steps > self.limits.steps:
            raise self.exceeded("steps", f"more than {self.limits.steps:,} steps", span)

    def size(self, value: object) -> int:
        """How many items a list has in all, those of lists inside it too; 1 for anything else."""
        if isinstance(value, str):
            return len(value)
        if not isinstance(value, tuple):
            return 1
        known = self._lists.get(id(value))
        if known is not None:
            return known[1]
        inner = [item for item in value if isinstance(item, tuple)]
        if not inner:
            return len(value)
        size = len(value) + sum(map(self.size, inner))
        self._lists[id(value)] = (value, size)
        return size

    def work(self, value: object, span: Span) -> None:
        """A whole list or string is gone through at once."""
        self.steps += self.size(value) // 16
        self.step(span)

    def carried(self, count: int, span: Span) -> None:
        """So many values are carried into a block: told apart, moved there and kept."""
        self.steps += 4 * count
        self.step(span)

    def made(self, value: tuple[Any, ...], span: Span) -> tuple[Any, ...]:
        """A list was made: what it holds is bounded, however often it holds the same list."""
        if self.size(value) > self.limits.length:
            raise self.exceeded("length", f"a list of more than {self.limits.length:,} items", span)
        self.steps += len(value) // 16
        return value

    def layer(self, span: Span) -> None:
        """One more layer is made."""
        self.layers += 1
        if self.layers > self.limits.layers:
            raise self.exceeded("layers", f"more than {self.limits.layers:,} layers", span)

    def number(self, value: object, span: Span) -> None:
        """A number was computed."""
        if isinstance(value, int | float) and not -self.largest <= value <= self.largest:
            if value != value or value in (float("inf"), float("-inf")):
                raise Mistake("number-too-large", "this is not a finite number", span)
            raise self.exceeded("digits", f"a number beyond {self.limits.digits} digits", span)

    def exceeded(self, name: str, what: str, span: Span) -> Mistake:
        """The mistake of a bound that is broken."""
        return Exceeded(
            "limit",
            f"{what}, where the bound is reached",
            span,
            help=f"a larger bound is set with --limit {name}=…",
        )


class Exceeded(Mistake):
    """A bound is broken: nothing more is elaborated."""
