"""Our layers with weights, one by one, as their counterparts elsewhere are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.backends.keras.layouts import flattened
from netdsl.catalog.base import Layer, Weight
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.merge import Concat
from netdsl.catalog.layers.shape import Flatten
from netdsl.graph import Graph, Node, Run, Shared, named_weights
from netdsl.record import Record

# For each number of a vector where it is in a vector flattened channels last; None for vectors
# that are the same in both ways.
Order: TypeAlias = "npt.NDArray[np.int64] | None"


class OurLayer(Record):
    """A layer with its full name and its weights in order; `training`: it exists in training only.

    `order` is that of the vector that flows in.
    """

    name: str
    layer: Layer
    weights: tuple[Weight, ...]
    training: bool
    order: Order


def our_layers(graph: Graph) -> list[OurLayer]:
    """The layers of a net that have weights or state, each once, in order of execution.

    Orders are followed from `flatten` through layers that keep the shape, and through `concat`.
    """
    walk = _Walk()
    walk.body(graph, [None] * len(graph.ports), False)
    named = groupby(named_weights(graph), key=attrgetter("layer_name"))
    found = []
    for (name, weights), (training, order) in zip(named, walk.found, strict=True):
        members = list(weights)
        layer = members[0].layer
        found.append(OurLayer(name, layer, tuple(item.weight for item in members), training, order))
    return found


class _Walk:
    """Goes through the instances of bodies, in the order of `named_weights`.

    `found` says of each layer with weights whether it is in training only, and the order of what
    flows into it; `_unused` has the shared layers that were not met yet.
    """

    def __init__(self) -> None:
        self.found: list[tuple[bool, Order]] = []
        self._unused: set[Shared] = set()

    def body(self, graph: Graph, orders: Sequence[Order], training: bool) -> Order:
        """Goes through a body whose ports have these orders; returns that of its result."""
        self._unused.update(graph.shared)
        known = dict(enumerate(orders))
        self._items(graph, graph.nodes, known, training)
        return known.get(graph.result)

    def _items(
        self,
        graph: Graph,
        items: tuple[Node | Run, ...],
        known: dict[int, Order],
        training: bool,
    ) -> None:
        for item in items:
            if isinstance(item, Node):
                orders = [known.get(value) for value in item.inputs]
                known[item.outputs[0]] = self._node(graph, item, orders, training or item.training)
                continue
            entered = known.get(item.entry)
            for _ in range(item.count):
                self._items(graph, item.nodes, known, training)
                known[item.entry] = known[item.result] = known.get(item.exit)
            known[item.entry] = entered

    def _node(self, graph: Graph, node: Node, orders: list[Order], training: bool) -> Order:
        again = node.shared is not None and node.shared not in self._unused
        if node.shared is not None:
            self._unused.discard(node.shared)
        if isinstance(node.work, Graph):
            walk = _Walk() if again else self  # weights that were met before are not told again
            return walk.body(node.work, orders, training)
        if not again and node.work.weights(*graph.input_types(node)):
            self.found.append((training, orders[0] if orders else None))
        return _after(node.work, graph, node, orders)


def _after(layer: Layer, graph: Graph, node: Node, orders: list[Order]) -> Order:
    """The order of what a layer makes."""
    inputs, made = graph.input_types(node), graph.types[node.outputs[0]]
    if isinstance(layer, Flatten) and inputs[0].rank > 1:
        shape = tuple(size for size in inputs[0].shape if isinstance(size, int))
        return flattened(shape) if len(shape) == inputs[0].rank and shape[-1] > 1 else None
    known = next((order for order in orders if order is not None), None)
    if known is None or isinstance(layer, Dense):
        return None
    if isinstance(layer, Concat):
        return _joined([type.shape[-1] for type in inputs], orders)
    return known if made.shape == inputs[0].shape else None


def _joined(sizes: list[object], orders: list[Order]) -> Order:
    """The order of vectors one after another."""
    parts: list[npt.NDArray[np.int64]] = []
    start = 0
    for size, order in zip(sizes, orders, strict=True):
        assert isinstance(size, int), size
        parts.append(start + (np.arange(size, dtype=np.int64) if order is None else order))
        start += size
    return np.concatenate(parts)
