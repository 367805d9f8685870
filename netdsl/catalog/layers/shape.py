"""Layers that put the numbers of a tensor in another order or shape; none is added or lost."""

from __future__ import annotations

from math import gcd, prod
from typing import ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import Way
from netdsl.catalog.axes import different_axes
from netdsl.catalog.base import Example, Rejection, ShapeOnly, channels_of, known
from netdsl.catalog.quantities import axes, dimensions, integers, whole
from netdsl.tensor import Dim, TensorType


class Flatten(ShapeOnly):
    """A tensor of any shape as a vector, in the order (channels, …).

    All numbers of the first channel come first, as in PyTorch's images: (height, width, channels)
    is read as (channels, height, width), (length, features) as (features, length). A vector stays.
    """

    word: ClassVar[str] = "flatten"
    takes_int: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example("flatten", ((5, 6, 3),), (90,)),
        Example("flatten", ((7, 4),), (28,)),
        Example("flatten", ((3, 4, 5, 2),), (120,)),
        Example("flatten", ((10,),), (10,)),
        Example("flatten", ((7, 4),), (28,), number="int"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_shape(inputs[0].size)


class Unflatten(ShapeOnly):
    """A vector as a tensor of the given sizes: what `flatten` made a vector of.

    Sizes are written as everywhere, channels last; the vector is read as (channels, …).
    """

    word: ClassVar[str] = "unflatten"
    collects: ClassVar[str] = "sizes"
    takes_int: ClassVar[bool] = True
    sizes: tuple[Dim, ...] = dimensions("the shape that comes out, channels last")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("unflatten(5, 6, 3)", ((90,),), (5, 6, 3)),
        Example("unflatten(7, 4)", ((28,),), (7, 4)),
        Example("unflatten(28)", ((28,),), (28,)),
        Example("unflatten((3, 4, 5, 2))", ((120,),), (3, 4, 5, 2)),
        Example("unflatten(8, 8, 2)", ((64,),), rejects="are 128 numbers"),
        Example("unflatten(8, 8, 1)", ((8, 8),), rejects="needs a vector"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        if inputs[0].rank != 1:
            raise Rejection(
                f"unflatten needs a vector, not {inputs[0]}",
                input=0,
                help=Way(
                    "flatten makes it a vector; reshape takes any shape, channels last",
                    before="flatten",
                ),
            )
        return _refilled(inputs[0], self.sizes)


class Reshape(ShapeOnly):
    """The same numbers in the given sizes, both read in the order in which shapes are written.

    That order is channels last: the last axis runs fastest. The product of the sizes stays.
    """

    word: ClassVar[str] = "reshape"
    collects: ClassVar[str] = "sizes"
    takes_int: ClassVar[bool] = True
    sizes: tuple[Dim, ...] = dimensions("the shape that comes out")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("reshape(30, 3)", ((5, 6, 3),), (30, 3)),
        Example("reshape(1, 1, 8)", ((8,),), (1, 1, 8)),
        Example("reshape(2, 2, 2, 2, 3)", ((4, 4, 3),), (2, 2, 2, 2, 3)),
        Example("reshape(90)", ((5, 6, 3),), (90,)),
        Example("reshape(4, 7)", ((7, 4),), (4, 7), number="int"),
        Example("reshape(4, 4)", ((5, 6, 3),), rejects="are 16 numbers"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        return _refilled(inputs[0], self.sizes)


class Permute(ShapeOnly):
    """The axes in another order: axis i of the output is axis `axes[i]` of the input."""

    word: ClassVar[str] = "permute"
    collects: ClassVar[str] = "axes"
    takes_int: ClassVar[bool] = True
    axes: int | tuple[int, ...] = axes("every axis of the input, in the order of the output")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("permute(1, 0, 2)", ((5, 6, 3),), (6, 5, 3)),
        Example("permute(-1, 0, 1)", ((5, 6, 3),), (3, 5, 6)),
        Example("permute(1, 0)", ((7, 4),), (4, 7)),
        Example("permute(0, 2, 1, 3, 4)", ((2, 3, 4, 5, 6),), (2, 4, 3, 5, 6)),
        Example("permute(1, 0)", ((5, 6, 3),), rejects="names 2 of 3 axes"),
        Example("permute(0, 0)", ((7, 4),), rejects="twice"),
        Example("permute(0, 2)", ((7, 4),), rejects="no axis 2"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        order = different_axes(self.axes, inputs[0], "axes")
        if len(order) != inputs[0].rank:
            raise Rejection(
                f"permute names {len(order)} of {inputs[0].rank} axes of {inputs[0]}",
                "axes",
                help="every axis must be named once",
            )
        return inputs[0].with_shape(*(inputs[0].shape[axis] for axis in order))


class PixelShuffle(ShapeOnly):
    """Turns groups of `factor ** 2` channels into squares of pixels (Shi et al., 2016).

    Input (height, width, channels * factor ** 2), output (height * factor, width * factor,
    channels). Channel c * factor ** 2 + i * factor + j gives row i, column j of a square of the
    output's channel c, as in PyTorch.
    """

    word: ClassVar[str] = "pixel_shuffle"
    takes_int: ClassVar[bool] = True
    factor: int = whole("how many times larger height and width become")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("pixel_shuffle(2)", ((5, 6, 12),), (10, 12, 3)),
        Example("pixel_shuffle(1)", ((5, 6, 3),), (5, 6, 3)),
        Example("pixel_shuffle(2)", ((5, 6, 3),), rejects="do not divide"),
        Example("pixel_shuffle(2)", ((7, 4),), rejects="needs an image"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        if inputs[0].rank != 3:
            raise Rejection(
                f"pixel_shuffle needs an image, height x width x channels, not {inputs[0]}", input=0
            )
        height, width, _ = inputs[0].shape
        channels = known(inputs[0].channels, "the number of channels")
        square = self.factor**2
        if channels % square:
            layer = f"conv({(channels // square + 1) * square}, 1)"
            raise Rejection(
                f"squares of {square} pixels do not divide the {channels} channels that flow in",
                "factor",
                0,
                help=Way(f"{layer} before it would do", before=layer),
                about="channels",
            )
        return inputs[0].with_shape(height * self.factor, width * self.factor, channels // square)


class ChannelShuffle(ShapeOnly):
    """Deals the channels of each group out to all groups (ShuffleNet: Zhang et al., 2018).

    Channel i of group g becomes channel i * groups + g. Input (…, channels), the shape stays.
    """

    word: ClassVar[str] = "channel_shuffle"
    takes_int: ClassVar[bool] = True
    groups: int = whole("how many groups of neighbouring channels there are")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("channel_shuffle(3)", ((5, 6, 12),), (5, 6, 12)),
        Example("channel_shuffle(2)", ((7, 4),), (7, 4)),
        Example("channel_shuffle(2)", ((10,),), (10,)),
        Example("channel_shuffle(3)", ((5, 6, 4),), rejects="do not divide"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels = channels_of(inputs[0], self.word)
        if channels % self.groups:
            fitting = gcd(self.groups, channels)
            raise Rejection(
                f"{self.groups} groups do not divide the {channels} channels that flow in",
                "groups",
                help=Way(f"groups={fitting} divides them", argument="groups", value=str(fitting)),
                about="channels",
            )
        return inputs[0]


class Roll(ShapeOnly):
    """Moves everything along an axis; what leaves at one end comes in at the other.

    A positive shift moves towards higher positions. Several axes take one shift for all, or a
    tuple with one for each.
    """

    word: ClassVar[str] = "roll"
    takes_int: ClassVar[bool] = True
    shift: int | tuple[int, ...] = integers("by how many positions")
    axis: int | tuple[int, ...] = axes("along which axis or axes", 0, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("roll(2)", ((7, 4),), (7, 4)),
        Example("roll((-1, 2), axis=(0, 1))", ((5, 6, 3),), (5, 6, 3)),
        Example("roll(-3, axis=(0, 1))", ((5, 6, 3),), (5, 6, 3)),
        Example("roll(1, axis=-1)", ((5, 6, 3),), (5, 6, 3)),
        Example("roll((1, 2), axis=0)", ((7, 4),), rejects="2 shifts for 1 axis"),
        Example("roll(1, axis=2)", ((7, 4),), rejects="no axis 2"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        count = len(different_axes(self.axis, inputs[0]))
        if isinstance(self.shift, tuple) and len(self.shift) != count:
            raise Rejection(
                f"roll has {len(self.shift)} shifts for {count} {'axes' if count > 1 else 'axis'}",
                "shift",
            )
        return inputs[0]


class OneHot(ShapeOnly):
    """A number of a class as a vector that is 1 there and 0 elsewhere.

    Input whole numbers from 0 to classes - 1 of any shape, output (…, classes).
    """

    word: ClassVar[str] = "one_hot"
    takes_int: ClassVar[bool] = True
    classes: int = whole("how many classes there are")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("one_hot(10)", ((7,),), (7, 10), number="int"),
        Example("one_hot(3)", ((),), (3,), number="int"),
        Example("one_hot(4)", ((5, 6),), (5, 6, 4), number="int"),
        Example("one_hot(4)", ((5, 6, 2),), (5, 6, 2, 4), number="int"),
        Example("one_hot(10)", ((7,),), rejects="needs whole numbers"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _need_whole(self.word, inputs[0])
        return TensorType((*inputs[0].shape, self.classes))


class NotEqual(ShapeOnly):
    """Which whole numbers are not `value`: 1 there, 0 elsewhere, as a mask says what counts.

    Input whole numbers of any shape, output whole numbers of the same shape.
    """

    word: ClassVar[str] = "not_equal"
    takes_int: ClassVar[bool] = True
    value: int = whole("the number whose places are 0", minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("not_equal(0)", ((7,),), (7,), number="int"),
        Example("not_equal(1)", ((5, 6, 2),), (5, 6, 2), number="int"),
        Example("not_equal(2)", ((),), (), number="int"),
        Example("not_equal(0)", ((7,),), rejects="needs whole numbers"),
        Example("not_equal(0.5)", ((7,),), number="int", rejects="value expects"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _need_whole(self.word, inputs[0])
        return inputs[0]


def _need_whole(word: str, flowing: TensorType) -> None:
    if flowing.number != "int":
        raise Rejection(
            f"{word} needs whole numbers, not {flowing} of float",
            input=0,
            help=Way("an input of whole numbers says `of int`", declare=" of int"),
        )


def _refilled(flowing: TensorType, sizes: tuple[Dim, ...]) -> TensorType:
    """The tensor in other sizes of the same product."""
    refilled = flowing.with_shape(*sizes)
    try:
        agree(refilled.size, flowing.size)
    except Rejection:
        shown = flowing.with_shape(*sizes).replace(number="float")
        raise Rejection(
            f"the sizes {shown} are {refilled.size} numbers, but {flowing.size} flow in"
            f" ({flowing})",
            "sizes",
            help=_last_size_fitting(flowing, sizes),
        ) from None
    return refilled


def _last_size_fitting(flowing: TensorType, sizes: tuple[Dim, ...]) -> str | Way:
    """The sizes with another last one, where one fits."""
    rest = prod(size for size in sizes[:-1] if isinstance(size, int))
    size = flowing.size
    if not isinstance(size, int) or rest == 0 or size % rest:
        return ""
    fitting = (*sizes[:-1], size // rest)
    written = ", ".join(map(str, fitting))
    return Way(f"a last size of {fitting[-1]} would do", argument="sizes", value=written)
