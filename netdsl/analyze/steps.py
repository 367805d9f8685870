"""A level of a graph as steps in order of execution, each with what feeds it and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from netdsl.analyze.cost import Cost, Costs, together
from netdsl.analyze.written import call
from netdsl.graph import Graph, Node, Run, named_nodes
from netdsl.record import Record
from netdsl.tensor import TensorType

# A tensor by its maker: the position of a step and which of its outputs; the ports of the level
# count from -1 downwards.
Maker: TypeAlias = "tuple[int, int]"


class Step(Record):
    """One use of a layer or block: its name on its level, its call, what feeds it, its cost."""

    name: str
    node: Node
    call: str
    makers: tuple[Maker, ...]
    output: TensorType
    cost: Cost


class Steps(Record):
    """The steps of a level, the rounds of runs one by one.

    `result` makes what flows out, `outputs` what the named outputs hand out; `inside` is the cost
    of the level's shared layers that only its blocks use.
    """

    steps: tuple[Step, ...]
    result: Maker
    outputs: tuple[tuple[str, Maker], ...]
    inside: Cost


def steps_of(graph: Graph, costs: Costs) -> Steps:
    """The steps of a graph's own level."""
    return _Walk(graph, costs).steps()


class _Walk:
    """Goes through a level and follows which step made each tensor."""

    def __init__(self, graph: Graph, costs: Costs) -> None:
        self._graph = graph
        self._costs = costs
        self._names = named_nodes(graph)
        self._makers: dict[int, Maker] = {port: (-1 - port, 0) for port in range(len(graph.ports))}
        self._count = 0
        self._unused = set(graph.shared)

    def steps(self) -> Steps:
        graph = self._graph
        found = tuple(self._of(graph.nodes))
        outputs = tuple([(output.name, self._makers[output.value]) for output in graph.outputs])
        inside = together(
            self._costs.shared(shared) for shared in graph.shared if shared in self._unused
        )
        return Steps(found, self._makers[graph.result], outputs, inside)

    def _of(self, items: tuple[Node | Run, ...]) -> Iterator[Step]:
        for item in items:
            if isinstance(item, Node):
                yield self._step(item)
                continue
            for _ in range(item.count):
                yield from self._of(item.nodes)
                # What ends a round is what the next one starts from.
                self._makers[item.entry] = self._makers[item.exit]
            self._makers[item.result] = self._makers[item.exit]

    def _step(self, node: Node) -> Step:
        name, _ = next(self._names)
        makers = tuple([self._makers[value] for value in node.inputs])
        for at, value in enumerate(node.outputs):
            self._makers[value] = (self._count, at)
        self._count += 1
        output = self._graph.types[node.outputs[0]]
        return Step(name, node, call(node), makers, output, self._cost(node))

    def _cost(self, node: Node) -> Cost:
        """What the step adds; the weights of a shared layer are told at its first use."""
        cost, shared = self._costs.node(self._graph, node), node.shared
        if shared is None or shared not in self._unused:
            return cost
        self._unused.discard(shared)
        return together([cost, self._costs.shared(shared)])
