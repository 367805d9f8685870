"""Pooling: one number for each window of positions, channel by channel.

Ranks: (length, channels), (height, width, channels) or (depth, height, width, channels).
Arithmetic of sizes and padding: `windows.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import flag, made_input
from netdsl.catalog.base import Example, Rejection, Weightless
from netdsl.catalog.quantities import padding, sizes
from netdsl.catalog.windows import Pad, Sizes, Window, axes_of, pads_of, slide, spatial_rank
from netdsl.tensor import TensorType


class _Windowed(Weightless):
    """Base of pools whose window slides: its arguments, its arithmetic."""

    size: Sizes = sizes("the size of the window")
    stride: Sizes | None = sizes("how far it moves; its size where none", None, keyword=True)
    pad: Pad = padding("what is added around the input", 0, keyword=True)
    ceil: bool = flag("whether a last window may reach over the end", False, keyword=True)

    @property
    def step(self) -> Sizes:
        """How far the window moves: its own size where no stride is given."""
        return self.size if self.stride is None else self.stride

    def window(self) -> Window:
        """How the window slides."""
        return Window(self.size, self.step, self.pad, ceil=self.ceil, argument="size")

    def infer(self, *inputs: TensorType) -> TensorType:
        rank = spatial_rank(inputs[0], self.word)
        spatial = slide(inputs[0].spatial, self.window())
        if self.pad != "same":
            self._check_padding(rank)
        return inputs[0].with_shape(*spatial, inputs[0].channels)

    def _check_padding(self, rank: int) -> None:
        """No window may lie in the padding alone: it would have no largest number and no mean."""
        size = axes_of(self.size, rank, "size")
        pads = pads_of((0,) * rank, size, self.step, self.pad)
        if any(max(pair) >= n for pair, n in zip(pads, size, strict=True)):
            raise Rejection(
                "padding as large as the window leaves windows that see nothing",
                "pad",
                help="pad by less than the size of the window",
            )
        plain = all(a == b <= n // 2 for (a, b), n in zip(pads, size, strict=True))
        if self.ceil and not plain:
            raise Rejection(
                "ceil=true needs padding that is equal on both sides and at most half the window",
                "ceil",
                help="leave ceil out, and pad the end by as much as the last window lacks",
            )


class MaxPool(_Windowed):
    """The largest number of each window; padding is minus infinity.

    Input and output (…, channels). The member `indices` holds where each came from, counted along
    the positions of its channel's plane, row by row. Ranzato et al., 2007.
    """

    word: ClassVar[str] = "maxpool"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("maxpool(2)", ((28, 28, 3),), (14, 14, 3)),
        Example("maxpool(3, stride=2)", ((28, 28, 3),), (13, 13, 3)),
        Example("maxpool(3, stride=2, ceil=true)", ((28, 28, 3),), (14, 14, 3)),
        Example("maxpool(2, pad=1, ceil=true)", ((9, 8, 3),), (5, 5, 3)),
        Example("maxpool(2, stride=3, ceil=true)", ((9, 10, 3),), (3, 4, 3)),
        Example("maxpool(3, stride=2, pad=same)", ((28, 28, 3),), (14, 14, 3)),
        Example("maxpool(3, stride=1, pad=same)", ((7, 5, 3),), (7, 5, 3)),
        Example("maxpool(2, stride=1, pad=same)", ((7, 5, 3),), (7, 5, 3)),
        Example("maxpool((3, 2), pad=(1, 0))", ((9, 8, 3),), (3, 4, 3)),
        Example("maxpool(3, stride=2, pad=((0, 1), (0, 1)))", ((8, 8, 3),), (4, 4, 3)),
        Example("maxpool(3, stride=2, pad=2)", ((8, 8, 3),), (5, 5, 3)),
        Example("maxpool(2)", ((9, 3),), (4, 3)),
        Example("maxpool(3, stride=2, pad=same)", ((9, 3),), (5, 3)),
        Example("maxpool(4, stride=3, pad=same)", ((9, 3),), (3, 3)),
        Example("maxpool(2)", ((4, 6, 8, 3),), (2, 3, 4, 3)),
        Example("maxpool(3)", ((2, 2, 3),), rejects="larger than"),
        Example("maxpool((2, 2, 2))", ((9, 9, 3),), rejects="size has 3 sizes"),
        Example("maxpool(2, pad=2)", ((9, 9, 3),), rejects="leaves windows that see nothing"),
        Example("maxpool(2)", ((9,),), rejects="maxpool needs"),
        Example("maxpool(3, pad=2, ceil=true)", ((9, 9, 3),), rejects="ceil=true needs"),
        Example("maxpool(2, pad=((0, 1), 0), ceil=true)", ((9, 9, 3),), rejects="equal on both"),
    )

    def members(self, *inputs: TensorType) -> Mapping[str, TensorType]:
        return {"indices": TensorType(self.infer(*inputs).shape, "int")}


class AvgPool(_Windowed):
    """The mean of each window; padding is left out of it unless `count_pad=true`.

    Input and output (…, channels). LeCun et al., 1989.
    """

    word: ClassVar[str] = "avgpool"
    count_pad: bool = flag("whether padding counts as zeros", False, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("avgpool(2)", ((28, 28, 3),), (14, 14, 3)),
        Example("avgpool(3, stride=2, ceil=true)", ((28, 28, 3),), (14, 14, 3)),
        Example("avgpool(3, stride=1, pad=same)", ((7, 5, 3),), (7, 5, 3)),
        Example("avgpool(3, stride=2, pad=same)", ((8, 8, 3),), (4, 4, 3)),
        Example("avgpool(3, stride=2, pad=same, count_pad=true)", ((8, 8, 3),), (4, 4, 3)),
        Example("avgpool(3, stride=2, pad=1, count_pad=true)", ((8, 8, 3),), (4, 4, 3)),
        Example("avgpool(3, stride=2, pad=1)", ((8, 8, 3),), (4, 4, 3)),
        Example("avgpool(3, stride=2, pad=((0, 1), 1))", ((8, 8, 3),), (4, 4, 3)),
        Example("avgpool(3, pad=same)", ((10, 3),), (4, 3)),
        Example("avgpool((1, 2, 2))", ((4, 6, 8, 3),), (4, 3, 4, 3)),
        Example("avgpool(9)", ((7, 7, 3),), rejects="larger than"),
        Example("avgpool(2, pad=(1, 1, 1))", ((9, 9, 3),), rejects="pad has 3 entries"),
        Example("avgpool(3, pad=((0, 3), 0))", ((9, 9, 3),), rejects="see nothing"),
    )

    def members(self, *inputs: TensorType) -> Mapping[str, TensorType]:
        return {}


class _Adaptive(Weightless):
    """Base of pools that are told how many positions come out."""

    size: Sizes = sizes("how many positions come out")

    def infer(self, *inputs: TensorType) -> TensorType:
        rank = spatial_rank(inputs[0], self.word)
        return inputs[0].with_shape(*axes_of(self.size, rank, "size"), inputs[0].channels)


class AdaptiveAvgPool(_Adaptive):
    """The means of `size` windows that cover the input evenly, whatever its size.

    Window i of s covers the positions from floor(i n / s) up to, but without, ceil((i + 1) n / s).
    """

    word: ClassVar[str] = "adaptive_avgpool"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("adaptive_avgpool(7)", ((13, 10, 3),), (7, 7, 3)),
        Example("adaptive_avgpool((2, 3))", ((13, 10, 3),), (2, 3, 3)),
        Example("adaptive_avgpool(4)", ((10, 3),), (4, 3)),
        Example("adaptive_avgpool(1)", ((4, 5, 6, 3),), (1, 1, 1, 3)),
        Example("adaptive_avgpool((2, 3))", ((10, 3),), rejects="size has 2 sizes"),
    )


class AdaptiveMaxPool(_Adaptive):
    """The largest numbers of `size` windows that cover the input evenly, whatever its size.

    Window i of s covers the positions from floor(i n / s) up to, but without, ceil((i + 1) n / s).
    """

    word: ClassVar[str] = "adaptive_maxpool"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("adaptive_maxpool(7)", ((13, 10, 3),), (7, 7, 3)),
        Example("adaptive_maxpool(4)", ((10, 3),), (4, 3)),
        Example("adaptive_maxpool((1, 2, 3))", ((4, 5, 6, 3),), (1, 2, 3, 3)),
        Example("adaptive_maxpool(4)", ((10,),), rejects="adaptive_maxpool needs"),
    )


class _Global(Weightless):
    """Base of pools over all positions: a vector of channels comes out."""

    keep: bool = flag("whether the positions stay as axes of size 1", False, keyword=True)

    def infer(self, *inputs: TensorType) -> TensorType:
        rank = spatial_rank(inputs[0], self.word)
        return inputs[0].with_shape(*(1,) * (rank * self.keep), inputs[0].channels)


class GlobalAvgPool(_Global):
    """The mean of each channel over all positions. Lin, Chen and Yan, 2014."""

    word: ClassVar[str] = "global_avgpool"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("global_avgpool", ((7, 7, 512),), (512,)),
        Example("global_avgpool(keep=true)", ((7, 7, 512),), (1, 1, 512)),
        Example("global_avgpool", ((20, 8),), (8,)),
        Example("global_avgpool(keep=true)", ((20, 8),), (1, 8)),
        Example("global_avgpool", ((4, 5, 6, 8),), (8,)),
        Example("global_avgpool", ((8,),), rejects="global_avgpool needs"),
    )


class GlobalMaxPool(_Global):
    """The largest number of each channel over all positions."""

    word: ClassVar[str] = "global_maxpool"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("global_maxpool", ((7, 7, 512),), (512,)),
        Example("global_maxpool(keep=true)", ((4, 5, 6, 8),), (1, 1, 1, 8)),
        Example("global_maxpool", ((20, 8),), (8,)),
        Example("global_maxpool", ((8,),), rejects="global_maxpool needs"),
    )


class Unpool(Weightless):
    """Puts each number back to where a maxpool found the largest, with zeros everywhere else.

    `pooled` is the output of that maxpool; the input has its shape, the output that of the pool's
    input. Where windows overlap, numbers that come to one place are added. Zeiler and Fergus, 2014.
    """

    word: ClassVar[str] = "unpool"
    takes_int: ClassVar[bool] = True
    pooled: int = made_input("the output of the maxpool that is undone", "indices", "maxpool")
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "unpool(b)",
            ((2, 3, 4), (2, 3, 4), (4, 6, 4)),
            (4, 6, 4),
            number=("float", "int", "float"),
        ),
        Example("unpool(b)", ((4, 3), (4, 3), (9, 3)), (9, 3), number=("float", "int", "float")),
        Example(
            "unpool(b)",
            ((2, 2, 2, 3), (2, 2, 2, 3), (4, 4, 5, 3)),
            (4, 4, 5, 3),
            number=("float", "int", "float"),
        ),
        Example(
            "unpool(b)",
            ((2, 3, 8), (2, 3, 4), (4, 6, 4)),
            number=("float", "int", "float"),
            rejects="2 x 3 x 4 came out of the pool",
        ),
        Example(
            "unpool(b)",
            ((4, 6, 4), (2, 3, 4), (4, 6, 4)),
            number=("float", "int", "float"),
            rejects="2 x 3 x 4 came out of the pool",
        ),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        flowing, indices, entered = inputs[0], inputs[self.pooled], inputs[self.pooled + 1]
        try:
            if flowing.rank != indices.rank:
                raise Rejection("")
            for size, pooled in zip(flowing.shape, indices.shape, strict=True):
                agree(size, pooled)
        except Rejection:
            made = indices.replace(number="float")
            raise Rejection(
                f"unpool puts {flowing} back, but {made} came out of the pool",
                input=0,
                help=f"conv({made.channels}, 1) before it would give as many channels"
                if flowing.spatial == made.spatial
                else "it stands where the sizes are those after the pool",
            ) from None
        return flowing.with_shape(*entered.shape)
