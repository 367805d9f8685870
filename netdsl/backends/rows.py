"""Rows: what a backend constructs and calls for each layer, as pieces of Python.

A row is a function from a layer's record and the types of its inputs to an `Emission`. Rows speak
in values; the emitter finds the expression (a constructor's argument, `4 * width`) that reads
best for each value. Each backend has a table of them, one row for each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from netdsl.backends.table import Table
from netdsl.record import Record
from netdsl.tensor import TensorType


class Code(Record):
    """A piece of Python: a function or class with arguments, or a template over inputs.

    `text` is a template in which `{0}`, `{1}`, … are the tensors that flow in, `{inputs}` all of
    them with commas, `{module}` the constructed module, and `{name}` an entry of `values`, any
    Python value that a literal can write. `{tie}` is the weight of the layer that this one is
    tied to, `{batch}` the number of examples, for layers that nothing flows into.
    """

    text: str
    values: Mapping[str, Any] = {}


class Emission(Record):
    """What a backend needs for one use of a layer.

    `call` computes the output; with `construct`, a module is made once and `call` uses
    `{module}`. `helpers` names functions and classes of helpers.py that the code refers to.
    `members` maps the name of each member to the template of a call that returns the main output
    and all members, in their order here, used only where the spec asks for that member;
    `member_helpers` are what those calls refer to.
    """

    call: Code
    construct: Code | None = None
    helpers: tuple[str, ...] = ()
    members: Mapping[str, Code] = {}
    member_helpers: tuple[str, ...] = ()


Row = Callable[[Any, tuple[TensorType, ...]], Emission]
_in_full: ContextVar[bool] = ContextVar("in_full", default=False)


class Rows(Table[Row]):
    """The table of a backend whose rows are pieces of Python."""


def module(text: str, call: str = "{module}({inputs})", **values: Any) -> Emission:
    """An emission that constructs a module by `text` and calls it."""
    return Emission(Code(call), Code(text, values))


def function(text: str, *helpers: str, **values: Any) -> Emission:
    """An emission that calls a function."""
    return Emission(Code(text, values), helpers=helpers)


def arguments(**given: tuple[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Keyword arguments that differ from their defaults: `stride=(2, 1)` is value and default.

    Returns the template (`, stride={stride}`) and its values.
    """
    full = _in_full.get()
    kept = {name: value for name, (value, default) in given.items() if full or value != default}
    return "".join(f", {name}={{{name}}}" for name in kept), kept


def factor(value: float) -> tuple[str, dict[str, float]]:
    """A factor before an operand, left out where it is 1 as arguments are at their defaults.

    Returns the template (`{factor} * `) and its values.
    """
    return ("{factor} * ", {"factor": value}) if _in_full.get() or value != 1 else ("", {})


@contextmanager
def in_full() -> Iterator[None]:
    """Rows asked within it write all keyword arguments and factors.

    So uses of a layer that differ in a stride of 1 and 2 have the same template.
    """
    token = _in_full.set(True)
    try:
        yield
    finally:
        _in_full.reset(token)
