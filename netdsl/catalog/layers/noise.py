"""Noise that keeps a net from leaning on single numbers, present in training only.

Every layer here is the identity in evaluation.
"""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.arguments import Way
from netdsl.catalog.base import Elementwise, Example, Rejection
from netdsl.catalog.quantities import number
from netdsl.catalog.windows import spatial_rank
from netdsl.tensor import TensorType


class Dropout(Elementwise):
    """Sets each number to zero with probability `rate` and divides the others by `1 - rate`.

    Any shape, which stays. Srivastava et al., 2014, in the inverted form.
    """

    word: ClassVar[str] = "dropout"
    rate: float = number("the share of numbers that are dropped", 0.5, minimum=0, below=1)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("dropout", ((10,),), (10,)),
        Example("dropout(0.2)", ((5, 6, 3),), (5, 6, 3)),
        Example("dropout(0)", ((7, 4),), (7, 4)),
        Example("dropout(1)", ((10,),), rejects="below 1"),
    )


class SpatialDropout(Elementwise):
    """Drops whole channels: all positions of one are set to zero together, else scaled.

    Input (…, channels) with at least one axis of positions. Tompson et al., 2015.
    """

    word: ClassVar[str] = "spatial_dropout"
    rate: float = number("the share of channels that are dropped", 0.5, minimum=0, below=1)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("spatial_dropout", ((5, 6, 3),), (5, 6, 3)),
        Example("spatial_dropout(0.1)", ((7, 4),), (7, 4)),
        Example("spatial_dropout(0.1)", ((3, 4, 5, 2),), (3, 4, 5, 2)),
        Example("spatial_dropout(0.1)", ((10,),), rejects="spatial_dropout needs"),
        Example("spatial_dropout(-0.1)", ((5, 6, 3),), rejects="at least 0"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        try:
            spatial_rank(inputs[0], "spatial_dropout")
        except Rejection as rejection:
            instead = f"dropout({self.rate:g})"
            text = f"{instead} drops single numbers and takes any shape"
            rejection.ways = (Way(text, instead=instead),)
            raise
        return inputs[0]


class DropPath(Elementwise):
    """Drops the whole tensor of an example with probability `rate`, else divides it by `1 - rate`.

    At the end of the residual branch of an `add` this is stochastic depth (Huang et al., 2016);
    they scale in evaluation, here training is scaled, so that evaluation is the identity.
    """

    word: ClassVar[str] = "drop_path"
    rate: float = number("the share of examples whose tensor is dropped", minimum=0, below=1)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("drop_path(0.2)", ((5, 6, 3),), (5, 6, 3)),
        Example("drop_path(0)", ((10,),), (10,)),
        Example("drop_path(1.5)", ((10,),), rejects="below 1"),
    )


class GaussianNoise(Elementwise):
    """Adds normal noise of mean 0 and standard deviation `std`, in the tensor's own units."""

    word: ClassVar[str] = "gaussian_noise"
    std: float = number("the standard deviation of the noise", minimum=0)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("gaussian_noise(0.1)", ((5, 6, 3),), (5, 6, 3)),
        Example("gaussian_noise(-1)", ((10,),), rejects="at least 0"),
    )
