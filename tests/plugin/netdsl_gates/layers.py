"""The layer of the plugin."""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.arguments import choice
from netdsl.catalog.base import Example, OneOutput, Weight, channels_of
from netdsl.catalog.initializers import Zeros
from netdsl.tensor import Dim, TensorType


class ChannelGate(OneOutput):
    """Multiplies each channel by a learned number that a sigmoid or a tanh keeps small.

    Input (…, channels), output of the same shape; the weight is (channels,).
    """

    word: ClassVar[str] = "channel_gate"
    squash: str = choice("what keeps the numbers small", ("logistic", "hyperbolic"), "logistic")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("channel_gate", ((10,),), (10,)),
        Example("channel_gate(hyperbolic)", ((5, 6, 3),), (5, 6, 3)),
        Example("channel_gate(cubic)", ((7,),), rejects="logistic or hyperbolic"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels_of(inputs[0], self.word)
        return inputs[0]

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (Weight("weight", (channels_of(inputs[0], self.word),), Zeros()),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0
