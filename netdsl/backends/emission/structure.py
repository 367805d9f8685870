"""The structure of a plan, without the values in it: what bodies of one class have in common."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeAlias

from netdsl.backends.emission.plan import Choice, Item, Loop, Plan, Use, Value
from netdsl.backends.rows import Code
from netdsl.graph import Graph, Shared

Structure: TypeAlias = Hashable


def structure(plan: Plan, classes: Mapping[Graph, int], graph: Graph) -> Structure:
    """What a body does, alike for bodies that differ in values alone.

    `classes` numbers the classes of the bodies inside; of a plan with choices the arms are those
    that `graph` takes.
    """
    return _Reader(plan, classes, graph).read()


class _Reader:
    def __init__(self, plan: Plan, classes: Mapping[Graph, int], graph: Graph) -> None:
        self.plan = plan
        self.classes = classes
        self.graph = graph
        self.numbers: dict[Value, int] = {}
        self.joined: dict[Value, Value] = {}

    def read(self) -> Structure:
        plan = self.plan
        for port in plan.ports:
            self._new(port)
        items = self._items(plan.items)
        outputs = tuple((name, self._old(value), kind) for name, value, kind in plan.outputs)
        owned = tuple(
            (module.name, code_of_place(module.places[self.graph], self.classes))
            for module in plan.owned
        )
        ports = tuple((port.types[self.graph].rank, port.hint) for port in plan.ports)
        return ports, items, self._old(plan.result), outputs, owned, len(plan.foreign[self.graph])

    def _items(self, items: Iterable[Item]) -> tuple[Structure, ...]:
        found: list[Structure] = []
        for item in items:
            match item:
                case Use():
                    found.append(self._use(item))
                case Loop():
                    entry = self._old(item.entry)
                    self._new(item.carry)
                    inner = self._items(item.items)
                    found.append((entry, inner, self._old(item.exit), self._new(item.result)))
                case Choice():
                    arm = item.taken.get(self.graph)
                    if arm is not None:
                        found.extend(self._items(item.arms[arm]))
                    for value, sources in item.joins:
                        self.joined[value] = sources[arm]
        return tuple(found)

    def _use(self, use: Use) -> Structure:
        place = use.places[self.graph][0]
        inputs = tuple(self._old(value) for value in use.inputs)
        outputs = tuple(self._new(value) for value in use.outputs)
        tie = self._old(use.tie) if use.tie is not None else None
        what = code_of_place(place, self.classes)
        taps = place.node.taps
        name = use.module
        named = (name.levels, name.stem, name.number) if name is not None else None
        shared = tuple(map(self._shared, (place.node.shared, use_tie(place.node))))
        return named, what, inputs, outputs, taps, tie, shared, use.training

    def _shared(self, shared: Shared | None) -> Structure:
        """A shared layer: its name where it is owned, else its place among those handed in."""
        if shared is None:
            return None
        for module in self.plan.owned:
            if module.keys[self.graph] is shared:
                return module.name
        return self.plan.foreign[self.graph].index(shared)

    def _new(self, value: Value) -> int:
        return self.numbers.setdefault(value, len(self.numbers))

    def _old(self, value: Value) -> int:
        while value in self.joined:
            value = self.joined[value]
        return self.numbers[value]


def use_tie(node: Any) -> Shared | None:
    """The shared layer that a node is tied to."""
    return node.tie.shared if node.tie is not None else None


def code_of_place(place: Any, classes: Mapping[Graph, int]) -> Structure:
    """What is constructed and called, without values: templates and the names of values."""
    if place.child is not None:
        return classes[place.child]
    emission = place.emission
    return (
        place.layer,
        _code(emission.call),
        _code(emission.construct),
        emission.helpers,
        tuple((name, _code(code)) for name, code in emission.members.items()),
        tuple((start.weight, _code(start.code)) for start in place.starts),
    )


def _code(code: Code | None) -> Structure:
    return (code.text, tuple(code.values)) if code is not None else None
