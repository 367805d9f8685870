"""Keras' rows of the layers that take a part of an axis, or sum it up."""

from __future__ import annotations

from typing import Any

from netdsl.backends.keras.layout import at_run_time, computed, dim, dims, index
from netdsl.backends.keras.rows import Emission, function, row
from netdsl.catalog.layers.select import ReduceMax, ReduceMean, ReduceSum, Slice, Take
from netdsl.tensor import Dim, Size, TensorType


@row(Slice)
def slice_(layer: Slice, inputs: tuple[TensorType, ...]) -> Emission:
    size = inputs[0].shape[layer.axis]
    start, values = _place("start", layer.start, size, inputs)
    stop, more = _place("stop", layer.stop, size, inputs)
    start = "" if layer.start == 0 else start
    stop = "" if layer.stop == size else stop
    text = "{0}" + index(layer.axis, inputs[0].rank, f"{start}:{stop}")
    if "ops.shape" in text:
        text = at_run_time(text, inputs)
    return function(text, **(values | more))


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
    if isinstance(layer.indices, tuple):
        axis = dim(layer.axis, rank)
        return function(f"ops.take({{0}}, {{indices}}, axis={axis})", indices=list(layer.indices))
    return function("{0}" + index(layer.axis, rank, "{indices}"), indices=layer.indices)


@row(ReduceMean)
def reduce_mean(layer: ReduceMean, inputs: tuple[TensorType, ...]) -> Emission:
    return _reduce("mean", layer.axis, inputs[0].rank)


@row(ReduceSum)
def reduce_sum(layer: ReduceSum, inputs: tuple[TensorType, ...]) -> Emission:
    return _reduce("sum", layer.axis, inputs[0].rank)


@row(ReduceMax)
def reduce_max(layer: ReduceMax, inputs: tuple[TensorType, ...]) -> Emission:
    return _reduce("max", layer.axis, inputs[0].rank)


def _reduce(name: str, axis: int | tuple[int, ...], rank: int) -> Emission:
    return function(f"ops.{name}({{0}}, axis={dims(axis, rank)})")
