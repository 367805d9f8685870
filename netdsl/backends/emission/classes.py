"""Which bodies become one class. From: a net's graph. To: a list of `Class`, inner ones first.

At first all bodies of a block are taken for one class; a class is split where structures differ
by more than the arms of `if` steps, until nothing is left to split. So a block that calls itself
can be one class that constructs itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from netdsl.backends.emission import places
from netdsl.backends.emission.expression import Expression, Key
from netdsl.backends.emission.merge import Different, merge, scoped, simplified, with_choices
from netdsl.backends.emission.names import Names
from netdsl.backends.emission.plan import (
    Choice,
    Item,
    Loop,
    Place,
    Plan,
    Value,
    foreign,
    uses,
)
from netdsl.backends.emission.planner import Planner
from netdsl.backends.emission.structure import structure
from netdsl.backends.emission.target import Target
from netdsl.graph import Graph, Shared, TapPath, each_node


class Class:
    """A class of the emitted module: a plan, and what is found out about it on the way."""

    __slots__ = ("conditions", "defaults", "explained", "extras", "folds", "keys", "name", "plan",
                 "root", "taps")  # fmt: skip

    def __init__(self, plan: Plan, root: bool) -> None:
        self.plan = plan
        self.root = root
        self.name = ""
        # The constructor's parameters; values of those that no block declares stand in `extras`.
        self.keys: dict[Key, None] = {}
        self.extras: dict[Key, tuple[str, dict[Graph, object]]] = {}
        # What an extra parameter is where nobody gives it: the backend's own default.
        self.defaults: dict[Key, object] = {}
        self.explained: dict[tuple[int, str], Expression] = {}
        self.conditions: dict[Choice, list[tuple[int, Expression]]] = {}
        # Tensors that `forward` returns beside the main one.
        self.taps: list[Value] = []
        # Whether `logits` stops before the activation at the end.
        self.folds = False

    @property
    def graph(self) -> Graph:
        """One of the bodies."""
        return self.plan.graphs[0]


class Partition:
    """Finds the classes of a net."""

    def __init__(
        self,
        root: Graph,
        target: Target,
        apart: frozenset[Graph],
        decided: Callable[[Class], bool],
    ) -> None:
        self.root = root
        self.target = target
        # Bodies that need a class of their own kind, and whether choices can be written in Python.
        self.apart = apart
        self.decided = decided
        self.graphs = list(dict.fromkeys(_bodies(root)))
        self.refusals = places.Refusals()
        self.places: dict[Graph, dict[int, Place]] = {}
        self.shared: dict[Graph, list[Shared]] = {}
        self.numbers: dict[Graph, int] = {}
        self.tapped = _tapped(self.graphs)

    def classes(self) -> list[Class]:
        """The classes, each after those that it constructs; the net's own comes last."""
        for graph in self.graphs:
            self.places[graph] = places.places(graph, self.target, self.refusals)
        self.refusals.tell()
        groups = self._first_groups()
        while True:
            self.numbers = {g: number for number, group in enumerate(groups) for g in group}
            found = [self._split(group) for group in groups]
            if all(len(classes) == 1 for classes in found):
                return self._ordered([classes[0] for classes in found])
            groups = [c.plan.graphs for classes in found for c in classes]

    def plan(self, graph: Graph) -> Plan:
        """A fresh plan of a body."""
        owned = places.owned(graph, self.target, self.refusals)
        handed = foreign(graph, self.shared)
        return Planner(graph, self.places[graph], owned, handed).plan()

    def class_of(self, classes: Sequence[Class]) -> dict[Graph, Class]:
        """The class of each body."""
        return {graph: found for found in classes for graph in found.plan.graphs}

    def _first_groups(self) -> list[list[Graph]]:
        groups: dict[object, list[Graph]] = {}
        for graph in self.graphs:
            key = (id(graph.definition), graph is self.root, graph in self.apart)
            groups.setdefault(key, []).append(graph)
        return list(groups.values())

    def _split(self, group: list[Graph]) -> list[Class]:
        """A group of bodies as classes: those of equal structure, merged where they can be."""
        alike: dict[object, list[Graph]] = {}
        for graph in group:
            alike.setdefault(structure(self.plan(graph), self.numbers, graph), []).append(graph)
        members = list(alike.items())
        classes: list[Class] = []
        while members:
            mine, *members = members
            found = self._class([mine])
            together = [mine]
            for other in list(members):
                tried = self._merged([*together, other])
                if tried is not None:
                    found = tried
                    together.append(other)
                    members.remove(other)
            classes.append(found)
        return classes

    def _class(self, alike: list[tuple[object, list[Graph]]]) -> Class:
        plans = [self.plan(graph) for _, graphs in alike for graph in graphs]
        if len(alike) > 1:
            plans = [with_choices(plan) for plan in plans]
        whole = plans[0]
        for plan in plans[1:]:
            merge(whole, plan, self.numbers)
        whole.items = simplified(whole.items, whole.graphs)
        return Class(whole, self.root in whole.local)

    def _merged(self, alike: list[tuple[object, list[Graph]]]) -> Class | None:
        """One class of bodies that differ in choices, if it says what each of them says."""
        try:
            found = self._class(alike)
        except Different:
            return None
        if not scoped(found.plan):
            return None
        for before, graphs in alike:
            for graph in graphs:
                try:
                    if structure(found.plan, self.numbers, graph) != before:
                        return None
                except KeyError:
                    # Something is used that this body's arms do not make.
                    return None
        if any(self._taps_in_arms(found.plan, graph) for graph in found.plan.graphs):
            return None
        return found if self.decided(found) else None

    def _taps_in_arms(self, plan: Plan, graph: Graph) -> bool:
        """Whether a tensor is handed out that only some bodies of the plan have."""
        tapped = [plan.local[graph][number] for number in self.tapped.get(graph, ())]
        inside = {value for arm in _arms(plan.items) for u in uses(arm) for value in u.outputs}
        return any(value in inside for value in tapped)

    def _ordered(self, classes: list[Class]) -> list[Class]:
        of = self.class_of(classes)
        ordered: dict[Class, None] = {}
        visiting: set[Class] = set()

        def visit(found: Class) -> None:
            if found in visiting:
                return
            visiting.add(found)
            for graph in found.plan.graphs:
                for node in each_node(graph.nodes):
                    if isinstance(node.work, Graph):
                        visit(of[node.work])
            ordered[found] = None

        visit(of[self.root])
        return list(ordered)


def _arms(items: Sequence[Item]) -> Iterator[list[Item]]:
    for item in items:
        if isinstance(item, Choice):
            yield from item.arms.values()
        elif isinstance(item, Loop):
            yield from _arms(item.items)


def _bodies(graph: Graph, seen: set[Graph] | None = None) -> Iterator[Graph]:
    """A body and all inside it, each once, the outer ones first."""
    seen = set() if seen is None else seen
    if graph in seen:
        return
    seen.add(graph)
    yield graph
    for node in each_node(graph.nodes):
        if isinstance(node.work, Graph):
            yield from _bodies(node.work, seen)


def _tapped(graphs: Sequence[Graph]) -> dict[Graph, set[int]]:
    """The tensors of each body, by number, that some use of it asks for."""
    found: dict[Graph, set[int]] = {}

    def ask(graph: Graph, path: TapPath) -> None:
        found.setdefault(graph, set()).add(path[0])
        if len(path) > 1:
            node = maker(graph, path[0])
            assert isinstance(node.work, Graph)
            ask(node.work, path[1:])

    for graph in graphs:
        for node in each_node(graph.nodes):
            for tap in node.taps:
                if isinstance(tap, tuple) and isinstance(node.work, Graph):
                    ask(node.work, tap)
    return found


def maker(graph: Graph, value: int):  # type: ignore[no-untyped-def]
    """The node of a body that makes a value."""
    return next(node for node in each_node(graph.nodes) if value in node.outputs)


def name_classes(classes: Sequence[Class], net: str, target: Target) -> None:
    """Gives each class a name: that of its block, or of the net."""
    names = Names(target.taken)
    classes[-1].name = names.new(target.part(net))
    for found in classes[:-1]:
        found.name = names.new(target.part(found.graph.name))
