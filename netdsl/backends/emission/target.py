"""What the emitter must know of a backend besides its rows' answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from netdsl.backends.emission.plan import Start
from netdsl.backends.rows import Row
from netdsl.catalog.base import Layer
from netdsl.graph import Node
from netdsl.record import Record
from netdsl.tensor import TensorType

if TYPE_CHECKING:
    from netdsl.backends.emission.explain import Explainer

Starts = Callable[[Layer, str, tuple[TensorType, ...]], tuple[Start, ...]]


class Target(Record):
    """A backend, as far as plans, expressions and names depend on it.

    `find` gives a layer's row, `starts` the calls that start its weights otherwise than what its
    row constructs does by itself. `refuse` says why a node of that name cannot be built, or
    nothing. `taken` are the names that emitted code refers to, helpers included; `part` names the
    class or function of a block or net. `written_as` has the language's word for an argument where
    the backend's is another. `measures` says whether emitted code asks a tensor for its channels;
    else they are parameters. `explain` finds expressions for values that no row speaks of.
    """

    name: str
    find: Callable[[type[Layer]], Row | None]
    starts: Starts
    refuse: Callable[[Node], str | None]
    taken: frozenset[str]
    part: Callable[[str], str]
    written_as: Mapping[str, str]
    measures: bool
    explain: Callable[[Explainer], None]
