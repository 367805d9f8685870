"""Conditions of choices, and the headers of loops and choices: `for …:`, `if …:`, `else:`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netdsl.backends.emission.explain import Explainer, Point
from netdsl.backends.emission.expression import (
    Constant,
    Expression,
    Operation,
    Unevaluable,
    evaluate,
    symbols,
    writable,
)
from netdsl.backends.emission.indices import INDICES
from netdsl.backends.emission.plan import Choice, Loop, Use, Value
from netdsl.graph import Graph
from netdsl.syntax import tree

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

Conditions = Sequence[tuple[int, Expression]]


def loop_header(
    explainer: Explainer, loop: Loop, depth: int, write: Callable[[Expression], str]
) -> str:
    """The `for` of a loop that many loops deep; `write` writes the number where it stops."""
    count = explainer.count(loop)
    stop = _sum(count, loop.start) if loop.start else count
    start = f"{loop.start}, " if loop.start else ""
    return f"for {INDICES[depth]} in range({start}{write(stop)}):"


def headers(
    conditions: Conditions,
    arms: Sequence[int],
    test: Callable[[int], str],
    only: Callable[[int], str],
    passing: bool,
) -> list[tuple[str, int | None]]:
    """Headers (`if …:`, `else:`) and the arm that each leads into.

    `arms` are those with something in them; with `passing` also all other ways need one, whose arm
    is None. `test` writes the condition of an arm, `only` that one with those before it denied.
    """
    last = len(conditions) - 1
    if not arms and not passing:
        return []
    if not passing and len(arms) == 1:
        return [(f"if {only(arms[0])}:", arms[0])]
    found: list[tuple[str, int | None]] = []
    furthest = last if passing else max(arms)
    for arm, _ in conditions[: furthest + 1]:
        word = "if" if arm == 0 else "elif"
        where = arm if arm in arms else None
        if arm == last:
            found.append(("else:", where))
        else:
            found.append((f"{word} {test(arm)}:", where))
    return found


def opposite(condition: Expression) -> Expression | None:
    """The comparison that is true where another is not; None for what is no comparison."""
    if isinstance(condition, Operation) and condition.operator in _OPPOSITE:
        return Operation(_OPPOSITE[condition.operator], condition.operands)
    return None


def conditions(explainer: Explainer, choice: Choice) -> list[tuple[int, Expression]] | None:
    """The arms of a choice with their conditions, if Python can say them; else None.

    The last arm of an `if` with `else` has the condition `True`.
    """
    found = [_condition(explainer, choice, arm.condition) for arm in choice.step.arms]
    if any(condition is None for condition in found):
        return None
    known = [condition for condition in found if condition is not None]
    for graph in explainer.found.plan.graphs:
        if not _decides(explainer, choice, known, graph):
            return None
    return [*enumerate(known), (len(known), Constant(True))]


def _condition(explainer: Explainer, choice: Choice, written: tree.Expression) -> Expression | None:
    for candidate in explainer.translated(written, _before(choice)):
        if candidate is not None:
            return candidate
    return None


def _before(choice: Choice) -> Value | None:
    """What flows into the arms of a choice: what their first steps take."""
    for items in choice.arms.values():
        if items and isinstance(items[0], Use) and items[0].inputs:
            return items[0].inputs[0]
    return None


def _decides(
    explainer: Explainer, choice: Choice, conditions: list[Expression], graph: Graph
) -> bool:
    """Whether the conditions lead a body into the arm that it took."""
    arm = len(conditions)
    for index, condition in enumerate(conditions):
        try:
            if not all(writable(explainer.known(key, graph)) for key in symbols(condition)):
                return False
            if evaluate(condition, explainer.at(Point(graph, 0, None))):
                arm = index
                break
        except (Unevaluable, KeyError):
            return False
    taken = choice.taken.get(graph)
    return arm == taken if taken is not None else arm not in choice.arms


def _sum(left: Expression, right: int) -> Expression:
    if isinstance(left, Constant):
        return Constant(left.value + right)
    return Operation("+", (left, Constant(right)))
