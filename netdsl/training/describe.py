"""Settings as JSON: every value as a program can read it, defaults written out."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.arguments import Entry, Symbol
from netdsl.catalog.losses import LossSum, LossTerm
from netdsl.catalog.metrics import MetricTerm
from netdsl.record import Record


def describe(value: object) -> Any:
    """A value of a setting: entries as {"name": word, argument: value}, losses as their terms."""
    if isinstance(value, Entry):
        return {"name": value.word} | _fields(value)
    if isinstance(value, LossSum):
        return [_term(term) for term in value.terms]
    if isinstance(value, MetricTerm):
        return describe(value.metric) | {"operands": list(value.operands)}
    if isinstance(value, tuple):
        return [describe(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    assert isinstance(value, Symbol), value
    return value.name


def _fields(record: Record) -> dict[str, Any]:
    return {name: describe(getattr(record, name)) for name in type(record).fields}


def _term(term: LossTerm) -> dict[str, Any]:
    """What is said of a term, but where it is written."""
    return {
        "loss": describe(term.loss),
        "operands": list(term.operands),
        "weight": term.weight,
    }
