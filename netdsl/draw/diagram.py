"""A net as boxes and edges: what a picture shows, before anything has a place.

A level is a body: that of the net, of a block, of a group or of what is repeated. A box may have a
level inside; a picture shows it open, or folded where `inside` is None.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from netdsl.analyze.cost import Cost
from netdsl.record import Record
from netdsl.source import Span
from netdsl.tensor import TensorType

Kind: TypeAlias = Literal["input", "layer", "block", "group", "run", "summary", "output"]

# In place of the number of a box: where tensors flow into a level, and where they leave it.
ENTRY = -1
EXIT = -2


class Part(Record):
    """A layer of a box: its name in the level, its call as a spec writes it, what flows out.

    `category` is the family of the layer in the catalogue (`conv`, `norm`, …), for its colour.
    """

    name: str
    call: str
    category: str
    output: TensorType
    cost: Cost
    span: Span


class Box(Record):
    """A layer, a block, a group that `as` names, something repeated, an input or an output.

    `name` is unique within the level. `title` is what stands in the box: a call, a name.
    `parts` are the layers of a box that stand in it one after another, such as a convolution, its
    normalisation and its activation; a block, group or run has none. A box of `count` alike ones,
    each fed by the one before, shows one of them. `nodes` are the names of all nodes of the
    spec's level that the box stands for, rounds of runs one by one.
    `inputs` and `outputs` count the tensors that flow in and out. `training` marks what exists in
    training only.
    """

    name: str
    kind: Kind
    title: str
    category: str
    parts: tuple[Part, ...]
    count: int
    cost: Cost
    nodes: tuple[str, ...]
    inputs: int
    outputs: tuple[TensorType, ...]
    span: Span
    training: bool = False
    inside: Level | None = None


class Edge(Record):
    """A tensor that flows from one box's output into another's input.

    Ends are the numbers of boxes in the level with those of an output or input; `ENTRY` and
    `EXIT` stand for the level's own.
    """

    source: int
    output: int
    target: int
    input: int
    type: TensorType
    training: bool = False


class Level(Record):
    """Boxes in order of execution, and what flows between them.

    `entries` and `exits` are the types of the tensors that flow in and out.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    entries: tuple[TensorType, ...]
    exits: tuple[TensorType, ...]

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        # Bodies are shared among the boxes of alike blocks.
        return self is other


class Diagram(Record):
    """A net's picture: its inputs and outputs are boxes of the level; `doc` is its comment."""

    name: str
    level: Level
    cost: Cost
    doc: str = ""
