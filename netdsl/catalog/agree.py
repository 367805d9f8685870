"""Sizes that must be equal.

Where both are known, a difference is an error. Where one is known only at run time, it is a
condition for the net to work, which is collected for the one who elaborates to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from netdsl.catalog.arguments import Rejection
from netdsl.tensor import Dim, Size

conditions: ContextVar[list[tuple[Dim, Dim]] | None] = ContextVar("conditions", default=None)


@contextmanager
def collecting() -> Iterator[list[tuple[Dim, Dim]]]:
    """Collects the pairs of sizes that must be equal at run time, in the order of being met."""
    found: list[tuple[Dim, Dim]] = []
    token = conditions.set(found)
    try:
        yield found
    finally:
        conditions.reset(token)


def agree(first: Dim, second: Dim) -> Dim:
    """The common size of two that must be equal, a known one rather than an unknown one.

    Raises a `Rejection`, which blames nothing, where they differ by a known number. Where only
    the run can tell, the pair is a condition.
    """
    if first == second:
        return first
    if not isinstance(first - second, Size):
        raise Rejection(f"{first} and {second} differ")
    found = conditions.get()
    if found is not None and (first, second) not in found:
        found.append((first, second))
    return second if isinstance(second, int) else first
