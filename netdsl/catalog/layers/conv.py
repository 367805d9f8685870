"""Convolutions: shared filters that slide over positions (LeCun et al., 1989).

Ranks: an input of shape (length, channels) is convolved in one dimension, (height, width,
channels) in two, (depth, height, width, channels) in three. Arithmetic of sizes and padding:
`windows.py`.
"""

from __future__ import annotations

from math import gcd
from typing import ClassVar

from netdsl.catalog.arguments import Way, flag
from netdsl.catalog.base import Biased, Example, Rejection, Weight, known
from netdsl.catalog.quantities import padding, sizes, whole
from netdsl.catalog.windows import Pad, Sizes, Window, axes_of, pads_of, slide, spatial_rank
from netdsl.tensor import Dim, TensorType

_MOST_GROUPS_TRIED = 4096


def _channels(flowing: TensorType) -> int:
    return known(flowing.channels, "the number of channels")


def _check_groups(groups: int, channels: int, filters: int) -> None:
    """Groups must divide both what flows in and what comes out."""
    common = gcd(channels, filters)
    for count, what in ((channels, "channels that flow in"), (filters, "filters")):
        if count % groups:
            # A number of groups that a spec has by mistake may be very large.
            most = min(groups, common, _MOST_GROUPS_TRIED)
            fitting = next(n for n in range(most, 0, -1) if common % n == 0)
            raise Rejection(
                f"{groups} groups do not divide the {count} {what}",
                "groups",
                help=Way(f"groups={fitting} divides both", argument="groups", value=str(fitting)),
                about="channels",
            )


def _with_bias(
    layer: Conv | ConvTranspose | Depthwise, weight: Weight, filters: int
) -> tuple[Weight, ...]:
    if not layer.bias:
        return (weight,)
    return weight, Weight("bias", (filters,), layer.bias_init)


class Conv(Biased):
    """Cross-correlates the input with `filters` learned filters and adds a bias.

    Input (…, channels), output (…, filters). Dumoulin and Visin, 2016, give the arithmetic.
    """

    word: ClassVar[str] = "conv"
    filters: int = whole("how many channels come out")
    kernel: Sizes = sizes("the size of the filters")
    stride: Sizes = sizes("how far the filters move", 1, keyword=True)
    pad: Pad = padding("what is added around the input", 0, keyword=True)
    dilation: Sizes = sizes("the distance between taps", 1, keyword=True)
    groups: int = whole("groups of channels that do not see each other", 1, keyword=True)
    bias: bool = flag("whether a number is added to each channel", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("conv(8, 3)", ((28, 28, 1),), (26, 26, 8)),
        Example("conv(8, 3, pad=same, stride=2)", ((28, 28, 3),), (14, 14, 8)),
        Example("conv(8, (3, 5), pad=((1, 0), 2), bias=false)", ((9, 9, 4),), (8, 9, 8)),
        Example("conv(8, 3, groups=4, dilation=2, pad=2)", ((9, 9, 4),), (9, 9, 8)),
        Example("conv(8, 5, stride=2)", ((20, 3),), (8, 8)),
        Example("conv(8, 3, pad=1)", ((5, 6, 7, 2),), (5, 6, 7, 8)),
        Example("conv(8, 4, pad=same)", ((9, 9, 1),), (9, 9, 8)),
        Example("conv(8, 1, stride=2, pad=same)", ((9, 9, 1),), (5, 5, 8)),
        Example("conv(8, 3, stride=(2, 1), pad=same)", ((10, 7, 1),), (5, 7, 8)),
        Example("conv(8, 5, stride=2, pad=same)", ((20, 3),), (10, 8)),
        Example("conv(8, 7)", ((5, 5, 1),), rejects="larger than"),
        Example("conv(8, 3, groups=3)", ((9, 9, 4),), rejects="divide"),
        Example("conv(6, 3, groups=4)", ((9, 9, 4),), rejects="divide"),
        Example("conv(8, (3, 3))", ((9, 4),), rejects="kernel has 2 sizes"),
        Example("conv(8, 3)", ((10,),), rejects="conv needs"),
        Example("conv(8, 3, stride=0)", ((9, 9, 4),), rejects="stride expects"),
    )

    def window(self) -> Window:
        """How the filters slide."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def infer(self, *inputs: TensorType) -> TensorType:
        spatial_rank(inputs[0], "conv")
        _check_groups(self.groups, _channels(inputs[0]), self.filters)
        return inputs[0].with_shape(*slide(inputs[0].spatial, self.window()), self.filters)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        kernel = axes_of(self.kernel, spatial_rank(inputs[0], "conv"), "kernel")
        shape = (self.filters, _channels(inputs[0]) // self.groups, *kernel)
        return _with_bias(self, Weight("weight", shape, self.init), self.filters)

    def macs(self, *inputs: TensorType) -> Dim:
        return self.infer(*inputs).positions * self.weights(*inputs)[0].size


class ConvTranspose(Biased):
    """Spreads each position over the reach of `filters` learned filters: the transpose of conv.

    Input (…, channels), output (…, filters), of size `(n - 1) * stride - before - after +
    dilation * (kernel - 1) + 1 + output_pad` on each axis. Padding takes away what a convolution
    would have added; `same` gives `n * stride`, as in TensorFlow, and takes no `output_pad`.
    `output_pad` adds positions at the end, fewer than the stride or the dilation. Zeiler et al.,
    2010; the arithmetic is in Dumoulin and Visin, 2016.
    """

    word: ClassVar[str] = "conv_transpose"
    filters: int = whole("how many channels come out")
    kernel: Sizes = sizes("the size of the filters")
    stride: Sizes = sizes("how far the filters move in the output", 1, keyword=True)
    pad: Pad = padding("what is taken away around the output", 0, keyword=True)
    dilation: Sizes = sizes("the distance between taps", 1, keyword=True)
    groups: int = whole("groups of channels that do not see each other", 1, keyword=True)
    bias: bool = flag("whether a number is added to each channel", True, keyword=True)
    output_pad: Sizes = sizes("positions added at the end", 0, keyword=True, minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("conv_transpose(8, 2, stride=2)", ((7, 7, 3),), (14, 14, 8)),
        Example("conv_transpose(8, 3, stride=2, pad=same)", ((7, 5, 3),), (14, 10, 8)),
        Example("conv_transpose(8, 4, stride=2, pad=same)", ((7, 7, 3),), (14, 14, 8)),
        Example("conv_transpose(8, 2, stride=3, pad=same)", ((7, 7, 3),), (21, 21, 8)),
        Example("conv_transpose(8, 5, pad=same, dilation=2)", ((6, 3),), (6, 8)),
        Example("conv_transpose(8, 3, stride=2, pad=1, output_pad=1)", ((7, 7, 4),), (14, 14, 8)),
        Example("conv_transpose(8, 4, stride=2, pad=((0, 1), 1))", ((7, 7, 4),), (15, 14, 8)),
        Example("conv_transpose(8, 3, groups=2, bias=false)", ((7, 7, 4),), (9, 9, 8)),
        Example("conv_transpose(8, 4, stride=4)", ((10, 3),), (40, 8)),
        Example("conv_transpose(8, 2, stride=2)", ((2, 3, 4, 6),), (4, 6, 8, 8)),
        Example("conv_transpose(8, 3, pad=2)", ((2, 2, 1),), rejects="leaves nothing"),
        Example("conv_transpose(8, 3, groups=3)", ((7, 7, 4),), rejects="divide"),
        Example("conv_transpose(8, 3, output_pad=1)", ((7, 7, 4),), rejects="smaller than"),
        Example(
            "conv_transpose(8, 3, stride=2, pad=same, output_pad=1)",
            ((7, 7, 4),),
            rejects="pad=same already fixes",
        ),
    )

    def cut(self, rank: int) -> tuple[tuple[int, int], ...]:
        """What is taken away before and after each axis; negative where `same` must add."""
        if self.pad != "same":
            numbers = pads_of((0,) * rank, self.kernel, self.stride, self.pad)
            return tuple((known(a, "pad"), known(b, "pad")) for a, b in numbers)
        kernel, stride, dilation = self._axes(rank)
        surplus = [d * (k - 1) + 1 - s for k, s, d in zip(kernel, stride, dilation, strict=True)]
        return tuple((max(n, 0) // 2, n - max(n, 0) // 2) for n in surplus)

    def _axes(self, rank: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        return (
            axes_of(self.kernel, rank, "kernel"),
            axes_of(self.stride, rank, "stride"),
            axes_of(self.dilation, rank, "dilation"),
        )

    def infer(self, *inputs: TensorType) -> TensorType:
        rank = spatial_rank(inputs[0], "conv_transpose")
        _check_groups(self.groups, _channels(inputs[0]), self.filters)
        kernel, stride, dilation = self._axes(rank)
        extra = axes_of(self.output_pad, rank, "output_pad")
        if any(e and e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
            raise Rejection(
                "output_pad must be smaller than the stride or the dilation", "output_pad"
            )
        if any(extra) and self.pad == "same":
            raise Rejection(
                "pad=same already fixes the size of the output",
                "output_pad",
                help=Way("leave output_pad out, or give pad as a number", argument="output_pad"),
            )
        spatial: list[Dim] = []
        for n, k, s, d, e, (before, after) in zip(
            inputs[0].spatial, kernel, stride, dilation, extra, self.cut(rank), strict=True
        ):
            size = (n - 1) * s + d * (k - 1) + 1 + e - before - after
            if isinstance(size, int) and size < 1:
                raise Rejection(f"padding leaves nothing of {size + before + after}", "pad", 0)
            spatial.append(size)
        return inputs[0].with_shape(*spatial, self.filters)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        kernel = axes_of(self.kernel, spatial_rank(inputs[0], "conv_transpose"), "kernel")
        shape = (_channels(inputs[0]), self.filters // self.groups, *kernel)
        return _with_bias(self, Weight("weight", shape, self.init), self.filters)

    def macs(self, *inputs: TensorType) -> Dim:
        return inputs[0].positions * self.weights(*inputs)[0].size


class Depthwise(Biased):
    """Convolves each channel with `multiplier` filters of its own, and adds a bias.

    Input (…, channels), output (…, channels * multiplier), where the results of one channel lie
    next to each other. Sifre, 2014; Howard et al., 2017.
    """

    word: ClassVar[str] = "depthwise"
    kernel: Sizes = sizes("the size of the filters")
    stride: Sizes = sizes("how far the filters move", 1, keyword=True)
    pad: Pad = padding("what is added around the input", 0, keyword=True)
    dilation: Sizes = sizes("the distance between taps", 1, keyword=True)
    multiplier: int = whole("how many filters each channel has", 1, keyword=True)
    bias: bool = flag("whether a number is added to each channel", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("depthwise(3)", ((9, 9, 4),), (7, 7, 4)),
        Example("depthwise(3, stride=2, pad=same, bias=false)", ((10, 10, 4),), (5, 5, 4)),
        Example("depthwise((3, 5), multiplier=2, pad=(1, 2))", ((9, 9, 4),), (9, 9, 8)),
        Example("depthwise(3, dilation=2, pad=same)", ((12, 4),), (12, 4)),
        Example("depthwise(3, pad=((0, 1), 1, 1))", ((4, 5, 6, 2),), (3, 5, 6, 2)),
        Example("depthwise(11)", ((9, 9, 4),), rejects="larger than"),
        Example("depthwise(3, multiplier=0)", ((9, 9, 4),), rejects="multiplier expects"),
    )

    def window(self) -> Window:
        """How the filters slide."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def infer(self, *inputs: TensorType) -> TensorType:
        spatial_rank(inputs[0], "depthwise")
        filters = _channels(inputs[0]) * self.multiplier
        return inputs[0].with_shape(*slide(inputs[0].spatial, self.window()), filters)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        kernel = axes_of(self.kernel, spatial_rank(inputs[0], "depthwise"), "kernel")
        filters = _channels(inputs[0]) * self.multiplier
        return _with_bias(self, Weight("weight", (filters, 1, *kernel), self.init), filters)

    def macs(self, *inputs: TensorType) -> Dim:
        return self.infer(*inputs).positions * self.weights(*inputs)[0].size


class Separable(Biased):
    """A depthwise convolution without bias, then a 1x1 convolution to `filters` channels.

    Input (…, channels), output (…, filters). Stride, padding and dilation are those of the
    depthwise part, the bias that of the 1x1. Chollet, 2017.
    """

    word: ClassVar[str] = "separable"
    filters: int = whole("how many channels come out")
    kernel: Sizes = sizes("the size of the depthwise filters")
    stride: Sizes = sizes("how far the filters move", 1, keyword=True)
    pad: Pad = padding("what is added around the input", 0, keyword=True)
    dilation: Sizes = sizes("the distance between taps", 1, keyword=True)
    multiplier: int = whole("how many depthwise filters each channel has", 1, keyword=True)
    bias: bool = flag("whether a number is added to each channel", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("separable(8, 3)", ((9, 9, 4),), (7, 7, 8)),
        Example("separable(8, 5, stride=2, pad=same, bias=false)", ((9, 9, 4),), (5, 5, 8)),
        Example("separable(8, 3, multiplier=2, pad=1)", ((9, 9, 4),), (9, 9, 8)),
        Example("separable(8, 3, pad=same)", ((12, 4),), (12, 8)),
        Example("separable(8, 3)", ((5, 6, 7, 2),), (3, 4, 5, 8)),
        Example("separable(8, 11)", ((9, 9, 4),), rejects="larger than"),
    )

    def window(self) -> Window:
        """How the depthwise filters slide."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def _depthwise(self) -> Depthwise:
        return Depthwise(
            kernel=self.kernel,
            stride=self.stride,
            pad=self.pad,
            dilation=self.dilation,
            multiplier=self.multiplier,
            bias=False,
            init=self.init,
        )

    def infer(self, *inputs: TensorType) -> TensorType:
        spatial_rank(inputs[0], "separable")
        return self._depthwise().infer(*inputs).with_channels(self.filters)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        (depthwise,) = self._depthwise().weights(*inputs)
        ones = (1,) * spatial_rank(inputs[0], "separable")
        pointwise = Weight("pointwise.weight", (self.filters, depthwise.shape[0], *ones), self.init)
        both = (depthwise.replace(name="depthwise.weight"), pointwise)
        if not self.bias:
            return both
        return (*both, Weight("pointwise.bias", (self.filters,), self.bias_init))

    def macs(self, *inputs: TensorType) -> Dim:
        depthwise, pointwise, *_ = self.weights(*inputs)
        return self.infer(*inputs).positions * (depthwise.size + pointwise.size)
