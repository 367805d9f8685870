"""Where the axes of a spec lie in PyTorch.

A spec counts axes channels last and without the batch. In PyTorch the batch comes first, and from
images on the channels come next, (batch, channels, height, width); vectors and sequences keep
their order, (batch, units) and (batch, length, features).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netdsl.backends.sizes import computed as _computed
from netdsl.tensor import Dim, Size, TensorType


def order(rank: int) -> tuple[int, ...]:
    """The axes of a tensor in PyTorch's order, without the batch."""
    return (rank - 1, *range(rank - 1)) if rank >= 3 else tuple(range(rank))


def dim(axis: int, rank: int) -> int:
    """PyTorch's dimension of an axis, which may be counted from the end."""
    return order(rank).index(axis % rank) + 1


def dims(axes: int | tuple[int, ...], rank: int) -> int | tuple[int, ...]:
    """PyTorch's dimensions of an axis, or of several in their order."""
    if isinstance(axes, int):
        return dim(axes, rank)
    return tuple(dim(axis, rank) for axis in axes)


def channel_dim(rank: int) -> int:
    """PyTorch's dimension of the channels: 1, but 2 in sequences."""
    return dim(-1, rank)


def rearranged(held: Sequence[int]) -> str:
    """The method call that brings a tensor into PyTorch's order, or nothing.

    `held` names, for each dimension after the batch, the axis of the spec that lies there.
    """
    wanted = order(len(held))
    permutation = [held.index(axis) + 1 for axis in wanted]
    count = len(held)
    if permutation == list(range(1, count + 1)):
        return ""
    if permutation == [count, *range(1, count)]:
        return ".movedim(-1, 1)"
    if permutation == [*range(2, count + 1), 1]:
        return ".movedim(1, -1)"
    return f".permute(0, {', '.join(map(str, permutation))})"


def to_written(rank: int) -> str:
    """The method call that puts the channels last, as specs are written, or nothing."""
    return ".movedim(1, -1)" if rank >= 3 else ""


def from_written(rank: int) -> str:
    """The method call that brings axes in the order of writing into PyTorch's, or nothing."""
    return rearranged(range(rank))


def index(axis: int, rank: int, place: str) -> str:
    """A subscript that takes `place` of one axis and all of the others."""
    return f"[{', '.join([':'] * dim(axis, rank) + [place])}]"


def unflattened(sizes: Sequence[Dim], inputs: tuple[TensorType, ...]) -> tuple[str, dict[str, Any]]:
    """Sizes for `unflatten`, as a template and its values.

    One size that is known only at run time is left to PyTorch (-1), others are computed from
    the shapes that flow in.
    """
    unknown = [place for place, size in enumerate(sizes) if isinstance(size, Size)]
    if len(unknown) <= 1:
        return "{sizes}", {"sizes": tuple(-1 if isinstance(s, Size) else s for s in sizes)}
    written = [
        computed(size, inputs) if isinstance(size, Size) else str(size)
        for size in sizes[: unknown[-1]]
    ]
    return f"({', '.join([*written, '-1', *map(str, sizes[unknown[-1] + 1 :])])})", {}


def computed(size: Size, inputs: tuple[TensorType, ...]) -> str:
    """A size known only at run time, as a template over the shapes that flow in."""
    return _computed(
        size,
        inputs,
        lambda number, axis: f"{{{number}}}.shape[{dim(axis, inputs[number].rank)}]",
        "PyTorch",
    )
