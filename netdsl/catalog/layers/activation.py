"""Activations: functions of single numbers, and a few of all channels at one position."""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.arguments import entry, flag
from netdsl.catalog.base import (
    Activation,
    Example,
    OneOutput,
    Rejection,
    ShapeOnly,
    Weight,
    channels_of,
)
from netdsl.catalog.initializers import Fill, Initializer
from netdsl.catalog.quantities import number, whole
from netdsl.tensor import Dim, TensorType


class Relu(Activation):
    """max(x, 0) (Nair and Hinton, 2010)."""

    word: ClassVar[str] = "relu"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("relu", ((5, 6, 3),), (5, 6, 3)),
        Example("relu", ((10,),), (10,)),
    )


class Relu6(Activation):
    """min(max(x, 0), 6) (Krizhevsky, 2010; MobileNet)."""

    word: ClassVar[str] = "relu6"
    examples: ClassVar[tuple[Example, ...]] = (Example("relu6", ((5, 6, 3),), (5, 6, 3)),)


class LeakyRelu(Activation):
    """x where it is positive, else slope * x (Maas et al., 2013)."""

    word: ClassVar[str] = "leaky_relu"
    slope: float = number("the factor of negative numbers", 0.01)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("leaky_relu", ((5, 6, 3),), (5, 6, 3)),
        Example("leaky_relu(0.2)", ((10,),), (10,)),
        Example("leaky_relu(true)", ((10,),), rejects="slope expects a number"),
    )


class Prelu(OneOutput):
    """A leaky relu whose slope is learned, one for each channel (He et al., 2015).

    Input (…, channels); the weight is (channels,) and starts at 0.25. It has no `l1` and `l2`: a
    penalty would drive the slope to zero, that is to a plain relu, as the paper notes.
    """

    word: ClassVar[str] = "prelu"
    init: Initializer = entry("how the slopes start", Initializer, Fill(0.25), keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("prelu", ((5, 6, 3),), (5, 6, 3)),
        Example("prelu", ((7, 4),), (7, 4)),
        Example("prelu(init=zeros)", ((10,),), (10,)),
        Example("prelu", ((),), rejects="prelu needs channels"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels_of(inputs[0], self.word)
        return inputs[0]

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (Weight("weight", (channels_of(inputs[0], self.word),), self.init),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


class Elu(Activation):
    """x where it is positive, else alpha * (exp(x) - 1) (Clevert et al., 2016)."""

    word: ClassVar[str] = "elu"
    alpha: float = number("minus the limit of large negative numbers", 1)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("elu", ((5, 6, 3),), (5, 6, 3)),
        Example("elu(0.5)", ((10,),), (10,)),
        Example("elu(none)", ((10,),), rejects="alpha expects a number"),
    )


class Selu(Activation):
    """The elu whose two constants keep mean 0 and variance 1 (Klambauer et al., 2017)."""

    word: ClassVar[str] = "selu"
    examples: ClassVar[tuple[Example, ...]] = (Example("selu", ((10,),), (10,)),)


class Gelu(Activation):
    """x times the normal distribution function of x (Hendrycks and Gimpel, 2016)."""

    word: ClassVar[str] = "gelu"
    approximate: bool = flag("whether the paper's formula with tanh is used", False, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("gelu", ((7, 4),), (7, 4)),
        Example("gelu(approximate=true)", ((10,),), (10,)),
        Example("gelu(approximate=1)", ((10,),), rejects="true or false"),
    )


class Silu(Activation):
    """x * sigmoid(x), also called swish (Elfwing et al., 2018; Ramachandran et al., 2017)."""

    word: ClassVar[str] = "silu"
    examples: ClassVar[tuple[Example, ...]] = (Example("silu", ((5, 6, 3),), (5, 6, 3)),)


class Mish(Activation):
    """x * tanh(softplus(x)) (Misra, 2019)."""

    word: ClassVar[str] = "mish"
    examples: ClassVar[tuple[Example, ...]] = (Example("mish", ((5, 6, 3),), (5, 6, 3)),)


class Sigmoid(Activation):
    """1 / (1 + exp(-x)): between 0 and 1."""

    word: ClassVar[str] = "sigmoid"
    examples: ClassVar[tuple[Example, ...]] = (Example("sigmoid", ((10,),), (10,)),)


class HardSigmoid(Activation):
    """min(max(x + 3, 0), 6) / 6 (Howard et al., 2019)."""

    word: ClassVar[str] = "hard_sigmoid"
    examples: ClassVar[tuple[Example, ...]] = (Example("hard_sigmoid", ((10,),), (10,)),)


class HardSwish(Activation):
    """x * hard_sigmoid(x) (Howard et al., 2019)."""

    word: ClassVar[str] = "hard_swish"
    examples: ClassVar[tuple[Example, ...]] = (Example("hard_swish", ((5, 6, 3),), (5, 6, 3)),)


class Tanh(Activation):
    """The hyperbolic tangent: between -1 and 1."""

    word: ClassVar[str] = "tanh"
    examples: ClassVar[tuple[Example, ...]] = (Example("tanh", ((10,),), (10,)),)


class _OverChannels(Activation):
    """Base of activations that look at all channels of one position together."""

    def infer(self, *inputs: TensorType) -> TensorType:
        if not inputs[0].rank:
            raise Rejection(f"{self.word} needs channels, not a single number", input=0)
        return inputs[0]


class Softmax(_OverChannels):
    """exp(x) divided by its sum over the channels: probabilities that sum to 1.

    Input (…, channels); each position is a distribution of its own (Bridle, 1990).
    """

    word: ClassVar[str] = "softmax"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("softmax", ((10,),), (10,)),
        Example("softmax", ((7, 4),), (7, 4)),
        Example("softmax", ((5, 6, 3),), (5, 6, 3)),
        Example("softmax", ((),), rejects="softmax needs channels"),
    )


class LogSoftmax(_OverChannels):
    """The natural logarithm of `softmax`, computed without underflow. Input (…, channels)."""

    word: ClassVar[str] = "log_softmax"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("log_softmax", ((10,),), (10,)),
        Example("log_softmax", ((5, 6, 3),), (5, 6, 3)),
        Example("log_softmax", ((),), rejects="log_softmax needs channels"),
    )


class Softplus(Activation):
    """log(1 + exp(x)): a smooth relu (Dugas et al., 2001)."""

    word: ClassVar[str] = "softplus"
    examples: ClassVar[tuple[Example, ...]] = (Example("softplus", ((10,),), (10,)),)


class Softsign(Activation):
    """x / (1 + |x|) (Bergstra et al., 2009)."""

    word: ClassVar[str] = "softsign"
    examples: ClassVar[tuple[Example, ...]] = (Example("softsign", ((10,),), (10,)),)


class Step(Activation):
    """1 where x is positive, else 0: the perceptron's (Rosenblatt, 1958). Its gradient is zero."""

    word: ClassVar[str] = "step"
    examples: ClassVar[tuple[Example, ...]] = (Example("step", ((10,),), (10,)),)


class Maxout(ShapeOnly):
    """The largest of each group of `pieces` neighbouring channels (Goodfellow et al., 2013).

    Input (…, channels), output (…, channels / pieces).
    """

    word: ClassVar[str] = "maxout"
    pieces: int = whole("how many channels are in a group", 2)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("maxout", ((10,),), (5,)),
        Example("maxout(3)", ((7, 6),), (7, 2)),
        Example("maxout(2)", ((5, 6, 4),), (5, 6, 2)),
        Example("maxout(3)", ((10,),), rejects="do not divide"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels = channels_of(inputs[0], self.word)
        if channels % self.pieces:
            raise Rejection(
                f"groups of {self.pieces} do not divide the {channels} channels that flow in",
                "pieces",
                help=f"{channels - channels % self.pieces + self.pieces} channels would do",
                about="channels",
            )
        return inputs[0].with_channels(channels // self.pieces)
