"""Normalisations: numbers brought to mean 0 and deviation 1 over some axes, then rescaled."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from netdsl.catalog.arguments import Way, entry, flag
from netdsl.catalog.base import Example, OneOutput, Rejection, Weight, Weightless, channels_of
from netdsl.catalog.initializers import Initializer, Ones, Zeros
from netdsl.catalog.quantities import number, numbers, whole
from netdsl.tensor import Dim, TensorType


def _positions(flowing: TensorType, word: str) -> None:
    """Refuses tensors that have channels alone."""
    if not 2 <= flowing.rank <= 4:
        raise Rejection(f"{word} needs positions with channels, not {flowing}", input=0)


class _Scaled(OneOutput):
    """Base of normalisations with a learned scale, which starts at one.

    They have no `l1` and `l2`: penalties are for matrices and kernels.
    """

    init: Initializer = entry("how the scale starts", Initializer, Ones(), keyword=True)

    def infer(self, *inputs: TensorType) -> TensorType:
        channels_of(inputs[0], self.word)
        return inputs[0]

    def macs(self, *inputs: TensorType) -> Dim:
        return 0

    def _scale(self, channels: int) -> Weight:
        return Weight("weight", (channels,), self.init)


class _Shifted(_Scaled):
    """Base of normalisations with a learned offset too, which starts at zero."""

    bias_init: Initializer = entry("how the offset starts", Initializer, Zeros(), keyword=True)

    def _shift(self, channels: int) -> Weight:
        return Weight("bias", (channels,), self.bias_init)


class BatchNorm(_Shifted):
    """Normalises each channel over the batch and all positions, then scales and shifts it.

    In training the statistics are those of the batch, and running ones are kept:
    `running = momentum * running + (1 - momentum) * batch`, the variance without bias. In
    evaluation the running ones are used. Ioffe and Szegedy, 2015.
    """

    word: ClassVar[str] = "batchnorm"
    momentum: float = number(
        "the share of the old statistics that is kept", 0.9, keyword=True, minimum=0, below=1
    )
    eps: float = number("added to the variance", 1e-5, keyword=True, minimum=0)
    scale: bool = flag("whether each channel has a learned factor", True, keyword=True)
    center: bool = flag("whether each channel has a learned offset", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("batchnorm", ((7, 7, 16),), (7, 7, 16)),
        Example("batchnorm(momentum=0.99, eps=1e-3)", ((7, 7, 16),), (7, 7, 16)),
        Example("batchnorm(scale=false)", ((7, 7, 16),), (7, 7, 16)),
        Example("batchnorm(center=false)", ((16,),), (16,)),
        Example("batchnorm(scale=false, center=false)", ((20, 16),), (20, 16)),
        Example("batchnorm", ((4, 5, 6, 16),), (4, 5, 6, 16)),
        Example("batchnorm(momentum=1.5)", ((16,),), rejects="momentum expects"),
        Example("batchnorm", ((),), rejects="batchnorm needs"),
    )

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        channels = channels_of(inputs[0], self.word)
        return (
            *((self._scale(channels),) * self.scale),
            *((self._shift(channels),) * self.center),
            Weight("running_mean", (channels,), Zeros(), "state"),
            Weight("running_var", (channels,), Ones(), "state"),
        )


class LayerNorm(_Shifted):
    """Normalises over the last axis, each position on its own, then scales and shifts.

    Ba, Kiros and Hinton, 2016.
    """

    word: ClassVar[str] = "layernorm"
    eps: float = number("added to the variance", 1e-5, keyword=True, minimum=0)
    scale: bool = flag("whether each channel has a learned factor", True, keyword=True)
    center: bool = flag("whether each channel has a learned offset", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("layernorm", ((20, 16),), (20, 16)),
        Example("layernorm(eps=1e-6)", ((7, 7, 16),), (7, 7, 16)),
        Example("layernorm(center=false)", ((16,),), (16,)),
        Example("layernorm(scale=false)", ((20, 16),), (20, 16)),
        Example("layernorm(scale=false, center=false)", ((20, 16),), (20, 16)),
        Example("layernorm(eps=-1)", ((16,),), rejects="eps expects"),
    )

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        channels = channels_of(inputs[0], self.word)
        return (self._scale(channels),) * self.scale + (self._shift(channels),) * self.center


class GroupNorm(_Shifted):
    """Normalises over the positions and channels of each group, then scales and shifts.

    Wu and He, 2018.
    """

    word: ClassVar[str] = "groupnorm"
    groups: int = whole("how many groups of channels")
    eps: float = number("added to the variance", 1e-5, keyword=True, minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("groupnorm(4)", ((7, 7, 16),), (7, 7, 16)),
        Example("groupnorm(1, eps=1e-6)", ((20, 16),), (20, 16)),
        Example("groupnorm(4)", ((16,),), (16,)),
        Example("groupnorm(3)", ((7, 7, 16),), rejects="3 groups do not divide"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels = channels_of(inputs[0], self.word)
        if channels % self.groups:
            fitting = math.gcd(self.groups, channels)
            raise Rejection(
                f"{self.groups} groups do not divide the {channels} channels that flow in",
                "groups",
                help=Way(f"groups={fitting} divides them", argument="groups", value=str(fitting)),
                about="channels",
            )
        return inputs[0]

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        channels = channels_of(inputs[0], self.word)
        return (self._scale(channels), self._shift(channels))


class RmsNorm(_Scaled):
    """Divides by the root of the mean square over the last axis, then scales.

    Zhang and Sennrich, 2019.
    """

    word: ClassVar[str] = "rmsnorm"
    eps: float = number("added to the mean square", 1e-6, keyword=True, minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("rmsnorm", ((20, 16),), (20, 16)),
        Example("rmsnorm(eps=1e-5)", ((7, 7, 16),), (7, 7, 16)),
        Example("rmsnorm", ((),), rejects="rmsnorm needs"),
    )

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (self._scale(channels_of(inputs[0], self.word)),)


class InstanceNorm(Weightless):
    """Normalises each channel of each example over its positions; nothing is learned.

    Ulyanov, Vedaldi and Lempitsky, 2016.
    """

    word: ClassVar[str] = "instancenorm"
    eps: float = number("added to the variance", 1e-5, keyword=True, minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("instancenorm", ((7, 7, 16),), (7, 7, 16)),
        Example("instancenorm(eps=1e-3)", ((20, 16),), (20, 16)),
        Example("instancenorm", ((4, 5, 6, 2),), (4, 5, 6, 2)),
        Example("instancenorm", ((16,),), rejects="instancenorm needs"),
        Example("instancenorm", ((1, 1, 16),), rejects="a single position"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _positions(inputs[0], self.word)
        if all(dim == 1 for dim in inputs[0].spatial):
            raise Rejection("a single position has no variance to normalise by", input=0)
        return inputs[0]


class Lrn(Weightless):
    """Local response normalisation: x / (k + alpha * s) ** beta.

    `s` is the sum of squares over `size` channels around each: (size - 1) // 2 after it, the
    rest before. Alpha multiplies the sum, as in Krizhevsky, Sutskever and Hinton, 2012.
    """

    word: ClassVar[str] = "lrn"
    size: int = whole("how many channels are summed over", 5, keyword=True)
    alpha: float = number("the factor of the sum", 1e-4, keyword=True)
    beta: float = number("the exponent", 0.75, keyword=True)
    k: float = number("what is added to the sum", 2, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("lrn", ((7, 7, 16),), (7, 7, 16)),
        Example("lrn(size=3, alpha=0.1, beta=0.5, k=1)", ((20, 16),), (20, 16)),
        Example("lrn", ((16,),), rejects="lrn needs"),
        Example("lrn(size=0)", ((7, 7, 16),), rejects="size expects"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _positions(inputs[0], self.word)
        return inputs[0]


class L2Normalize(Weightless):
    """Divides the channels of each position by their Euclidean length, at least 1e-12."""

    word: ClassVar[str] = "l2_normalize"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("l2_normalize", ((16,),), (16,)),
        Example("l2_normalize", ((20, 16),), (20, 16)),
        Example("l2_normalize", ((7, 7, 16),), (7, 7, 16)),
        Example("l2_normalize", ((),), rejects="l2_normalize needs"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels_of(inputs[0], self.word)
        return inputs[0]


class Normalize(Weightless):
    """Subtracts a fixed mean and divides by a fixed deviation: one for all channels, or each."""

    word: ClassVar[str] = "normalize"
    mean: Any = numbers("what is subtracted: a number, or one for each channel")
    std: Any = numbers("what is divided by: a number, or one for each channel")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("normalize(0.5, 0.25)", ((7, 7, 3),), (7, 7, 3)),
        Example("normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])", ((7, 7, 3),), (7, 7, 3)),
        Example("normalize([1, 2], 2)", ((9, 2),), (9, 2)),
        Example("normalize(0, [1, 2])", ((2,),), (2,)),
        Example("normalize([1, 2], 1)", ((7, 7, 3),), rejects="mean has 2 numbers"),
        Example("normalize(0, [1, 2, 0])", ((7, 7, 3),), rejects="std must not be zero"),
        Example("normalize(0, [[1, 2, 3]])", ((7, 7, 3),), rejects="std has lists in it"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels = channels_of(inputs[0], self.word)
        for argument, given in (("mean", self.mean), ("std", self.std)):
            if isinstance(given, tuple):
                _check_channels(argument, given, channels)
        if self.std == 0 or (isinstance(self.std, tuple) and 0 in self.std):
            raise Rejection("std must not be zero", "std")
        return inputs[0]


def _check_channels(argument: str, given: tuple[Any, ...], channels: int) -> None:
    if isinstance(given[0], tuple):
        raise Rejection(
            f"{argument} has lists in it; it takes one number for each channel", argument
        )
    if len(given) != channels:
        raise Rejection(
            f"{argument} has {len(given)} numbers, but {channels} channels flow in",
            argument,
            help=f"give one number, or {channels}",
        )
