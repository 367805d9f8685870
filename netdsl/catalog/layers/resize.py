"""Layers that add or cut positions or channels, or change the resolution."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from netdsl.catalog.arguments import choice, tensor_input, ways_of
from netdsl.catalog.base import Example, Rejection, ShapeOnly, channels_of
from netdsl.catalog.quantities import amounts, number, sizes, whole
from netdsl.catalog.windows import axes_of, spatial_rank
from netdsl.tensor import Dim, TensorType

Amount: TypeAlias = "int | tuple[int | tuple[int, int], ...]"
MODES = ("nearest", "bilinear")


class Pad(ShapeOnly):
    """Adds rows and columns of one number around the positions; channels stay.

    Input (…, channels) with one to three axes of positions. A number is added on all sides, a
    tuple has for each axis a number or a pair (before, after).
    """

    word: ClassVar[str] = "pad"
    takes_int: ClassVar[bool] = True
    amount: Amount = amounts("how many positions are added")
    value: float = number("what is filled in", 0, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("pad(2)", ((5, 6, 3),), (9, 10, 3)),
        Example("pad(((0, 1), 2), value=-1)", ((5, 6, 3),), (6, 10, 3)),
        Example("pad(((3, 0),))", ((7, 4),), (10, 4)),
        Example("pad(1)", ((7, 4),), (9, 4), number="int"),
        Example("pad((1, 0, 2))", ((3, 4, 5, 2),), (5, 4, 9, 2)),
        Example("pad((1, 2, 3))", ((5, 6, 3),), rejects="has 3 entries"),
        Example("pad(-1)", ((5, 6, 3),), rejects="expects a number"),
        Example("pad(1)", ((10,),), rejects="pad needs"),
        Example("pad(1, value=0.5)", ((7, 4),), number="int", rejects="whole number"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        pairs = pairs_of(self.amount, _positions(inputs[0], "pad", "pad_channels adds channels"))
        if inputs[0].number == "int" and self.value != int(self.value):
            raise Rejection(
                f"pad fills a tensor of whole numbers with {self.value:g}, no whole number", "value"
            )
        spatial = zip(inputs[0].spatial, pairs, strict=True)
        padded = [size + before + after for size, (before, after) in spatial]
        return inputs[0].with_shape(*padded, inputs[0].channels)


class Crop(ShapeOnly):
    """Cuts positions off: by an amount as in `pad`, or down to the sizes of another tensor.

    With `like`, the middle is kept; an odd row or column more is cut at the end. Input (…,
    channels) with one to three axes of positions; channels stay. Either argument must be given.
    """

    word: ClassVar[str] = "crop"
    takes_int: ClassVar[bool] = True
    amount: Amount | None = amounts("how many positions are cut off", None)
    like: int | None = tensor_input("a tensor whose sizes are kept", None, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("crop(1)", ((5, 6, 3),), (3, 4, 3)),
        Example("crop(((0, 1), 2))", ((5, 6, 3),), (4, 2, 3)),
        Example("crop(((2, 0),))", ((7, 4),), (5, 4)),
        Example("crop((1, 0, 2))", ((3, 4, 5, 2),), (1, 4, 1, 2)),
        Example("crop(like=b)", ((8, 9, 3), (5, 5, 7)), (5, 5, 3)),
        Example("crop(like=b)", ((7, 4), (4, 2)), (4, 4)),
        Example("crop(like=b)", ((4, 9, 3), (5, 5, 7)), rejects="smaller"),
        Example("crop(like=b)", ((5, 6, 3), (4, 2)), rejects="as many axes"),
        Example("crop(3)", ((5, 6, 3),), rejects="nothing is left"),
        Example("crop", ((5, 6, 3),), rejects="either"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _positions(inputs[0], "crop", "slice takes a part of the channels")
        if self.like is not None and self.amount is None:
            return self._down_to(inputs[0], inputs[self.like])
        if self.amount is None or self.like is not None:
            raise Rejection("crop needs either an amount or like", "amount")
        pairs = pairs_of(self.amount, inputs[0].rank - 1)
        spatial = zip(inputs[0].spatial, pairs, strict=True)
        left = [size - before - after for size, (before, after) in spatial]
        if any(isinstance(size, int) and size < 1 for size in left):
            raise Rejection(f"nothing is left of {inputs[0]}", "amount")
        return inputs[0].with_shape(*left, inputs[0].channels)

    def _down_to(self, flowing: TensorType, like: TensorType) -> TensorType:
        _need_axes_of(like, flowing, "crop")
        for size, target in zip(flowing.spatial, like.spatial, strict=True):
            left = size - target
            if isinstance(left, int) and left < 0:
                raise Rejection(
                    f"crop cannot cut {flowing} down to {like}: it is smaller",
                    "like",
                    0,
                    help="crop the larger of both, or use resize(like=…)",
                )
        return flowing.with_shape(*like.spatial, flowing.channels)


class Upsample(ShapeOnly):
    """Multiplies the resolution by whole factors; channels stay.

    `nearest` repeats each position; `bilinear` interpolates between the centres of positions, in
    one or three dimensions too, as PyTorch with `align_corners=False`.
    """

    word: ClassVar[str] = "upsample"
    factor: int | tuple[int, ...] = sizes("how many times more positions come out")
    mode: str = choice("how positions between are filled", MODES, "nearest", keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("upsample(2)", ((5, 6, 3),), (10, 12, 3)),
        Example("upsample((2, 3), mode=bilinear)", ((5, 6, 3),), (10, 18, 3)),
        Example("upsample(2)", ((7, 4),), (14, 4)),
        Example("upsample(2, mode=bilinear)", ((7, 4),), (14, 4)),
        Example("upsample((1, 2, 3), mode=bilinear)", ((3, 4, 5, 2),), (3, 8, 15, 2)),
        Example("upsample((1, 2, 3))", ((5, 6, 3),), rejects="has 3 sizes"),
        Example("upsample(2)", ((10,),), rejects="upsample needs"),
        Example("upsample(2, mode=bicubic)", ((5, 6, 3),), rejects="nearest or bilinear"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        factors = axes_of(self.factor, spatial_rank(inputs[0], "upsample"), "factor")
        spatial = zip(inputs[0].spatial, factors, strict=True)
        return inputs[0].with_shape(*(size * by for size, by in spatial), inputs[0].channels)


class Resize(ShapeOnly):
    """Samples the positions anew in the given sizes, or in those of another tensor.

    `bilinear` interpolates between the centres of positions and does not smooth what becomes
    smaller (PyTorch's `align_corners=False`); `nearest` takes position floor(i * old / new).
    Channels stay. Either argument must be given.
    """

    word: ClassVar[str] = "resize"
    size: int | tuple[int, ...] | None = sizes("the sizes that come out", None)
    mode: str = choice("how positions between are filled", MODES, "bilinear", keyword=True)
    like: int | None = tensor_input("a tensor whose sizes are taken", None, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("resize(8)", ((5, 6, 3),), (8, 8, 3)),
        Example("resize((3, 9), mode=nearest)", ((5, 6, 3),), (3, 9, 3)),
        Example("resize(5)", ((7, 4),), (5, 4)),
        Example("resize((2, 3, 4))", ((3, 4, 5, 2),), (2, 3, 4, 2)),
        Example("resize(like=b)", ((5, 6, 3), (8, 9, 1)), (8, 9, 3)),
        Example("resize(like=b, mode=nearest)", ((7, 4), (9, 2)), (9, 4)),
        Example("resize(like=b)", ((7, 4), (9, 2, 1)), rejects="as many axes"),
        Example("resize(8, like=b)", ((5, 6, 3), (8, 9, 1)), rejects="either"),
        Example("resize((1, 2, 3))", ((5, 6, 3),), rejects="has 3 sizes"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        rank = spatial_rank(inputs[0], "resize")
        if (self.size is None) == (self.like is None):
            raise Rejection("resize needs either a size or like", "size")
        target: tuple[Dim, ...]
        if self.like is not None:
            _need_axes_of(inputs[self.like], inputs[0], "resize")
            target = inputs[self.like].spatial
        else:
            assert self.size is not None
            target = axes_of(self.size, rank, "size")
        return inputs[0].with_shape(*target, inputs[0].channels)


class PadChannels(ShapeOnly):
    """Adds channels of zeros, so that `to` come out; the shortcut A of He et al., 2016.

    `before` of them come before those that flow in, the rest after.
    """

    word: ClassVar[str] = "pad_channels"
    takes_int: ClassVar[bool] = True
    to: int = whole("how many channels come out")
    before: int = whole("how many of the new ones come first", 0, keyword=True, minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("pad_channels(8)", ((5, 6, 3),), (5, 6, 8)),
        Example("pad_channels(8, before=2)", ((5, 6, 3),), (5, 6, 8)),
        Example("pad_channels(3)", ((5, 6, 3),), (5, 6, 3)),
        Example("pad_channels(12)", ((10,),), (12,)),
        Example("pad_channels(6, before=1)", ((7, 4),), (7, 6)),
        Example("pad_channels(2)", ((5, 6, 3),), rejects="3 flow in"),
        Example("pad_channels(4, before=2)", ((5, 6, 3),), rejects="2 before"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels = channels_of(inputs[0], self.word)
        if channels > self.to:
            raise Rejection(
                f"pad_channels cannot give {self.to} channels: {channels} flow in",
                "to",
                help=f"slice(0, {self.to}) takes the first {self.to}",
            )
        if channels + self.before > self.to:
            raise Rejection(
                f"{channels} channels and {self.before} before them are more than {self.to}",
                "before",
                help=f"at most {self.to - channels} fit before them",
            )
        return inputs[0].with_channels(self.to)


def pairs_of(amount: Amount, axes: int) -> tuple[tuple[int, int], ...]:
    """What is added or cut before and after each axis of positions."""
    if isinstance(amount, int):
        return ((amount, amount),) * axes
    if len(amount) != axes:
        raise Rejection(
            f"amount has {len(amount)} entries, but the input has {axes} axes of positions",
            "amount",
        )
    return tuple(entry if isinstance(entry, tuple) else (entry, entry) for entry in amount)


def _positions(flowing: TensorType, word: str, instead: str) -> int:
    """How many axes of positions there are; for a vector, what is said instead."""
    try:
        return spatial_rank(flowing, word)
    except Rejection as rejection:
        rejection.ways = ways_of(instead)
        raise


def _need_axes_of(like: TensorType, flowing: TensorType, word: str) -> None:
    if like.rank != flowing.rank:
        raise Rejection(
            f"{word} needs tensors with as many axes, not {flowing} like {like}", "like"
        )
