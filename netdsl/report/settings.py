"""The settings of a run as a spec would write them, with what is a default marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netdsl.catalog.arguments import Entry, Text, show
from netdsl.catalog.losses import LossSum, LossTerm
from netdsl.catalog.metrics import MetricTerm
from netdsl.catalog.settings import Phase, Settings, Training
from netdsl.record import REQUIRED, Record

_SETTING = "train."


class Piece(Record):
    """A piece of a setting's text; `default` says that nobody wrote it."""

    text: str
    default: bool = False


class Row(Record):
    """A setting: its value in pieces, where that comes from, and what the setting is.

    `origin` is `default`, `spec` or `--set`.
    """

    name: str
    value: tuple[Piece, ...]
    origin: str
    doc: str


def rows(settings: Settings, overrides: Mapping[str, str]) -> list[Row]:
    """Every setting but the net that the method uses, in the order of the catalogue."""
    method = settings.method
    left_out = {"net", *method.unused, *method.given}
    return [
        Row(
            name,
            tuple(_pieces(getattr(settings, name))),
            _origin(settings, name, overrides),
            kind.doc,
        )
        for name, kind in Settings.arguments().items()
        if name not in left_out
    ]


def phases(training: Training) -> list[tuple[str, list[Row]]]:
    """The phases by name, each with the settings that are not those of the run."""
    return [
        (
            phase.name,
            [row for row in rows(phase.settings, {}) if _changes(training, phase, row.name)],
        )
        for phase in training.phases
        if phase.name
    ]


def _changes(training: Training, phase: Phase, name: str) -> bool:
    return bool(getattr(phase.settings, name) != getattr(training.settings, name))


def _origin(settings: Settings, name: str, overrides: Mapping[str, str]) -> str:
    if _SETTING + name in overrides:
        return "--set"
    default = Settings.arguments()[name].default
    return "default" if getattr(settings, name) == default else "spec"


def _pieces(value: Any) -> Iterator[Piece]:
    """A value as a spec would write it; arguments that have their default are pieces apart."""
    if isinstance(value, LossSum):
        for number, term in enumerate(value.terms):
            if number:
                yield Piece(" + ")
            yield from _term(term)
    elif isinstance(value, MetricTerm):
        yield from _call(value.metric, [place.text for place in value.places])
    elif isinstance(value, Entry):
        yield from _call(value)
    elif isinstance(value, tuple):
        yield Piece("[")
        for number, item in enumerate(value):
            if number:
                yield Piece(", ")
            yield from _pieces(item)
        yield Piece("]")
    elif isinstance(value, str):
        yield Piece(value)
    else:
        yield Piece(show(value))


def _term(term: LossTerm) -> Iterator[Piece]:
    """A term of a loss: its weight, unless that is 1, times the loss of what it is called with."""
    if term.weight != 1:
        yield Piece(f"{term.weight:g} * ")
    written = [place.text for place in term.places]
    yield from _call(term.loss, written or term.operands)


def _call(entry: Entry, operands: Sequence[str] = ()) -> Iterator[Piece]:
    """A call; the brackets of one whose arguments all have their defaults are theirs."""
    arguments = [([Piece(operand)], False) for operand in operands]
    for name, kind in entry.arguments().items():
        value = getattr(entry, name)
        default = kind.default is not REQUIRED and value == kind.default
        pieces = [Piece(show(value))] if isinstance(kind, Text) else list(_pieces(value))
        arguments.append(([Piece(f"{name}="), *pieces], default))
    yield Piece(entry.word)
    if not arguments:
        return
    every = all(default for _, default in arguments)
    yield Piece("(", every)
    for number, (pieces, default) in enumerate(arguments):
        if number:
            yield Piece(", ", default)
        yield from (Piece(piece.text, default or piece.default) for piece in pieces)
    yield Piece(")", every)
