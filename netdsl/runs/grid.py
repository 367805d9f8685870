"""The points of a sweep: every combination of the values that `--set` lists, or some of them.

`16, 32` is two values, of the language's expressions, and `[a, b]` too where the spec does not take
a list there: `optimizer=[sgd(lr=0.1), adam]` is two optimizers, `split=[0.8, 0.1, 0.1]` one split,
and `split=[0.7, 0.1, 0.2], [0.8, 0.1, 0.1]` two.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from netdsl.diagnostics import UserError
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parse import parse

MOST_POINTS = 10_000

# Whether the spec takes these overrides, by name.
Accepts: TypeAlias = Callable[[Mapping[str, str]], bool]


def values(given: Mapping[str, str], accepts: Accepts) -> dict[str, tuple[str, ...]]:
    """The values that each override lists, as texts; raises `UserError` for what is no value."""
    written = {name: _elements(name, text) for name, text in given.items()}
    fixed = {
        name: given[name]
        for name, found in written.items()
        if len(found) == 1 and _inside(found[0]) is None
    }
    listed: dict[str, tuple[str, ...]] = {}
    for name, found in written.items():
        inside = _inside(found[0]) if len(found) == 1 else None
        if inside is not None and not accepts({**fixed, name: given[name]}):
            found = inside
        listed[name] = tuple(expression.span.text for expression in found)
    return listed


def points(
    values: Mapping[str, Sequence[str]], number: int | None = None, seed: int = 0
) -> list[dict[str, str]]:
    """Every combination, the last name changing first; or `number` of them, drawn by a seed.

    Raises `UserError` where there would be too many.
    """
    size = math.prod(len(found) for found in values.values())
    chosen: Sequence[int] = range(size)
    if number is not None and number < size:
        chosen = random.Random(seed).sample(chosen, number)
    if len(chosen) > MOST_POINTS:
        raise UserError(
            f"the grid has {size:,} points, more than {MOST_POINTS:,}; --random N draws some"
        )
    return [dict(_point(values, index)) for index in chosen]


def _point(values: Mapping[str, Sequence[str]], index: int) -> Iterator[tuple[str, str]]:
    found = []
    for name in reversed(list(values)):
        index, at = divmod(index, len(values[name]))
        found.append((name, values[name][at]))
    yield from reversed(found)


def _elements(name: str, text: str) -> Sequence[tree.Expression]:
    """The expressions that stand between commas which are in no brackets."""
    source = Source(f"--set {name}", f"let values = [{text}]")
    file, diagnostics = parse(source)
    item = file.items[0] if len(file.items) == 1 else None
    found = _inside(item.value) if isinstance(item, tree.Let) else None
    if diagnostics or not found:
        raise UserError(f"--set {name}={text} is not a value of the language, nor a list of some")
    return found


def _inside(expression: tree.Expression) -> Sequence[tree.Expression] | None:
    """What a list of expressions holds; None for anything else, an empty list included."""
    if not isinstance(expression, tree.Display) or expression.brackets != "[]":
        return None
    return expression.items or None
