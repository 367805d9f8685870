"""PyTorch's rows of the layers that take a part of an axis, or sum it up."""

from __future__ import annotations

from typing import Any

from netdsl.backends.torch.layout import computed, dims, index, order, rearranged
from netdsl.backends.torch.rows import Emission, function, row
from netdsl.catalog.layers.select import ReduceMax, ReduceMean, ReduceSum, Slice, Take
from netdsl.tensor import Dim, Size, TensorType


@row(Slice)
def slice_(layer: Slice, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    size = inputs[0].shape[layer.axis]
    start, values = _place("start", layer.start, size, inputs)
    stop, more = _place("stop", layer.stop, size, inputs)
    start = "" if layer.start == 0 else start
    stop = "" if layer.stop == size else stop
    return function("{0}" + index(layer.axis, rank, f"{start}:{stop}"), **(values | more))


def _place(
    name: str, place: Dim, size: Dim, inputs: tuple[TensorType, ...]
) -> tuple[str, dict[str, Any]]:
    """A position as a template and its values; an unknown one from the end, if it can be."""
    if not isinstance(place, Size):
        return f"{{{name}}}", {name: place}
    from_end = place - size
    if not isinstance(from_end, Size):
        return f"{{{name}}}", {name: from_end}
    return computed(place, inputs), {}


@row(Take)
def take(layer: Take, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    text = "{0}" + index(layer.axis, rank, "{indices}")
    if isinstance(layer.indices, tuple):
        return function(text, indices=list(layer.indices))
    return function(text + _kept(rank, (layer.axis % rank,)), indices=layer.indices)


@row(ReduceMean)
def reduce_mean(layer: ReduceMean, inputs: tuple[TensorType, ...]) -> Emission:
    return _reduce("mean", layer.axis, inputs[0].rank)


@row(ReduceSum)
def reduce_sum(layer: ReduceSum, inputs: tuple[TensorType, ...]) -> Emission:
    return _reduce("sum", layer.axis, inputs[0].rank)


@row(ReduceMax)
def reduce_max(layer: ReduceMax, inputs: tuple[TensorType, ...]) -> Emission:
    return _reduce("amax", layer.axis, inputs[0].rank)


def _reduce(name: str, axis: int | tuple[int, ...], rank: int) -> Emission:
    gone = tuple(at % rank for at in (axis if isinstance(axis, tuple) else (axis,)))
    where = dims(axis, rank)
    where = tuple(sorted(where)) if isinstance(where, tuple) else where
    return function(f"{{0}}.{name}(dim={where}){_kept(rank, gone)}")


def _kept(rank: int, gone: tuple[int, ...]) -> str:
    """The method call that orders what is left when some axes are gone, or nothing."""
    left = [axis for axis in range(rank) if axis not in gone]
    return rearranged([left.index(axis) for axis in order(rank) if axis not in gone])
