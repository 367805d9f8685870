"""Builds the plan of one body. From: a `Graph` and what its nodes need. To: a `Plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from netdsl.backends.emission.plan import (
    Item,
    Loop,
    ModuleName,
    Place,
    Plan,
    SharedModule,
    Use,
    Value,
    port_numbers,
)
from netdsl.graph import Graph, Node, Run, Shared, named_nodes


class Uneven:
    """Stands for names that no number tells from the round: `part`, `part2`, `part3`."""


class Planner:
    """Builds the plan of one body; `places` has what the backend needs, by a node's `id`."""

    def __init__(
        self,
        graph: Graph,
        places: Mapping[int, Place],
        owned: list[SharedModule],
        handed: list[Shared],
    ) -> None:
        self.graph = graph
        self.owned = owned
        self.handed = handed
        self.places = places
        self.names = [name for name, _ in named_nodes(graph)]
        self.hints = _hints(graph)

    def plan(self) -> Plan:
        """The plan of the body."""
        graph = self.graph
        values = {number: self._value(number) for number in port_numbers(graph)}
        for value, port in zip(values.values(), graph.ports, strict=True):
            value.hint = port.name
        plan = Plan(graph, list(values.values()))
        plan.items = self._items(graph.nodes, 0, [], values)
        plan.local[graph] = values
        plan.result = values[graph.result]
        plan.owned = self.owned
        plan.foreign = {graph: self.handed}
        plan.outputs = [(out.name, values[out.value], out.kind) for out in graph.outputs]
        return plan

    def _value(self, number: int) -> Value:
        return Value({self.graph: self.graph.types[number]}, self.hints.get(number, ""))

    def _items(
        self,
        nodes: Iterable[Node | Run],
        base: int,
        around: list[tuple[int, int]],
        values: dict[int, Value],
    ) -> list[Item]:
        """The steps for nodes whose names begin at `base`; `around` are (count, names a round)."""
        items: list[Item] = []
        for node in nodes:
            if isinstance(node, Run):
                items += self._run(node, base, around, values)
                base += node.count * _size(node.nodes)
            else:
                items.append(self._use(node, base, around, values))
                base += 1
        return items

    def _use(
        self, node: Node, base: int, around: list[tuple[int, int]], values: dict[int, Value]
    ) -> Use:
        place = self.places[id(node)]
        outputs = [self._value(number) for number in node.outputs]
        module = self._module(node, base, around)
        assert not isinstance(module, Uneven)
        use = Use(module, [values[n] for n in node.inputs], outputs, self.graph, place)
        if node.tie is not None and node.tie.node is not None:
            use.tie = values[node.tie.node]
        values.update(zip(node.outputs, outputs, strict=True))
        return use

    def _run(
        self, run: Run, base: int, around: list[tuple[int, int]], values: dict[int, Value]
    ) -> list[Item]:
        """A loop where the names go on evenly; rounds with names of their own stand before it."""
        size = _size(run.nodes)
        items: list[Item] = []
        entry = values[run.entry]
        done = 0
        while done < run.count:
            left = [(run.count - done, size)]
            start = base + done * size
            if run.count - done > 1 and self._even(run.nodes, start, [*around, *left]):
                carry = Value(entry.types)
                scope = {**values, run.entry: carry}
                inner = self._items(run.nodes, start, [*around, *left], scope)
                result = self._value(run.result)
                ends = (entry, carry, scope[run.exit], result)
                items.append(Loop(inner, {self.graph: run.count - done}, ends))
                entry, done = result, run.count
            else:
                scope = {**values, run.entry: entry}
                items += self._items(run.nodes, start, around, scope)
                entry, done = scope[run.exit], done + 1
        values[run.result] = entry
        return items

    def _even(self, nodes: Iterable[Node | Run], base: int, around: list[tuple[int, int]]) -> bool:
        for node in nodes:
            if isinstance(node, Run):
                size = _size(node.nodes)
                if not self._even(node.nodes, base, [*around, (node.count, size)]):
                    return False
                base += node.count * size
            else:
                if isinstance(self._module(node, base, around), Uneven):
                    return False
                base += 1
        return True

    def _module(
        self, node: Node, base: int, around: list[tuple[int, int]]
    ) -> ModuleName | Uneven | None:
        """The name of a node's module; None if it has none."""
        place = self.places[id(node)]
        if place.child is None and (place.emission is None or place.emission.construct is None):
            return None
        first = self.names[base]
        *levels, last = first.split(".")
        if not around or node.shared is not None:
            return ModuleName(tuple(levels), last)
        number = last.removeprefix(node.stem)
        if not number.isdecimal() or number != str(int(number)):
            return Uneven()
        steps = [self._step(base, size, first, node.stem) for _, size in around]
        lead = first[: -len(number)]
        for indices in product(*(range(count) for count, _ in around)):
            at = base + sum(i * size for i, (_, size) in zip(indices, around, strict=True))
            expected = int(number) + sum(i * s for i, s in zip(indices, steps, strict=True))
            if self.names[at] != f"{lead}{expected}":
                return Uneven()
        return ModuleName(tuple(levels), node.stem, (int(number), *steps))

    def _step(self, base: int, size: int, first: str, stem: str) -> int:
        """How much the number grows from the first round of a loop to the second."""
        second = self.names[base + size] if base + size < len(self.names) else first
        numbers = [name.rpartition(".")[2].removeprefix(stem) for name in (first, second)]
        if not all(number.isdecimal() for number in numbers):
            return 0
        return int(numbers[1]) - int(numbers[0])


def _size(nodes: Iterable[Node | Run]) -> int:
    """How many names a round takes."""
    return sum(node.count * _size(node.nodes) if isinstance(node, Run) else 1 for node in nodes)


def _hints(graph: Graph) -> dict[int, str]:
    """Names of tensors that a reader of the spec knows."""
    hints: dict[int, str] = {}
    for name, found in graph.members.items():
        entries = found if isinstance(found, tuple) else (found,)
        for index, value in enumerate(entries):
            if isinstance(value, int):
                hints.setdefault(value, f"{name}{index + 1}" if len(entries) > 1 else name)
    for output in graph.outputs:
        if output.kind != "main" or output.name != "output":
            hints.setdefault(output.value, output.name)
    return hints
