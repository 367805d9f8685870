"""Layers that leave a tensor as it is or multiply it by a factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from netdsl.catalog.arguments import EntryArgument
from netdsl.catalog.base import Elementwise, Example, OneOutput, Weight, channels_of
from netdsl.catalog.initializers import Fill, Initializer
from netdsl.catalog.quantities import number
from netdsl.tensor import Dim, TensorType


class Identity(Elementwise):
    """The tensor that flows in, of any shape and number type."""

    word: ClassVar[str] = "identity"
    takes_int: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example("identity", ((5, 6, 3),), (5, 6, 3)),
        Example("identity", ((7,),), (7,), number="int"),
    )


class Rescale(Elementwise):
    """factor * x + offset, for every number x."""

    word: ClassVar[str] = "rescale"
    factor: float = number("what each number is multiplied by")
    offset: float = number("what is added then", 0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("rescale(0.5)", ((10,),), (10,)),
        Example("rescale(2, -1)", ((5, 6, 3),), (5, 6, 3)),
        Example("rescale(1, offset=3)", ((10,),), (10,)),
        Example("rescale((1, 2))", ((10,),), rejects="factor expects a number"),
    )


class StartArgument(EntryArgument):
    """An initialiser, or a number that all weights start as."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return Fill(value)
        return super().normal(value)

    @property
    def expects(self) -> str:
        return "a number or an initializer"


start: Callable[..., Any] = StartArgument


class LayerScale(OneOutput):
    """Multiplies each channel by a learned factor (Touvron et al., 2021).

    Input (…, channels); the weight is (channels,).
    """

    word: ClassVar[str] = "layer_scale"
    init: Initializer = start("what the factors start as", Initializer, Fill(1), keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("layer_scale", ((10,),), (10,)),
        Example("layer_scale(init=1e-6)", ((5, 6, 3),), (5, 6, 3)),
        Example("layer_scale(init=ones)", ((7, 4),), (7, 4)),
        Example('layer_scale(init="ones")', ((7, 4),), rejects="a number or an initializer"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        channels_of(inputs[0], self.word)
        return inputs[0]

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (Weight("weight", (channels_of(inputs[0], self.word),), self.init),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0
