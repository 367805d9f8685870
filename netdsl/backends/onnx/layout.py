"""Moves of axes, and positions along them, that rows share.

Tensors lie as in PyTorch (`netdsl.backends.torch.layout`): a sequence is (batch, length, features),
which operators over channels, such as a convolution, want as (batch, features, length).
"""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.torch.layout import order
from netdsl.tensor import Dim


def channels_first(graph: Builder, x: str, rank: int) -> str:
    """A tensor with its channels before the positions; only sequences are moved."""
    return _swapped(graph, x) if rank == 2 else x


def from_channels_first(graph: Builder, x: str, rank: int) -> str:
    """The inverse of `channels_first`."""
    return _swapped(graph, x) if rank == 2 else x


def channels_last(graph: Builder, x: str, rank: int) -> str:
    """A tensor with its channels on the last axis; only images and volumes are moved."""
    return graph.transpose(x, (0, *range(2, rank + 1), 1)) if rank > 2 else x


def from_channels_last(graph: Builder, x: str, rank: int) -> str:
    """The inverse of `channels_last`."""
    return graph.transpose(x, (0, rank, *range(1, rank))) if rank > 2 else x


def along_channels(graph: Builder, vector: str, rank: int) -> str:
    """A vector of one number for each channel, as it is spread over a tensor of this rank."""
    return graph.column(vector, rank - 1 if rank > 2 else 0)


def rearranged(graph: Builder, x: str, held: Sequence[int]) -> str:
    """A tensor brought into ONNX's order; `held` names the axis of the spec at each dimension.

    The batch, before all, is not counted.
    """
    return graph.transpose(x, (0, *(held.index(axis) + 1 for axis in order(len(held)))))


def numbers_below(graph: Builder, size: Dim) -> str:
    """The numbers 0, 1, … below a size, which may be known only at run time."""
    end = graph.add("Squeeze", graph.size(size))
    return graph.add("Range", graph.integers(0), end, graph.integers(1))


def _swapped(graph: Builder, x: str) -> str:
    return graph.transpose(x, (0, 2, 1))
