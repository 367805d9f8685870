"""Layers that merge tensors: they use exactly what they are given, and at least two.

Elementwise merges need equal ranks and spread sizes of 1, so that 1 x 1 x channels scales an image.
"""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import Way
from netdsl.catalog.axes import axis_of
from netdsl.catalog.base import Combining, Example, Rejection
from netdsl.catalog.quantities import integer
from netdsl.tensor import Dim, Size, TensorType


class _ElementwiseMerge(Combining):
    """Base of merges that combine the numbers at equal places."""

    def infer(self, *inputs: TensorType) -> TensorType:
        merged = inputs[0]
        for index, other in enumerate(inputs[1:], 1):
            _need_rank(self.word, inputs[0], other, index, spreads=True)
            shape = zip(merged.shape, other.shape, strict=True)
            try:
                merged = merged.with_shape(*[_spread(first, second) for first, second in shape])
            except Rejection:
                raise _misfit(self.word, merged, other, index) from None
        return merged


class Add(_ElementwiseMerge):
    """The sum of tensors: a + b + …, sizes of 1 are spread."""

    word: ClassVar[str] = "add"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("add(it, b)", ((5, 6, 3), (5, 6, 3)), (5, 6, 3)),
        Example("add(it, b, c)", ((10,), (10,), (10,)), (10,)),
        Example("add(it, b)", ((7, 4), (1, 4)), (7, 4)),
        Example("add(it, b)", ((8, 8, 256), (8, 8, 64)), rejects="add cannot merge"),
        Example("add(it, b)", ((4, 4, 8), (8, 8, 8)), rejects="4 x 4 x 8 with 8 x 8 x 8"),
        Example("add(it, b)", ((4, 4, 8), (8,)), rejects="as many axes"),
    )


class Sub(_ElementwiseMerge):
    """The first tensor minus the others: a - b - …, sizes of 1 are spread."""

    word: ClassVar[str] = "sub"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("sub(it, b)", ((5, 6, 3), (5, 6, 1)), (5, 6, 3)),
        Example("sub(it, b, c)", ((10,), (10,), (10,)), (10,)),
        Example("sub(it, b)", ((10,), (9,)), rejects="sub cannot merge"),
    )


class Mul(_ElementwiseMerge):
    """The product of tensors, number by number: a * b * …, sizes of 1 are spread."""

    word: ClassVar[str] = "mul"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("mul(it, b)", ((5, 6, 3), (1, 1, 3)), (5, 6, 3)),
        Example("mul(it, b, c)", ((10,), (10,), (10,)), (10,)),
        Example("mul(it, b)", ((5, 6, 3), (3,)), rejects="as many axes"),
    )


class Div(_ElementwiseMerge):
    """The first tensor divided by the others: a / b / …, sizes of 1 are spread."""

    word: ClassVar[str] = "div"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("div(it, b)", ((5, 6, 3), (5, 6, 1)), (5, 6, 3)),
        Example("div(it, b, c)", ((10,), (10,), (10,)), (10,)),
        Example("div(it, b)", ((10,), (9,)), rejects="div cannot merge"),
    )


class Mean(_ElementwiseMerge):
    """The mean of tensors, number by number; sizes of 1 are spread."""

    word: ClassVar[str] = "mean"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("mean(it, b)", ((5, 6, 3), (5, 6, 3)), (5, 6, 3)),
        Example("mean(it, b, c)", ((10,), (10,), (1,)), (10,)),
        Example("mean(it, b)", ((10,), (9,)), rejects="mean cannot merge"),
    )


class Maximum(_ElementwiseMerge):
    """The largest of tensors, number by number; sizes of 1 are spread."""

    word: ClassVar[str] = "maximum"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("maximum(it, b)", ((5, 6, 3), (5, 6, 3)), (5, 6, 3)),
        Example("maximum(it, b, c)", ((10,), (10,), (10,)), (10,)),
        Example("maximum(it, b)", ((10,), (9,)), rejects="maximum cannot merge"),
    )


class Minimum(_ElementwiseMerge):
    """The smallest of tensors, number by number; sizes of 1 are spread."""

    word: ClassVar[str] = "minimum"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("minimum(it, b)", ((5, 6, 3), (5, 6, 3)), (5, 6, 3)),
        Example("minimum(it, b, c)", ((10,), (10,), (10,)), (10,)),
        Example("minimum(it, b)", ((10,), (9,)), rejects="minimum cannot merge"),
    )


class Concat(Combining):
    """Lays tensors side by side along one axis; all other sizes must be equal.

    The size of that axis is the sum of theirs.
    """

    word: ClassVar[str] = "concat"
    axis: int = integer("the axis along which they are laid; -1: the channels", -1, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("concat(it, b)", ((5, 6, 3), (5, 6, 4)), (5, 6, 7)),
        Example("concat(it, b, c)", ((10,), (2,), (3,)), (15,)),
        Example("concat(it, b, axis=0)", ((7, 4), (2, 4)), (9, 4)),
        Example("concat(it, b, axis=1)", ((5, 6, 3), (5, 2, 3)), (5, 8, 3)),
        Example("concat(it, b)", ((3, 4, 5, 2), (3, 4, 5, 1)), (3, 4, 5, 3)),
        Example("concat(it, b)", ((5, 6, 3), (4, 6, 3)), rejects="concat cannot merge"),
        Example("concat(it, b)", ((5, 6, 3), (3,)), rejects="as many axes"),
        Example("concat(it, b, axis=3)", ((5, 6, 3), (5, 6, 3)), rejects="no axis 3"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        axis = axis_of(self.axis, inputs[0])
        shape = list(inputs[0].shape)
        for index, other in enumerate(inputs[1:], 1):
            _need_rank(self.word, inputs[0], other, index)
            for at, size in enumerate(other.shape):
                try:
                    shape[at] = shape[at] + size if at == axis else agree(shape[at], size)
                except Rejection:
                    raise _misfit(self.word, inputs[0], other, index, axis) from None
        return inputs[0].with_shape(*shape)


class Dot(Combining):
    """The scalar product of two tensors along the last axis, which becomes 1.

    Inputs (…, n) and (…, n), output (…, 1): for two vectors, a vector of one unit.
    """

    word: ClassVar[str] = "dot"
    operands: ClassVar[tuple[int, int | None]] = (2, 2)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("dot(it, b)", ((10,), (10,)), (1,)),
        Example("dot(it, b)", ((7, 4), (7, 4)), (7, 1)),
        Example("dot(it, b)", ((5, 6, 3), (5, 6, 3)), (5, 6, 1)),
        Example("dot(it, b)", ((10,), (9,)), rejects="dot cannot merge"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        first, second = inputs
        _need_rank(self.word, first, second, 1)
        if not first.rank:
            raise Rejection("dot needs channels, not a single number", input=0)
        try:
            shape = [agree(a, b) for a, b in zip(first.shape, second.shape, strict=True)]
        except Rejection:
            raise _misfit(self.word, first, second, 1) from None
        return first.with_shape(*shape[:-1], 1)

    def macs(self, *inputs: TensorType) -> Dim:
        return inputs[0].size


def _spread(first: Dim, second: Dim) -> Dim:
    """The size that two sizes give together, where a size of 1 is repeated."""
    if first == 1:
        return second
    return first if second == 1 else agree(first, second)


def _need_rank(
    word: str, first: TensorType, other: TensorType, index: int, spreads: bool = False
) -> None:
    """Refuses tensors of unequal rank; sizes of 1 mend that in a merge that `spreads` them."""
    if first.rank == other.rank:
        return
    fewer, more = sorted((first, other), key=lambda tensor: tensor.rank)
    ones = ", ".join(["1"] * (more.rank - 1) + [str(fewer.shape[-1]) if fewer.rank else "1"])
    raise Rejection(
        f"{word} needs tensors with as many axes, not {first} and {other}",
        input=index,
        help=Way(
            f"reshape({ones}) gives {fewer} as many axes as {more}",
            input=index if fewer is other else 0,
            after=f"reshape({ones})" if spreads else "",
        )
        if fewer.rank < 2
        else "",
    )


def _misfit(
    word: str, first: TensorType, other: TensorType, index: int, joined: int | None = None
) -> Rejection:
    """What is told where `other` does not fit; along the axis `joined` sizes may differ."""
    return Rejection(
        f"{word} cannot merge {first} with {other}",
        input=index,
        help=_mend(first, other, index, joined),
    )


def _mend(first: TensorType, other: TensorType, index: int, joined: int | None) -> str | Way:
    """The edit that would make `other` fit `first`, or the larger of both the smaller."""
    last = first.rank - 1
    differing = [
        axis
        for axis in range(first.rank)
        if axis != joined and _differ(first.shape[axis], other.shape[axis])
    ]
    channels = first.shape[-1] if joined != last else other.shape[-1]
    if differing == [last]:
        layer = f"dense({channels})" if last == 0 else f"conv({channels}, 1)"
        text = f"{layer} on the second of them gives it {channels} channels"
        return Way(text, input=index, after=layer)
    if last == 0:
        layer = f"dense({first.shape[0]})"
        text = f"{layer} on the second of them gives it as many units"
        return Way(text, input=index, after=layer)
    factor = _factor(first, other)
    if factor > 1 and last in differing:
        layer = f"conv({channels}, 1, stride={factor})"
        text = f"{layer} on the second of them gives it that shape"
        return Way(text, input=index, after=layer)
    if factor > 1:
        text = f"a stride of {factor} more in the second branch would give equal sizes"
        return Way(text, input=index, after=_thinned(factor))
    factor = _factor(other, first)
    if factor > 1 and index == 1:
        same = joined == last or first.channels == other.channels
        layer = _thinned(factor) if same else f"conv({other.channels}, 1, stride={factor})"
        text = f"a stride of {factor} more in the first branch would give equal sizes"
        return Way(text, input=0, after=layer)
    return (
        "convolutions and pools with pad=same keep the sizes; crop(like=…) and resize(like=…) take"
        " those of another tensor"
    )


def _thinned(factor: int) -> str:
    """Steps that give one position of `factor` by `factor`, and leave the channels."""
    return f"maxpool({factor}, pad=same)"


def _differ(first: Dim, other: Dim) -> bool:
    """Whether two sizes differ for certain and are not spread."""
    return not isinstance(first - other, Size) and first != other and 1 not in (first, other)


def _factor(first: TensorType, other: TensorType) -> int:
    """The stride that would give `other` as many positions as `first`, or 1."""
    pairs = [
        (a, b)
        for a, b in zip(first.spatial, other.spatial, strict=True)
        if isinstance(a, int) and isinstance(b, int)
    ]
    factors = {-(-b // a) for a, b in pairs}
    if len(factors) != 1 or len(pairs) < first.rank - 1:
        return 1
    factor = factors.pop()
    return factor if all(-(-b // factor) == a for a, b in pairs) else 1
