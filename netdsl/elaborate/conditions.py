"""Conditions on sizes known only at run time, in words that a user can check: `height % 32 == 0`.

Two sizes must be equal. Where they differ by what a floor division cuts off, that is a divisibility
of one unknown size; those that nest (`height // 2` must be even) are drawn together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm

from netdsl.graph import Condition
from netdsl.source import Span
from netdsl.tensor import Dim, Size


def conditions_of(
    pairs: Sequence[tuple[Dim, Dim]], spans: Mapping[int, Span]
) -> tuple[Condition, ...]:
    """The conditions that pairs of sizes stand for; `spans` says by index where they were met."""
    divisors: dict[str, int] = {}
    places: dict[str, Span] = {}
    open_pairs = list(enumerate(pairs))
    progress = True
    while progress:
        progress = False
        for entry in list(open_pairs):
            index, (first, second) = entry
            found = _divisibility(first - second, divisors)
            if found is None:
                continue
            open_pairs.remove(entry)
            progress = True
            name, divisor = found
            if divisor > 1:
                divisors[name] = lcm(divisors.get(name, 1), divisor)
                places.setdefault(name, spans[index])
    texts = [Condition(f"{name} % {by} == 0", places[name]) for name, by in divisors.items()]
    texts += [Condition(f"{a} == {b}", spans[i]) for i, (a, b) in open_pairs]
    return tuple(texts)


def _divisibility(difference: Dim, known: Mapping[str, int]) -> tuple[str, int] | None:
    """The unknown size and what must divide it for the difference to be 0, as far as is known."""
    if not isinstance(difference, Size):
        return ("", 1) if difference == 0 else None
    unknowns = difference.unknowns()
    if len(unknowns) != 1:
        return None
    (name,) = unknowns
    exact = difference.exact(known)
    if exact == 0:
        return name, 1
    for divisor in range(2, 4097):
        trial = lcm(known.get(name, 1), divisor)
        if difference.exact({**known, name: trial}) == 0:
            return name, trial
    return None
