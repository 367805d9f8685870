"""What a net costs: weights, state and multiply-adds of one example in evaluation.

From a graph to its totals, once for each body: a block that is repeated is counted once and
multiplied. Weights of a `shared` layer count once, in the graph that owns it, its multiply-adds at
each use; a layer that ties its weight to another's has no weight of its own. What exists in
training only counts among the weights and has no multiply-adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdsl.catalog.base import Elementwise, Layer
from netdsl.graph import Graph, Node, Run, Shared
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


def together(costs: Iterable[Cost]) -> Cost:
    """The cost of several, each counted."""
    every = [cost for cost in costs if cost is not NOTHING]
    macs: Dim = 0
    for cost in every:
        macs = macs + cost.macs
    return Cost(
        sum([cost.trainable for cost in every]),
        sum([cost.frozen for cost in every]),
        sum([cost.state for cost in every]),
        macs,
        sum([cost.layers for cost in every]),
    )


class Costs:
    """The costs of graphs and nodes; what was computed is kept."""

    def __init__(self) -> None:
        self._bodies: dict[Graph, Cost] = {}
        # By the identity of the node; the graph that it belongs to is kept too.
        self._nodes: dict[int, tuple[Graph, Cost]] = {}

    def __len__(self) -> int:
        """How many bodies and layers are known."""
        return len(self._bodies) + len(self._nodes)

    def graph(self, graph: Graph) -> Cost:
        """The cost of a graph, with the `shared` layers that it owns."""
        if graph not in self._bodies:
            owned = [self.shared(shared) for shared in graph.shared]
            self._bodies[graph] = together([*self._uses(graph, graph.nodes), *owned])
        return self._bodies[graph]

    def node(self, graph: Graph, node: Node) -> Cost:
        """What one use adds to its graph; the weights of a shared layer are its owner's."""
        cost = self.alone(graph, node)
        if node.shared is not None:
            cost = Cost(macs=cost.macs)
        if node.training:
            cost = cost.replace(macs=0, layers=0)
        return cost

    def alone(self, graph: Graph, node: Node) -> Cost:
        """The cost of the layer or block of a node by itself."""
        known = self._nodes.get(id(node))
        if known is None:
            work = node.work
            if isinstance(work, Graph):
                return self.graph(work)
            known = self._nodes[id(node)] = (graph, _of_layer(work, graph.input_types(node)))
        return known[1]

    def shared(self, shared: Shared) -> Cost:
        """The cost of a shared layer but for its multiply-adds, which come with each use."""
        if shared.work is None:
            return NOTHING
        if isinstance(shared.work, Graph):
            return self.graph(shared.work).replace(macs=0)
        return _of_layer(shared.work, shared.inputs).replace(macs=0)

    def _uses(self, graph: Graph, items: tuple[Node | Run, ...]) -> Iterator[Cost]:
        for item in items:
            if isinstance(item, Run):
                yield together(self._uses(graph, item.nodes)).times(item.count)
            else:
                yield self.node(graph, item)


def _of_layer(layer: Layer, inputs: tuple[TensorType, ...]) -> Cost:
    if isinstance(layer, Elementwise):
        return NOTHING
    weights = layer.weights(*inputs)
    macs = layer.macs(*inputs)
    if not weights and macs == 0:
        return NOTHING
    trainable = sum([weight.size for weight in weights if weight.role == "weight"])
    state = sum([weight.size for weight in weights]) - trainable
    return Cost(trainable, 0, state, macs, int(bool(weights)))
