"""What an expression of a spec can be worth, beside numbers, strings, tuples, sizes and symbols.

Layers are values: a word or a block by its name is to be called; a bound call, a pipeline, a group
is a finished layer that takes no more arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from netdsl.catalog.arguments import Entry, Symbol, show
from netdsl.catalog.base import Layer
from netdsl.graph import Shared
from netdsl.record import Record
from netdsl.syntax import tree
from netdsl.tensor import Size, TensorType

if TYPE_CHECKING:
    from netdsl.elaborate.builder import Builder, Draft
    from netdsl.elaborate.frame import Defaults, Frame
    from netdsl.elaborate.scope import Scope


class Tensor:
    """A tensor of the body under construction: its number there, its type, and what made it.

    `path` leads from the body of `maker` to a tensor inside it; it is empty for the main one.
    """

    __slots__ = ("builder", "maker", "path", "type", "value")

    def __init__(
        self,
        builder: Builder,
        value: int,
        type: TensorType,
        maker: Draft | None = None,
        path: tuple[int, ...] = (),
    ) -> None:
        self.builder = builder
        self.value = value
        self.type = type
        self.maker = maker
        self.path = path


class Poison:
    """Stands for what a mistake, told already, kept from being known."""

    def __repr__(self) -> str:
        return "poison"


POISON = Poison()


class Poisoned(Exception):
    """Something depends on a mistake that was told already: nothing more is to be said."""


class EntryWord(Record):
    """A word of the catalogue, to be called: a layer, an initialiser, a loss."""

    entry: type[Entry]


class Definition(Record):
    """A block, net or function of a file, to be called."""

    node: tree.Block | tree.Net | tree.Function
    scope: Scope


class Builtin(Record):
    """A function on numbers and lists that the language brings."""

    name: str
    function: Callable[..., Any]


class FinishedLayer(Record):
    """A layer with its arguments, and the expressions that gave them."""

    layer: Layer
    arguments: Mapping[str, tree.Expression]


class FinishedBlock(Record):
    """A block or net with its arguments, none of which is a tensor, and their expressions."""

    definition: Definition
    values: Mapping[str, Any]
    arguments: Mapping[str, tree.Expression]


class Closure(Record):
    """A pipeline, group, loop, branch, merge or sum of layers, kept to be applied later.

    `names` are the values of the names it uses, as they were when it was written.
    """

    expression: tree.Expression
    names: Mapping[str, Any]
    frame: Frame
    defaults: Defaults | None


class SharedValue(Record):
    """A `shared` layer, and the layer of which it is one set of weights."""

    shared: Shared
    layer: Any


class FieldName(Record):
    """In a `train` section: a tensor of the net or a field of the data."""

    name: str


def kind_of(value: object) -> str:
    """A value's kind, in words that follow "this is"."""
    table: dict[type, str] = {
        Tensor: "a tensor",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        tuple: "a list",
        Size: "a size known only at run time",
        Symbol: "a word",
        Definition: "a block",
        Builtin: "a function",
        FinishedLayer: "a finished layer",
        FinishedBlock: "a finished layer",
        Closure: "a finished layer",
        SharedValue: "a shared layer",
        EntryWord: "a word of the catalogue",
    }
    if value is None:
        return "none"
    return table.get(type(value), "a value")


def shown(value: object) -> str:
    """A value as a message shows it: numbers and lists as written, the rest by kind."""
    if isinstance(value, Symbol | bool | int | float | str | tuple | Size) or value is None:
        text = show(value)
        return text if len(text) <= 60 else f"{text[:57]}..."
    return kind_of(value)


def contains_tensor(value: object) -> bool:
    """Whether a value is a tensor or a list with one."""
    if isinstance(value, tuple):
        return any(contains_tensor(item) for item in value)
    return isinstance(value, Tensor)
