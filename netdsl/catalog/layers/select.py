"""Layers that take a part of a tensor along an axis, or sum an axis up."""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.axes import axis_of, different_axes
from netdsl.catalog.base import Example, Rejection, ShapeOnly
from netdsl.catalog.quantities import axes, integer, integers, position
from netdsl.tensor import Dim, TensorType


class Slice(ShapeOnly):
    """The positions from `start` up to but without `stop` of one axis.

    Positions count from 0, negative ones from the end, as in Python; but all must exist.
    """

    word: ClassVar[str] = "slice"
    takes_int: ClassVar[bool] = True
    start: Dim = position("the first position that is taken")
    stop: Dim = position("the position after the last")
    axis: int = integer("along which axis; -1: the channels", -1, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("slice(0, 2)", ((5, 6, 3),), (5, 6, 2)),
        Example("slice(1, 5, axis=0)", ((7, 4),), (4, 4)),
        Example("slice(-3, -1, axis=1)", ((5, 6, 3),), (5, 2, 3)),
        Example("slice(2, 10)", ((10,),), (8,)),
        Example("slice(0, 4)", ((5, 6, 3),), rejects="beyond"),
        Example("slice(-4, 3)", ((5, 6, 3),), rejects="beyond"),
        Example("slice(2, 2)", ((5, 6, 3),), rejects="takes nothing"),
        Example("slice(0, 1, axis=3)", ((5, 6, 3),), rejects="no axis 3"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        axis = axis_of(self.axis, inputs[0])
        size = inputs[0].shape[axis]
        start, stop = _from_start(self.start, size), _from_start(self.stop, size)
        for argument, place in (("start", start), ("stop", stop)):
            if _negative(place) or _negative(size - place):
                raise Rejection(
                    f"{argument} is beyond the {size} positions of axis {axis} of {inputs[0]}",
                    argument,
                )
        if _negative(stop - start - 1):
            raise Rejection(f"slice takes nothing from {start} to {stop}", "stop")
        shape = list(inputs[0].shape)
        shape[axis] = stop - start
        return inputs[0].with_shape(*shape)


class Take(ShapeOnly):
    """The given positions of one axis, in the order given.

    A list or tuple gives an axis of its length; a single number drops the axis. Positions count
    from 0, negative ones from the end.
    """

    word: ClassVar[str] = "take"
    takes_int: ClassVar[bool] = True
    indices: int | tuple[int, ...] = integers("which positions; a single one drops the axis")
    axis: int = integer("along which axis; -1: the channels", -1, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("take([2, 0])", ((5, 6, 3),), (5, 6, 2)),
        Example("take(0, axis=0)", ((7, 4),), (4,)),
        Example("take(-1)", ((5, 6, 3),), (5, 6)),
        Example("take(1, axis=0)", ((5, 6, 3),), (6, 3)),
        Example("take(1, axis=3)", ((3, 4, 5, 2),), (3, 4, 5)),
        Example("take([1, 1, 2], axis=0)", ((7,),), (3,)),
        Example("take(3)", ((5, 6, 3),), rejects="no position 3"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        axis = axis_of(self.axis, inputs[0])
        size = inputs[0].shape[axis]
        for index in self.indices if isinstance(self.indices, tuple) else (self.indices,):
            place = _from_start(index, size)
            if _negative(place) or _negative(size - 1 - place):
                raise Rejection(
                    f"there is no position {index} in the {size} of axis {axis} of {inputs[0]}",
                    "indices",
                )
        taken = (len(self.indices),) if isinstance(self.indices, tuple) else ()
        shape = inputs[0].shape
        return inputs[0].with_shape(*shape[:axis], *taken, *shape[axis + 1 :])


class _Reduction(ShapeOnly):
    """Base of layers that make one number of all along some axes, which then are gone."""

    axis: int | tuple[int, ...] = axes("the axis or axes that are summed up", keyword=True)

    def infer(self, *inputs: TensorType) -> TensorType:
        gone = different_axes(self.axis, inputs[0])
        kept = [size for axis, size in enumerate(inputs[0].shape) if axis not in gone]
        return inputs[0].with_shape(*kept)


class ReduceMean(_Reduction):
    """The mean along some axes, which then are gone."""

    word: ClassVar[str] = "reduce_mean"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("reduce_mean(axis=(0, 1))", ((5, 6, 3),), (3,)),
        Example("reduce_mean(axis=0)", ((5, 6, 3),), (6, 3)),
        Example("reduce_mean(axis=-1)", ((3, 4, 5, 2),), (3, 4, 5)),
        Example("reduce_mean(axis=0)", ((10,),), ()),
        Example("reduce_mean(axis=(0, 0))", ((5, 6, 3),), rejects="twice"),
        Example("reduce_mean(axis=3)", ((5, 6, 3),), rejects="no axis 3"),
    )


class ReduceSum(_Reduction):
    """The sum along some axes, which then are gone."""

    word: ClassVar[str] = "reduce_sum"
    takes_int: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example("reduce_sum(axis=-1)", ((5, 6, 3),), (5, 6)),
        Example("reduce_sum(axis=(0, 1, 2))", ((5, 6, 3),), ()),
        Example("reduce_sum(axis=0)", ((7, 4),), (4,), number="int"),
        Example("reduce_sum(axis=2)", ((7, 4),), rejects="no axis 2"),
    )


class ReduceMax(_Reduction):
    """The largest along some axes, which then are gone."""

    word: ClassVar[str] = "reduce_max"
    takes_int: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example("reduce_max(axis=0)", ((7, 4),), (4,)),
        Example("reduce_max(axis=(1, 2))", ((5, 6, 3),), (5,)),
        Example("reduce_max(axis=1)", ((3, 4, 5, 2),), (3, 5, 2)),
        Example("reduce_max(axis=2)", ((7, 4),), rejects="no axis 2"),
    )


def _from_start(place: Dim, size: Dim) -> Dim:
    """A position counted from 0, where negative numbers count from the end."""
    return size + place if isinstance(place, int) and place < 0 else place


def _negative(size: Dim) -> bool:
    """Whether a size is certain to be below 0."""
    return isinstance(size, int) and size < 0
