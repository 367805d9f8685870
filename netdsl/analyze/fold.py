"""Finds the softmax or sigmoid that is folded into a loss: where an output comes from."""

from __future__ import annotations

from typing import TypeAlias

from netdsl.analyze.walk import node_of
from netdsl.catalog.axes import different_axes
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.activation import Softmax
from netdsl.catalog.layers.resize import Crop
from netdsl.catalog.layers.scaling import Identity
from netdsl.catalog.layers.shape import Flatten, Permute, Reshape, Unflatten
from netdsl.graph import Graph, Node
from netdsl.record import Record

# Layers that only move numbers. What chooses along the classes or mixes is not among them.
_MOVES = (Crop, Flatten, Identity, Permute, Reshape, Unflatten)


class Use(Record):
    """A node at its place: the graph that it is in, and the use of that graph further out."""

    graph: Graph
    node: Node
    outer: Use | None


_Place: TypeAlias = "tuple[Graph, int, Use | None]"


def folded(graph: Graph, value: int, activation: str) -> Use | None:
    """The use of `activation` (its word) that `value` comes from through moves alone, or None.

    A softmax needs its classes to stay on the last axis all the way.
    """
    place: _Place | None = (graph, value, None)
    moves: list[Use] = []
    while place is not None:
        use = _maker(*place)
        if use is None:
            return None
        layer = use.node.work
        assert isinstance(layer, Layer)
        if layer.word == activation:
            keeps = not isinstance(layer, Softmax) or all(map(_keeps_classes, moves))
            return use if keeps else None
        if not isinstance(layer, _MOVES):
            return None
        moves.append(use)
        place = (use.graph, use.node.inputs[0], use.outer)
    return None


def _maker(graph: Graph, value: int, outer: Use | None) -> Use | None:
    """The use of a layer that makes a value, inside blocks too; None for an input of the net."""
    while value < len(graph.ports):
        if outer is None:
            return None
        graph, value, outer = outer.graph, outer.node.inputs[value], outer.outer
    value, node = node_of(graph.nodes, value)
    use = Use(graph, node, outer)
    if isinstance(node.work, Layer):
        return use if value == node.outputs[0] else None
    if value == node.outputs[0]:
        return _maker(node.work, node.work.result, use)
    tap = node.taps[node.outputs.index(value) - 1]
    assert isinstance(tap, tuple)
    for step in tap[:-1]:
        assert isinstance(use.node.work, Graph)
        use = Use(use.node.work, node_of(use.node.work.nodes, step)[1], use)
    assert isinstance(use.node.work, Graph)
    return _maker(use.node.work, tap[-1], use)


def _keeps_classes(use: Use) -> bool:
    before = use.graph.types[use.node.inputs[0]]
    after = use.graph.types[use.node.outputs[0]]
    layer = use.node.work
    if isinstance(layer, Permute):
        return different_axes(layer.axes, before, "axes")[-1] == before.rank - 1
    return before.channels == after.channels
