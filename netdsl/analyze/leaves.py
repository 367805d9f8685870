"""The layers of a net one by one, in order of execution, with their full names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netdsl.analyze.cost import Cost, Costs
from netdsl.graph import Graph, Node, Shared, named_nodes
from netdsl.tensor import Dim, TensorType


class Leaf(NamedTuple):
    """One use of a layer. `weights` counts a shared layer's at its first use alone."""

    name: str
    kind: str
    output: TensorType
    weights: int
    macs: Dim
    line: int
    training: bool


class _Part(NamedTuple):
    """A node of a body with its name there, and what is the same in all of its instances."""

    name: str
    node: Node
    output: TensorType
    cost: Cost
    line: int


def leaves(graph: Graph, costs: Costs) -> Iterator[Leaf]:
    """Every layer of a net, the rounds of runs one by one, those of training only too."""
    return _Leaves(costs).of(graph, "", False, False)


class _Leaves:
    """Goes through the instances of bodies; the parts of a body are found once."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._bodies: dict[Graph, list[_Part]] = {}
        self._used: set[Shared] = set()

    def of(self, graph: Graph, prefix: str, training: bool, counted: bool) -> Iterator[Leaf]:
        """The layers of an instance; `counted` says that its weights were told before."""
        # The shared layers of a block are its own in each of its instances.
        self._used.difference_update(graph.shared)
        for name, node, output, cost, line in self._parts(graph):
            told = counted or node.shared in self._used
            if node.shared is not None:
                self._used.add(node.shared)
            only_training = training or node.training
            if isinstance(node.work, Graph):
                yield from self.of(node.work, f"{prefix}{name}.", only_training, told)
            else:
                weights = 0 if told else cost.weights
                macs = 0 if only_training else cost.macs
                yield Leaf(
                    prefix + name, node.work.word, output, weights, macs, line, only_training
                )

    def _parts(self, graph: Graph) -> list[_Part]:
        if graph not in self._bodies:
            self._bodies[graph] = list(self._named(graph))
        return self._bodies[graph]

    def _named(self, graph: Graph) -> Iterator[_Part]:
        for name, node in named_nodes(graph):
            cost = self._costs.alone(graph, node)
            output = graph.types[node.outputs[0]]
            yield _Part(name, node, output, cost, node.written.span.line)
