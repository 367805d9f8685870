"""The layers of a net one by one, in order of execution, with their full names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from netdsl.analyze.cost import Cost, Costs
from netdsl.graph import Graph, Node, Shared, named_nodes
from netdsl.tensor import Dim, TensorType


class Leaf:
    """One use of a layer. `weights` counts a shared layer's at its first use alone."""

    __slots__ = ("kind", "line", "macs", "name", "output", "training", "weights")

    def __init__(
        self,
        name: str,
        kind: str,
        output: TensorType,
        weights: int,
        macs: Dim,
        line: int,
        training: bool,
    ) -> None:
        self.name = name
        self.kind = kind
        self.output = output
        self.weights = weights
        self.macs = macs
        self.line = line
        self.training = training


# A node of a body with its name there, its output, its cost alone, and its line.
_Part: TypeAlias = "tuple[str, Node, TensorType, Cost, int]"


def leaves(graph: Graph, costs: Costs) -> Iterator[Leaf]:
    """Every layer of a net, the rounds of runs one by one, those of training only too."""
    return _Leaves(costs).of(graph, "", False, False)


class _Leaves:
    """Goes through the instances of bodies; the parts of a body are found once.

    A shared layer has its weights at the level of the graph that owns it, wherever it is used:
    `_owners` says that level for those met so far, `_unused` which have not told their weights.
    """

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._bodies: dict[Graph, list[_Part]] = {}
        self._owners: dict[Shared, str] = {}
        self._unused: set[Shared] = set()

    def of(self, graph: Graph, prefix: str, training: bool, told: bool) -> Iterator[Leaf]:
        """The layers of an instance; `told` says that its weights were told before."""
        # The shared layers of a block are its own in each of its instances.
        self._owners.update(dict.fromkeys(graph.shared, prefix))
        self._unused.update(graph.shared)
        for name, node, output, cost, line in self._parts(graph):
            again, level = told, prefix
            if node.shared is not None:
                level = self._owners[node.shared]
                again = told or node.shared not in self._unused
                self._unused.discard(node.shared)
            only_training = training or node.training
            if isinstance(node.work, Graph):
                yield from self.of(node.work, f"{level}{name}.", only_training, again)
            else:
                weights = 0 if again else cost.weights
                macs = 0 if only_training else cost.macs
                yield Leaf(level + name, node.work.word, output, weights, macs, line, only_training)

    def _parts(self, graph: Graph) -> list[_Part]:
        if graph not in self._bodies:
            self._bodies[graph] = list(self._named(graph))
        return self._bodies[graph]

    def _named(self, graph: Graph) -> Iterator[_Part]:
        for name, node in named_nodes(graph):
            cost = self._costs.alone(graph, node)
            output = graph.types[node.outputs[0]]
            yield name, node, output, cost, node.written.span.line
