"""Convolutions: shared filters that slide over positions (LeCun et al., 1989).

Ranks: an input of shape (length, channels) is convolved in one dimension, (height, width,
channels) in two, (depth, height, width, channels) in three. Arithmetic of sizes and padding:
`windows.py`.
"""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.arguments import flag, padding, sizes, whole
from netdsl.catalog.base import Example, Rejection, Weight, Weighted, known
from netdsl.catalog.windows import Pad, Window, axes_of, slide, spatial_rank
from netdsl.tensor import Dim, TensorType


class Conv(Weighted):
    """Cross-correlates the input with `filters` learned filters and adds a bias.

    Input (…, channels), output (…, filters). Dumoulin and Visin, 2016, give the arithmetic.
    """

    word: ClassVar[str] = "conv"
    filters: int = whole("how many channels come out")
    kernel: int | tuple[int, ...] = sizes("the size of the filters")
    stride: int | tuple[int, ...] = sizes("how far the filters move", 1, keyword=True)
    pad: Pad = padding("what is added around the input", 0, keyword=True)
    dilation: int | tuple[int, ...] = sizes("the distance between taps", 1, keyword=True)
    groups: int = whole("groups of channels that do not see each other", 1, keyword=True)
    bias: bool = flag("whether a number is added to each channel", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("conv(8, 3)", ((28, 28, 1),), (26, 26, 8)),
        Example("conv(8, 3, pad=same, stride=2)", ((28, 28, 3),), (14, 14, 8)),
        Example("conv(8, (3, 5), pad=((1, 0), 2), bias=false)", ((9, 9, 4),), (8, 9, 8)),
        Example("conv(8, 3, groups=4, dilation=2, pad=2)", ((9, 9, 4),), (9, 9, 8)),
        Example("conv(8, 5, stride=2)", ((20, 3),), (8, 8)),
        Example("conv(8, 3, pad=1)", ((5, 6, 7, 2),), (5, 6, 7, 8)),
        Example("conv(8, 7)", ((5, 5, 1),), rejects="larger than"),
        Example("conv(8, 3, groups=3)", ((9, 9, 4),), rejects="divide"),
    )

    def window(self) -> Window:
        """How the filters slide."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def infer(self, *inputs: TensorType) -> TensorType:
        channels = known(inputs[0].channels, "the number of channels")
        spatial_rank(inputs[0], "conv")
        if channels % self.groups:
            raise Rejection(
                f"{self.groups} groups do not divide the {channels} channels that flow in",
                "groups",
            )
        if self.filters % self.groups:
            raise Rejection(
                f"{self.groups} groups do not divide the {self.filters} filters", "groups"
            )
        return inputs[0].with_shape(*slide(inputs[0].spatial, self.window()), self.filters)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        channels = known(inputs[0].channels, "the number of channels")
        kernel = axes_of(self.kernel, spatial_rank(inputs[0], "conv"), "kernel")
        weight = Weight("weight", (self.filters, channels // self.groups, *kernel), self.init)
        if not self.bias:
            return (weight,)
        return (weight, Weight("bias", (self.filters,), self.bias_init))

    def macs(self, *inputs: TensorType) -> Dim:
        weight = self.weights(*inputs)[0]
        positions: Dim = 1
        for dim in self.infer(*inputs).spatial:
            positions = positions * dim
        return positions * weight.size
