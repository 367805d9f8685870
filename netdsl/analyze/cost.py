"""What a net costs: weights, state and multiply-adds of one example in evaluation.

From a graph to its totals, once for each body: a block that is repeated is counted once and
multiplied. Weights of a `shared` layer count once, in the graph that owns it, its multiply-adds at
each use; a layer that ties its weight to another's has no weight of its own. What exists in
training only counts among the weights and has no multiply-adds.
"""

from __future__ import annotations

from netdsl.catalog.base import Layer
from netdsl.graph import Graph, Node, Run
from netdsl.record import Record
from netdsl.tensor import Dim, TensorType


class Cost(Record):
    """Numbers that are learned (`trainable`, `frozen`) or kept (`state`), and multiply-adds.

    `layers` counts the layers of the evaluation net that have weights or state. `macs` is an
    expression where sizes are known only at run time.
    """

    trainable: int = 0
    frozen: int = 0
    state: int = 0
    macs: Dim = 0
    layers: int = 0

    @property
    def weights(self) -> int:
        """What a layer learns, or would learn if it were not frozen."""
        return self.trainable + self.frozen

    @property
    def total(self) -> int:
        """All numbers that a checkpoint holds."""
        return self.trainable + self.frozen + self.state

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.trainable + other.trainable,
            self.frozen + other.frozen,
            self.state + other.state,
            self.macs + other.macs,
            self.layers + other.layers,
        )

    def times(self, count: int) -> Cost:
        """The cost of several alike."""
        return Cost(
            self.trainable * count,
            self.frozen * count,
            self.state * count,
            self.macs * count,
            self.layers * count,
        )


NOTHING = Cost()


class Costs:
    """The costs of graphs and nodes; what was computed for a body is kept."""

    def __init__(self) -> None:
        self._bodies: dict[Graph, Cost] = {}

    def graph(self, graph: Graph) -> Cost:
        """The cost of a graph, with the `shared` layers that it owns."""
        found = self._bodies.get(graph)
        if found is None:
            found = self._items(graph, graph.nodes)
            for shared in graph.shared:
                if shared.work is not None:
                    found += self.work(shared.work, shared.inputs).replace(macs=0)
            self._bodies[graph] = found
        return found

    def node(self, graph: Graph, node: Node) -> Cost:
        """What one use adds to its graph; the weights of a shared layer are its owner's."""
        cost = self.work(node.work, graph.input_types(node))
        if node.shared is not None:
            cost = Cost(macs=cost.macs)
        if node.training:
            cost = cost.replace(macs=0, layers=0)
        return cost

    def work(self, work: Layer | Graph, inputs: tuple[TensorType, ...]) -> Cost:
        """The cost of a layer or block by itself."""
        if isinstance(work, Graph):
            return self.graph(work)
        weights = work.weights(*inputs)
        trainable = state = 0
        for weight in weights:
            if weight.role == "weight":
                trainable += weight.size
            else:
                state += weight.size
        return Cost(trainable, 0, state, work.macs(*inputs), int(bool(weights)))

    def _items(self, graph: Graph, items: tuple[Node | Run, ...]) -> Cost:
        total = NOTHING
        for item in items:
            if isinstance(item, Run):
                total += self._items(graph, item.nodes).times(item.count)
            else:
                total += self.node(graph, item)
        return total
