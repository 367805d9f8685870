"""Axes of a tensor, as a spec counts them: from 0 without the batch, or from the end with -1."""

from __future__ import annotations

from netdsl.catalog.arguments import Rejection, Way
from netdsl.tensor import TensorType


def axis_of(axis: int, flowing: TensorType, argument: str = "axis") -> int:
    """The axis counted from 0, or a `Rejection` that blames the argument."""
    rank = flowing.rank
    if -rank <= axis < rank:
        return axis % rank
    if not rank:
        raise Rejection("a single number has no axes", argument, 0)
    raise Rejection(
        f"there is no axis {axis} in {flowing}",
        argument,
        help=Way(
            f"its axes are 0 to {rank - 1}, or -1 to -{rank} from the end",
            argument=argument,
            value="-1",
        ),
    )


def different_axes(
    axes: int | tuple[int, ...], flowing: TensorType, argument: str = "axis"
) -> tuple[int, ...]:
    """Several axes counted from 0, in the order given; naming one twice is a `Rejection`."""
    given = axes if isinstance(axes, tuple) else (axes,)
    found = tuple(axis_of(axis, flowing, argument) for axis in given)
    if len(set(found)) < len(found):
        raise Rejection(f"an axis of {flowing} is named twice", argument)
    return found
