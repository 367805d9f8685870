"""The plan of a class: what its bodies do, step by step. From: a `Graph`. To: a `Plan`.

A body's plan has a `Use` for each node and a `Loop` for each run. Plans of equal structure are
later laid one upon the other, so that a use knows its node in every body of the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from netdsl.backends.emission.names import Names
from netdsl.backends.rows import Code, Emission
from netdsl.catalog.base import Layer
from netdsl.graph import Graph, Node, Run, Shared, each_node
from netdsl.record import Record
from netdsl.syntax import tree
from netdsl.tensor import TensorType


class Value:
    """A tensor of a class, with its type in each body that has it."""

    __slots__ = ("hint", "types")

    def __init__(self, types: Mapping[Graph, TensorType], hint: str = "") -> None:
        self.types = dict(types)
        self.hint = hint

    @property
    def type(self) -> TensorType:
        """Its type in some body: rank and number type are the same in all."""
        return next(iter(self.types.values()))


class ModuleName(Record):
    """The name of a module: levels, stem and number.

    The number is a constant and, for each loop around, how much a round adds; () for none.
    """

    levels: tuple[str, ...]
    stem: str
    number: tuple[int, ...] = ()


class Start(Record):
    """A weight, by its name within its module, and the call that fills it."""

    weight: str
    code: Code


class Place(Record):
    """What a use is in one body, in one round: the node and what the backend needs for it.

    `omitted` names the keyword arguments that equal their defaults there, and factors of 1.
    """

    node: Node
    emission: Emission | None
    child: Graph | None
    layer: type[Layer] | None
    types: tuple[TensorType, ...]
    starts: tuple[Start, ...] = ()
    omitted: frozenset[str] = frozenset()


class Use:
    """One use of a layer or of a block. A loop that was found has a place for each round."""

    __slots__ = ("inputs", "module", "outputs", "places", "shared", "taps", "tie", "tie_shared")

    def __init__(
        self,
        module: ModuleName | None,
        inputs: list[Value],
        outputs: list[Value],
        graph: Graph,
        place: Place,
    ) -> None:
        node = place.node
        self.module = module
        self.inputs = inputs
        self.outputs = outputs
        self.places: dict[Graph, list[Place]] = {graph: [place]}
        self.taps = node.taps
        self.shared = node.shared
        self.tie: Value | None = None
        self.tie_shared = node.tie.shared if node.tie else None

    @staticmethod
    def like(use: Use) -> Use:
        """The same use once more, with an output of its own."""
        graph, (place, *_) = next(iter(use.places.items()))
        main = use.outputs[0]
        twin = Use(use.module, list(use.inputs), [Value(main.types, main.hint)], graph, place)
        twin.places, twin.taps, twin.shared = use.places, (), use.shared
        return twin

    @property
    def place(self) -> Place:
        """What it is in some body: all are alike in structure."""
        return next(iter(self.places.values()))[0]

    @property
    def omitted(self) -> frozenset[str]:
        """The keyword arguments that equal their defaults everywhere, and factors of 1."""
        each = [place.omitted for places in self.places.values() for place in places]
        return frozenset.intersection(*each)

    @property
    def training(self) -> bool:
        """Whether it exists in training only."""
        return self.place.node.training

    @property
    def emission(self) -> Emission | None:
        """The row's answer in some body; None for a block."""
        return self.place.emission


class Loop:
    """Rounds of the same steps, each fed by the one before.

    `carry` is what a round starts from, `exit` what it ends in; `entry` feeds the first round and
    `result` is what the last one gave.
    """

    __slots__ = ("carry", "counts", "entry", "exit", "items", "result", "start")

    def __init__(
        self, items: list[Item], counts: dict[Graph, int], values: tuple[Value, Value, Value, Value]
    ) -> None:
        self.items = items
        self.counts = counts
        # What the index is in the first round: the number in a name, where that goes up by one.
        numbers = [use.module.number for use in uses(items) if use.module and use.module.number]
        self.start = numbers[0][0] if len(numbers) > 0 and numbers[0][-1] == 1 else 0
        self.entry, self.carry, self.exit, self.result = values


class Choice:
    """An `if` whose way depends on the instance: the steps of each arm that some body took.

    `taken` says which arm each body took; a body that did nothing there is not among them.
    `joins` are tensors that come from the arms, the key None standing for all other bodies.
    """

    __slots__ = ("arms", "joins", "step", "taken")

    def __init__(self, step: tree.If, arms: dict[int, list[Item]], taken: dict[Graph, int]) -> None:
        self.step = step
        self.arms = arms
        self.taken = taken
        self.joins: list[tuple[Value, dict[int | None, Value]]] = []


Item: TypeAlias = "Use | Loop | Choice"


class SharedModule(Record):
    """A `shared` layer that a class owns: its name and what it is in each body."""

    name: str
    places: dict[Graph, Place]
    keys: dict[Graph, Shared]


class Plan:
    """What the bodies of a class do: ports, steps in order, and what flows out."""

    __slots__ = ("foreign", "items", "local", "outputs", "owned", "ports", "result")

    def __init__(self, graph: Graph, ports: list[Value]) -> None:
        self.ports = ports
        # For each body, its tensors by their numbers there.
        self.local: dict[Graph, dict[int, Value]] = {graph: {}}
        self.items: list[Item] = []
        self.result = ports[0] if ports else Value({})
        self.outputs: list[tuple[str, Value, str]] = []
        self.owned: list[SharedModule] = []
        # Layers shared by an outer body, in each body: they are handed to `forward`.
        self.foreign: dict[Graph, list[Shared]] = {}

    @property
    def graphs(self) -> list[Graph]:
        """The bodies."""
        return list(self.local)


def uses(items: Iterable[Item]) -> Iterator[Use]:
    """All uses, those in loops and choices too, in order."""
    for item in items:
        match item:
            case Use():
                yield item
            case Loop():
                yield from uses(item.items)
            case Choice():
                for arm in item.arms.values():
                    yield from uses(arm)


def foreign(graph: Graph, known: dict[Graph, list[Shared]]) -> list[Shared]:
    """The shared layers that a body uses and does not own, in order of first use."""
    if graph not in known:
        found: dict[Shared, None] = {}
        for node in each_node(graph.nodes):
            own = [node.shared] if node.shared else []
            own += [node.tie.shared] if node.tie and node.tie.shared else []
            inner = foreign(node.work, known) if isinstance(node.work, Graph) else []
            found.update(dict.fromkeys([*own, *inner]))
        known[graph] = [shared for shared in found if shared not in graph.shared]
    return known[graph]


def port_numbers(graph: Graph) -> list[int]:
    """The numbers of a body's ports: those that no node makes, since inputs may come late."""
    made: set[int] = set()

    def make(items: Iterable[Node | Run]) -> None:
        for item in items:
            if isinstance(item, Run):
                made.add(item.result)
                make(item.nodes)
            else:
                made.update(item.outputs)

    make(graph.nodes)
    return [number for number in range(len(graph.types)) if number not in made]


def shared_names(graph: Graph) -> dict[Shared, str]:
    """The names of the shared layers that a body owns."""
    names = Names()
    return {shared: names.new(shared.name) for shared in graph.shared}
