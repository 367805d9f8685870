"""The backends that are compared, and what parity asks of each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType

from netdsl.diagnostics import UserError
from netdsl.record import Record
from netdsl.training.backends import BACKENDS, RUNTIMES, runtime


class Chosen(Record):
    """Backends by name, the first of which the others are held against.

    `missing` has a sentence for each that is left out because it is not installed.
    """

    names: tuple[str, ...]
    missing: tuple[str, ...] = ()


def chosen(names: Sequence[str]) -> Chosen:
    """Those that are named, else all that are installed; `UserError` for fewer than two.

    Keras is taken on its default engine unless another is named.
    """
    found, missing = [], []
    usual = [name for name in RUNTIMES if ":" not in name]
    for name in dict.fromkeys(names or usual):
        try:
            runtime(name)
        except UserError as error:
            if names:
                raise
            missing.append(f"{name} is left out: {error}")
        else:
            found.append(name)
    if len(found) < 2:
        alone = f"parity needs two backends, not {' or '.join(found) or 'none'} alone"
        raise UserError("; ".join([alone, *missing]))
    return Chosen(tuple(found), tuple(missing))


def trains(name: str) -> bool:
    """Whether a backend can take a step; others have a forward pass alone."""
    return name in BACKENDS


def in_double(name: str) -> AbstractContextManager[None]:
    """A block in which a backend that trains builds and computes in double precision."""
    block: AbstractContextManager[None] = _precision(name).double()
    return block


def has_doubles(name: str) -> bool:
    """Whether that block gives double precision; else its numbers are in single precision."""
    known: bool = _precision(name).DOUBLES
    return known


def _precision(name: str) -> ModuleType:
    return import_module(f"netdsl.backends.{name.partition(':')[0]}.precision")
