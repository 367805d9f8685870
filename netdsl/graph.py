"""The elaborated net: frozen, canonical, every size inferred, nothing of any backend in it.

A `Graph` is the body of a net or of a block's instance. Its tensors are numbered: first the
ports, then what the nodes make. Instances that are alike share one body, so a thousand equal
blocks cost one; names and spans inside a body are relative to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from netdsl.catalog.base import Layer, Weight
from netdsl.record import Record
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import TensorType

# A tensor in a member of a block: its number in the block's body, or nodes to go down first.
TapPath: TypeAlias = "tuple[int, ...]"
Members: TypeAlias = "int | tuple[Members, ...]"


class Level:
    """A group or loop named by `as`: a level of its own in the names of weights."""

    __slots__ = ("parent", "stem")

    def __init__(self, stem: str, parent: Level | None) -> None:
        self.stem = stem
        self.parent = parent

    def __repr__(self) -> str:
        return f"Level({self.stem!r})"


class Shared:
    """A `shared` layer: one set of weights, used by every node that refers to it.

    `work` and `inputs` are those of the first use; the others must agree in their weights.
    """

    __slots__ = ("first", "inputs", "name", "span", "work")

    def __init__(self, name: str, span: Span) -> None:
        self.name = name
        self.span = span
        self.work: Layer | Graph | None = None
        self.inputs: tuple[TensorType, ...] = ()
        self.first = span

    def __repr__(self) -> str:
        return f"Shared({self.name!r})"


class Branch(Record):
    """Which way an `if` step went: 0 for its first body, 1 for the next, and so on."""

    step: tree.If
    arm: int


class Written(Record):
    """Where a node comes from: the call, its arguments as written, the branches around it.

    `arguments` maps an argument's name to the expression that gave it (in the call or in a
    `default`); what is missing was left to the catalogue or the block.
    """

    span: Span
    arguments: Mapping[str, tree.Expression]
    branches: tuple[Branch, ...] = ()


class Tie(Record):
    """The layer whose weight a `tie=` uses: names of nodes down from the graph, or `shared`."""

    node: int | None
    shared: Shared | None


class Node(Record):
    """One use of a layer or of a block.

    `outputs[0]` is the main tensor; the others are named by `taps`: for a layer the name of a
    member (`indices`), for a body the path of a tensor inside it (numbers of values; all but the
    last are main outputs of inner nodes). `training` marks what exists in training only.
    """

    stem: str
    named: bool
    level: Level | None
    work: Layer | Graph
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    taps: tuple[str | TapPath, ...]
    written: Written
    shared: Shared | None = None
    tie: Tie | None = None
    training: bool = False


class Run(Record):
    """A chain of nodes that is repeated, each round fed by the one before.

    The nodes are those of the first round: it starts from the value `entry` and ends in `exit`,
    of the same type; `result` is the value after the last round.
    """

    nodes: tuple[Node | Run, ...]
    count: int
    entry: int
    exit: int
    result: int


PortKind = Literal["input", "flow", "parameter", "captured"]


class Port(Record):
    """A tensor that flows into a graph."""

    name: str
    type: TensorType
    kind: PortKind


# How the name of an output begins that a loss makes of a tensor: as no name of the language does.
PRIVATE = "_"
# The output of a net that stores patterns which hands out what it stores.
STORED = f"{PRIVATE}stored"
# The roles of two adversaries, which are nodes of one net, and so levels in the names of weights.
GENERATOR, DISCRIMINATOR = "generator", "discriminator"
# The layers of a net that a picture is made for: the picture, and the net that sees it.
PICTURE, EYE = "picture", "eye"


class Output(Record):
    """A named tensor that a net hands out; auxiliary ones in training only."""

    name: str
    value: int
    kind: Literal["main", "output", "auxiliary"]
    span: Span


class Graph(Record):
    """The body of a net or block: ports, nodes in order of execution, types by value.

    `parameters` are the values that the block's parameters have here; `lets` the expressions of
    names that the body sets once with `let`; `members` what a user can ask for by
    `name.member`; `result` the value that flows out at the end.
    """

    name: str
    definition: tree.Block | tree.Net
    parameters: Mapping[str, object]
    ports: tuple[Port, ...]
    nodes: tuple[Node | Run, ...]
    types: tuple[TensorType, ...]
    result: int
    outputs: tuple[Output, ...]
    members: Mapping[str, Members]
    lets: Mapping[str, tree.Expression]
    shared: tuple[Shared, ...] = ()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"Graph({self.name!r}, {len(self.nodes)} nodes)"

    def input_types(self, node: Node) -> tuple[TensorType, ...]:
        """The types that flow into a node."""
        types = self.types
        return tuple([types[value] for value in node.inputs])


class Condition(Record):
    """What must hold of the sizes known only at run time, as text (`height % 32 == 0`)."""

    text: str
    span: Span


class Expectation(Record):
    """A number that the author promises with `expect`."""

    name: str
    value: object
    span: Span


class ElaboratedNet(Record):
    """A net with its arguments: the graph and what the spec says beside it."""

    name: str
    graph: Graph
    expectations: tuple[Expectation, ...]
    conditions: tuple[Condition, ...]
    arguments: Mapping[str, object]

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The ports that are inputs of the net."""
        return self.graph.ports


class _Namer:
    """Gives names within the levels of one graph: by `as`, else by kind and number, from 1."""

    def __init__(self) -> None:
        self._taken: dict[Level | None, set[str]] = {None: set()}
        self._counts: dict[tuple[Level | None, str], int] = {}
        self._levels: dict[Level, str] = {}
        # How often a name was met: a loop may give the same one thousands of times.
        self._repeats: dict[tuple[Level | None, str], int] = {}

    def name(self, node: Node) -> str:
        return self.prefix(node.level) + (
            self.reserve(node.stem, node.level)
            if node.named
            else self._number(node.stem, node.level)
        )

    def prefix(self, level: Level | None) -> str:
        if level is None:
            return ""
        if level not in self._levels:
            self._taken[level] = set()
            parent = self.prefix(level.parent)
            self._levels[level] = parent + self.reserve(level.stem, level.parent) + "."
        return self._levels[level]

    def reserve(self, stem: str, level: Level | None) -> str:
        taken = self._taken[level]
        name, count = stem, self._repeats.get((level, stem), 1)
        while name in taken:
            count += 1
            name = f"{stem}{count}"
        self._repeats[level, stem] = count
        taken.add(name)
        return name

    def _number(self, stem: str, level: Level | None) -> str:
        taken = self._taken[level]
        count = self._counts.get((level, stem), 0) + 1
        while f"{stem}{count}" in taken:
            count += 1
        self._counts[level, stem] = count
        taken.add(f"{stem}{count}")
        return f"{stem}{count}"


def named_nodes(graph: Graph) -> Iterator[tuple[str, Node]]:
    """Every node of the graph's own level with its name, the rounds of runs one by one.

    Names contain the levels of groups (`stage2.conv1`). A node that uses a `shared` layer of this
    graph has that layer's name; one that uses a layer shared from outside has its name there.
    """
    namer = _Namer()
    own = _shared_names(graph, namer)
    for node in unrolled(graph.nodes):
        if node.shared is None:
            yield namer.name(node), node
        else:
            yield own.get(node.shared, node.shared.name), node


def _shared_names(graph: Graph, namer: _Namer) -> dict[Shared, str]:
    """The names of the layers that a graph shares; they come before all others."""
    return {shared: namer.reserve(shared.name, None) for shared in graph.shared}


def shared_names(graph: Graph) -> dict[Shared, str]:
    """The names of the layers that a graph shares, also of those that only its blocks use."""
    return _shared_names(graph, _Namer())


def each_node(nodes: Iterable[Node | Run]) -> Iterator[Node]:
    """Every node once, those of runs as in the first round."""
    for item in nodes:
        if isinstance(item, Run):
            yield from each_node(item.nodes)
        else:
            yield item


def unrolled(nodes: tuple[Node | Run, ...]) -> Iterator[Node]:
    """The nodes in order of execution, the rounds of runs one by one."""
    for item in nodes:
        if isinstance(item, Run):
            for _ in range(item.count):
                yield from unrolled(item.nodes)
        else:
            yield item


class NamedWeight(Record):
    """A weight with its full name in the language and the layer that has it."""

    name: str
    weight: Weight
    layer: Layer

    @property
    def layer_name(self) -> str:
        """The full name of the layer."""
        return self.name.removesuffix(f".{self.weight.name}")

    @property
    def trained(self) -> bool:
        """Whether a gradient moves it, as it does not move running statistics."""
        return self.weight.role == "weight"


def named_weights(graph: Graph) -> Iterator[NamedWeight]:
    """Every weight and state of the graph, once, in order of execution, by its full name.

    Layers that are shared from outside of the graph have their weights there.
    """
    return _named_weights(graph, "", {})


def _named_weights(graph: Graph, prefix: str, owners: dict[Shared, str]) -> Iterator[NamedWeight]:
    """`owners` has the full names of shared layers whose weights are still to be named."""
    own = _shared_names(graph, _Namer())
    owners.update({shared: f"{prefix}{name}" for shared, name in own.items()})
    for name, node in named_nodes(graph):
        full = f"{prefix}{name}"
        if node.shared is not None:
            if node.shared not in owners:
                continue
            full = owners.pop(node.shared)
        if isinstance(node.work, Graph):
            yield from _named_weights(node.work, f"{full}.", owners)
        else:
            for weight in node.work.weights(*graph.input_types(node)):
                yield NamedWeight(f"{full}.{weight.name}", weight, node.work)
