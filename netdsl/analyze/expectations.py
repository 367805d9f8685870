"""The numbers that a spec promises with `expect`, held against what was found.

A whole number must be met exactly, a number with a point or an exponent to the digits that are
written: 3.86e9 promises three. A promise that is missed is an error at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from netdsl.analyze.cost import Cost
from netdsl.catalog.arguments import show
from netdsl.diagnostics import Diagnostic, Help, Label
from netdsl.elaborate.suggest import did_you_mean
from netdsl.graph import Expectation, Graph
from netdsl.record import Record
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import Dim

Figure: TypeAlias = "Dim | tuple[Dim, ...]"

# What can be promised, and where it is found.
_FIGURES: dict[str, Callable[[Graph, Cost], Figure]] = {
    "params": lambda graph, cost: cost.weights,
    "total": lambda graph, cost: cost.total,
    "macs": lambda graph, cost: cost.macs,
    "output": lambda graph, cost: graph.types[graph.result].shape,
}
_WORDS = {
    "params": "weights",
    "total": "numbers, weights and state",
    "macs": "multiply-adds",
    "output": "as the shape of the output",
}
_DECIMAL = re.compile(r"=\s*([\d_]*)(?:\.([\d_]*))?(?:[eE][+-]?\d+)?\s*$")


class Promise(Record):
    """A promise beside what was found."""

    expectation: Expectation
    found: Figure
    met: bool


class Promises(Record):
    """The promises of a net that could be looked at, and what is to be told of them."""

    kept_or_missed: tuple[Promise, ...]
    diagnostics: tuple[Diagnostic, ...]


def promises(
    expectations: Iterable[Expectation], graph: Graph, cost: Cost, changed: bool = False
) -> Promises:
    """Holds the promises of a net against its figures.

    Where its arguments were `changed` from outside, they do not count: then a note says so.
    """
    found: list[Promise] = []
    skipped: list[Expectation] = []
    told: list[Diagnostic] = []
    for expectation in expectations:
        figure = _FIGURES.get(expectation.name)
        if figure is None:
            told.append(_unknown(expectation))
        elif changed:
            skipped.append(expectation)
        else:
            promise = _held(expectation, figure(graph, cost))
            found.append(promise)
            if not promise.met:
                told.append(_missed(promise))
    if skipped:
        told.append(_skipped(skipped))
    return Promises(tuple(found), tuple(told))


def _held(expectation: Expectation, found: Figure) -> Promise:
    expected = expectation.value
    if isinstance(found, tuple):
        shape = expected if isinstance(expected, tuple) else (expected,)
        return Promise(expectation, found, shape == found)
    if isinstance(expected, float):
        digits = _digits(expectation)
        met = isinstance(found, int) and _rounded(found, digits) == _rounded(expected, digits)
        return Promise(expectation, found, met)
    return Promise(expectation, found, expected == found)


def _digits(expectation: Expectation) -> int:
    """How many digits of a float are promised: those written, or those of a computed value."""
    written = _DECIMAL.search(expectation.span.text)
    if written is None:
        mantissa = repr(expectation.value).partition("e")[0].rstrip("0")
    else:
        mantissa = written[1] + (written[2] or "")
    digits = re.sub(r"[^\d]", "", mantissa).lstrip("0")
    return max(len(digits), 1)


def _rounded(number: float, digits: int) -> str:
    return f"{number:.{digits - 1}e}"


def promised(expectation: Expectation) -> str:
    """The figure that is promised: a float with the digits that are written."""
    written = _DECIMAL.search(expectation.span.text)
    if isinstance(expectation.value, float) and written is not None:
        return written[0].lstrip("= ").rstrip()
    return shown(expectation.value)


def shown(figure: object) -> str:
    """A figure as a person reads it: 138,357,544, or 7 x 7 x 512."""
    if isinstance(figure, tuple):
        return " x ".join(map(shown, figure)) or "a single number"
    if isinstance(figure, float):
        return f"{figure:g}"
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


def _missed(promise: Promise) -> Diagnostic:
    expectation = promise.expectation
    expected, found = promised(expectation), shown(promise.found)
    return Diagnostic(
        "expect-missed",
        f"{expectation.name} should be {expected}, but is {found}",
        Label(expectation.span, f"there are {found} {_WORDS[expectation.name]}")
        if expectation.name != "output"
        else Label(expectation.span, f"the output is {found}"),
        help=_as_found(promise),
    )


def _as_found(promise: Promise) -> tuple[Help, ...]:
    """The figure that was found in place of the one that is promised."""
    place = promise.expectation.span
    name, equals, _ = place.text.partition("=")
    found = promise.found
    if not equals or not isinstance(found, int | float | tuple):
        return ()
    number = f"{found:_}" if isinstance(found, int) else show(found)
    start = place.start + len(name) + len(equals)
    value = Span(place.source, start, place.end)
    return (Help("the figure that was found", value, f" {number}"),)


def _unknown(expectation: Expectation) -> Diagnostic:
    place = expectation.span
    name = tree.Name(
        Span(place.source, place.start, place.start + len(expectation.name)), expectation.name
    )
    return Diagnostic(
        "expect-unknown",
        f"there is no figure called {expectation.name}",
        Label(name.span),
        help=did_you_mean(name, _FIGURES),
    )


def _skipped(expectations: list[Expectation]) -> Diagnostic:
    names = ", ".join(dict.fromkeys(expectation.name for expectation in expectations))
    return Diagnostic(
        "expect-skipped",
        f"what is promised of {names} is not checked, because arguments or sizes were set",
        Label(expectations[0].span, "holds for the net as written"),
        severity="note",
    )
