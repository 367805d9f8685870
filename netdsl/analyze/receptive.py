"""The receptive field: how many positions of the input one position of a tensor sees.

A layer whose window spans `k` positions (dilation included) widens the field by `(k - 1)` times
the distance, in the input, of neighbouring positions that flow into it; its stride multiplies that
distance. Where paths meet, the widest counts (Araujo, Norris and Sim, "Computing Receptive Fields
of Convolutional Neural Networks", Distill, 2019). A layer that mixes all positions sees the whole
input, and so does everything after it; the field before it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from netdsl.analyze.paths import Algebra, Paths
from netdsl.catalog.axes import different_axes
from netdsl.catalog.base import Combining, Elementwise, Layer
from netdsl.catalog.windows import Window, axes_of
from netdsl.graph import Graph
from netdsl.record import Record
from netdsl.tensor import Dim, TensorType

# Distances are fractions after layers that raise the resolution; a float is near enough, since
# fields are rounded up at the end with a little slack.
_SLACK = 1e-6


class Reach:
    """How positions of one tensor see those of another, axis by axis.

    A position sees `size` neighbouring positions; neighbours lie `jump` apart. `whole` says
    that it sees all of them: then both are those of the last tensor before.
    """

    __slots__ = ("jump", "size", "whole")

    def __init__(
        self, size: tuple[float, ...], jump: tuple[float, ...], whole: bool = False
    ) -> None:
        self.size = size
        self.jump = jump
        self.whole = whole

    def seeing_all(self) -> Reach:
        """The same, followed by a layer that sees all positions."""
        return self if self.whole else Reach(self.size, self.jump, True)


@cache
def _itself(axes: int) -> Reach:
    """Each position sees itself alone; one object for each number of axes."""
    return Reach((1.0,) * axes, (1.0,) * axes)


class ReceptiveField(Record):
    """The field of what a net gives, in positions of the input.

    `whole` says that the output sees all of the input; `size` and `stride` are then those of
    the last tensor before, None where there was none with positions.
    """

    size: tuple[int, ...] | None
    stride: tuple[float, ...] | None
    whole: bool


class _Field(Algebra[Reach]):
    """Composes reaches; see the module for the arithmetic."""

    def start(self, flowing: TensorType) -> Reach:
        return _alone(flowing)

    def source(self, layer: Layer, made: TensorType) -> None:
        return None

    def layer(
        self, layer: Layer, inputs: tuple[TensorType, ...], index: int, made: TensorType
    ) -> Reach:
        rule = _RULES.get(layer.word)
        if rule is not None:
            return rule(layer, inputs[index], made)
        return _alone(inputs[index], whole=not isinstance(layer, (Elementwise, Combining)))

    def then(self, first: Reach, second: Reach) -> Reach:
        if second is _itself(len(first.size)) or first.whole:
            return first
        if len(first.size) != len(second.size):
            return first.seeing_all()
        size = [
            a + (b - 1) * j for a, b, j in zip(first.size, second.size, first.jump, strict=True)
        ]
        jump = [a * b for a, b in zip(first.jump, second.jump, strict=True)]
        return Reach(tuple(size), tuple(jump), second.whole)

    def join(self, one: Reach, other: Reach) -> Reach:
        if len(one.size) != len(other.size):
            return (one if len(one.size) > len(other.size) else other).seeing_all()
        if one is other:
            return one
        return Reach(
            tuple(map(max, one.size, other.size)),
            tuple(map(max, one.jump, other.jump)),
            one.whole or other.whole,
        )


def receptive_field(graph: Graph) -> ReceptiveField | None:
    """The receptive field of the main output; None where no input of the net has positions.

    With several inputs it is the widest of them, and so it is of the outputs where none is the
    main one.
    """
    algebra = _Field()
    reach: Reach | None = None
    main = any(output.kind == "main" for output in graph.outputs)
    further = tuple([one.value for one in graph.outputs if one.kind == "output"])
    ends = further if further and not main else (graph.result,)
    paths = Paths(algebra)
    for port, found in (item for end in ends for item in paths.to(graph, (end,)).items()):
        if _positions(graph.ports[port].type):
            reach = found if reach is None else algebra.join(reach, found)
    if reach is None:
        return None
    size = tuple(math.ceil(n - _SLACK) for n in reach.size)
    if reach.whole and not any(n > 1 for n in size):
        return ReceptiveField(None, None, True)
    return ReceptiveField(size, reach.jump, reach.whole)


def _positions(flowing: TensorType) -> tuple[Dim, ...]:
    """The axes that are positions: all of whole numbers, which stand for words or classes."""
    return flowing.shape if flowing.number == "int" else flowing.shape[:-1]


def _alone(flowing: TensorType, whole: bool = False) -> Reach:
    """Each position of a tensor sees itself; with `whole`, all of them."""
    itself = _itself(len(_positions(flowing)))
    return itself.seeing_all() if whole else itself


_Rule: TypeAlias = "Callable[[Any, TensorType, TensorType], Reach]"


def _windowed(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    return _slid(layer.window(), flowing)


def _slid(window: Window, flowing: TensorType) -> Reach:
    """A window that slides."""
    size, strides = _spans(window, flowing.rank - 1)
    return Reach(tuple(map(float, size)), tuple(map(float, strides)))


def _transposed(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    """m neighbouring outputs lie under at most ceil((span + m - 1) / stride) windows."""
    window = Window(layer.kernel, layer.stride, layer.pad, layer.dilation)
    spans, strides = _spans(window, flowing.rank - 1)
    size = [span / stride for span, stride in zip(spans, strides, strict=True)]
    return Reach(tuple(size), tuple(1 / stride for stride in strides))


def _spans(window: Window, rank: int) -> tuple[list[int], tuple[int, ...]]:
    """How many positions a window spans on each axis, and its strides."""
    kernel = axes_of(window.kernel, rank, window.argument)
    dilation = axes_of(window.dilation, rank, "dilation")
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    return spans, axes_of(window.stride, rank, "stride")


def _adaptive(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    """The widest of the windows; neighbours lie n / s apart."""
    size: list[float] = []
    for n, s in zip(flowing.spatial, made.spatial, strict=True):
        if not isinstance(n, int) or not isinstance(s, int) or s == 1:
            return _alone(flowing, whole=True)
        size.append(max(-(-(i + 1) * n // s) - i * n // s for i in range(s)))
    return _resampled(flowing, made, tuple(size))


def _upsampled(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    factors = axes_of(layer.factor, flowing.rank - 1, "factor")
    return Reach(_neighbours(layer, flowing), tuple(1 / factor for factor in factors))


def _resized(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    return _resampled(flowing, made, _neighbours(layer, flowing))


def _unpooled(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    """Each position sees one that was pooled, or a few where windows overlap, which is not known.

    A pool's stride is a whole number, also where the last window is cut off.
    """
    size, jump = (1.0,) * (flowing.rank - 1), []
    for n, s in zip(flowing.spatial, made.spatial, strict=True):
        if not isinstance(n, int) or not isinstance(s, int):
            return _alone(flowing, whole=True)
        jump.append(1 / max(1, round(s / n)))
    return Reach(size, tuple(jump))


def _neighbours(layer: Any, flowing: TensorType) -> tuple[float, ...]:
    """How many positions are mixed on each axis: `bilinear` mixes two."""
    return (2.0 if layer.mode == "bilinear" else 1.0,) * (flowing.rank - 1)


def _shuffled(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    return Reach((1.0, 1.0), (1 / layer.factor,) * 2)


def _resampled(flowing: TensorType, made: TensorType, size: tuple[float, ...]) -> Reach:
    """Each position sees `size`; n positions become s, so neighbours lie n / s apart."""
    jump: list[float] = []
    for n, s in zip(flowing.spatial, made.spatial, strict=True):
        if not isinstance(n, int) or not isinstance(s, int):
            return _alone(flowing, whole=True)
        jump.append(n / s)
    return Reach(size, tuple(jump))


def _pointwise(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    return _alone(flowing)


def _along_axis(layer: Any, flowing: TensorType, made: TensorType) -> Reach:
    """Pointwise along the channels alone; else positions come to lie elsewhere."""
    axes = different_axes(layer.axis, flowing)
    alone = axes == (flowing.rank - 1,) and made.rank == flowing.rank
    return _alone(flowing, whole=not alone)


# The rule of each word. What is elementwise or merges works position by position without one; what
# is left (global pools, flatten, products, recurrences, attention) sees everything.
_RULES: dict[str, _Rule] = {
    "conv": _windowed,
    "depthwise": _windowed,
    "separable": _windowed,
    "conv_transpose": _transposed,
    "maxpool": _windowed,
    "avgpool": _windowed,
    "adaptive_avgpool": _adaptive,
    "adaptive_maxpool": _adaptive,
    "upsample": _upsampled,
    "resize": _resized,
    "pixel_shuffle": _shuffled,
    "unpool": _unpooled,
    "take": _along_axis,
    "roll": _along_axis,
    "concat": _along_axis,
    **dict.fromkeys(
        (
            "batchnorm",
            "channel_shuffle",
            "class_token",
            "crop",
            "dense",
            "embedding",
            "l2_normalize",
            "layer_scale",
            "layernorm",
            "lrn",
            "maxout",
            "normalize",
            "not_equal",
            "one_hot",
            "pad",
            "pad_channels",
            "positional",
            "prelu",
            "rmsnorm",
            "sample",
            "slice",
        ),
        _pointwise,
    ),
}
