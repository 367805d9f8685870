"""ONNX's rows of the layers that take a part of an axis, or sum it up."""

from __future__ import annotations

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import rearranged
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import dim, order
from netdsl.catalog.layers.select import ReduceMax, ReduceMean, ReduceSum, Slice, Take
from netdsl.tensor import TensorType


@row(Slice)
def slice_(
    layer: Slice, inputs: tuple[TensorType, ...], graph: Builder, x: str, *others: str
) -> str:
    axes = graph.integers([dim(layer.axis, inputs[0].rank)])
    return graph.add("Slice", x, graph.size(layer.start), graph.size(layer.stop), axes)


@row(Take)
def take(layer: Take, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    taken = graph.add("Gather", x, graph.integers(layer.indices), axis=dim(layer.axis, rank))
    if isinstance(layer.indices, tuple):
        return taken
    return _kept(graph, taken, rank, (layer.axis % rank,))


@row(ReduceMean)
def reduce_mean(layer: ReduceMean, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return _reduced(graph, "ReduceMean", x, layer.axis, inputs[0].rank)


@row(ReduceSum)
def reduce_sum(layer: ReduceSum, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return _reduced(graph, "ReduceSum", x, layer.axis, inputs[0].rank)


@row(ReduceMax)
def reduce_max(layer: ReduceMax, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return _reduced(graph, "ReduceMax", x, layer.axis, inputs[0].rank)


def _reduced(graph: Builder, op: str, x: str, axis: int | tuple[int, ...], rank: int) -> str:
    gone = tuple(at % rank for at in (axis if isinstance(axis, tuple) else (axis,)))
    where = graph.integers(sorted(dim(at, rank) for at in gone))
    return _kept(graph, graph.add(op, x, where, keepdims=0), rank, gone)


def _kept(graph: Builder, x: str, rank: int, gone: tuple[int, ...]) -> str:
    """What is left when some axes are gone, its axes in ONNX's order."""
    left = [axis for axis in range(rank) if axis not in gone]
    return rearranged(graph, x, [left.index(axis) for axis in order(rank) if axis not in gone])
