"""Layers of nets that draw pictures: a draw from a distribution, and a picture's style."""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import tensor_input
from netdsl.catalog.base import Example, OneOutput, Rejection, Weight, Weightless, channels_of
from netdsl.catalog.windows import spatial_rank
from netdsl.tensor import Dim, TensorType


class Sample(Weightless):
    """A draw from normal distributions, through which gradients flow (Kingma and Welling, 2014).

    `mean` and `logvar`, the natural logarithm of the variance, have one shape, which comes out:
    mean + exp(logvar / 2) * noise in training, and in evaluation the mean. The noise is drawn from
    the standard normal distribution; a tensor that is given as `noise` takes its place, also in
    evaluation.
    """

    word: ClassVar[str] = "sample"
    takes_flow: ClassVar[bool] = False
    mean: int = tensor_input("the means")
    logvar: int = tensor_input("the logarithms of the variances")
    noise: int | None = tensor_input("what is not drawn then, of the same shape", None, True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("sample(it, b)", ((8,), (8,)), (8,)),
        Example("sample(it, b)", ((4, 5, 3), (4, 5, 3)), (4, 5, 3)),
        Example("sample(mean=b, logvar=it)", ((7, 4), (7, 4)), (7, 4)),
        Example("sample(it, it, noise=b)", ((8,), (8,)), (8,)),
        Example("sample(it, it, noise=b)", ((4, 5, 3), (4, 5, 3)), (4, 5, 3)),
        Example("sample(it, b)", ((8,), (4,)), rejects="one shape, not 8 and 4"),
        Example("sample(it, b)", ((8,), (1, 8)), rejects="one shape"),
        Example("sample(it, it, noise=b)", ((8,), (4,)), rejects="a noise of one shape"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        found = self._alike(inputs[self.mean], inputs[self.logvar], "logvar", self.logvar)
        if self.noise is None:
            return found
        return self._alike(found, inputs[self.noise], "noise", self.noise)

    @staticmethod
    def _alike(mean: TensorType, other: TensorType, name: str, place: int) -> TensorType:
        """The type of a mean, with which another tensor agrees."""
        rejection = Rejection(
            f"sample needs a mean and a {name} of one shape, not {mean} and {other}",
            name,
            place,
            help="both come from layers with as many units" if name == "logvar" else "",
        )
        if mean.rank != other.rank:
            raise rejection
        try:
            pairs = zip(mean.shape, other.shape, strict=True)
            return mean.with_shape(*[agree(*pair) for pair in pairs])
        except Rejection:
            raise rejection from None


class Gram(OneOutput):
    """The scalar product of each channel with each, over all positions: a picture's style.

    Input (…, channels) with one to three axes of positions, output (channels, channels): G_ij is
    the sum of F_i F_j over the positions, not divided by anything, as in Gatys, Ecker and Bethge,
    2015, Equation 3.
    """

    word: ClassVar[str] = "gram"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("gram", ((5, 6, 3),), (3, 3)),
        Example("gram", ((7, 4),), (4, 4)),
        Example("gram", ((3, 4, 5, 2),), (2, 2)),
        Example("gram", ((10,),), rejects="gram needs"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        spatial_rank(inputs[0], self.word)
        channels = channels_of(inputs[0], self.word)
        return inputs[0].with_shape(channels, channels)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return ()

    def macs(self, *inputs: TensorType) -> Dim:
        return inputs[0].size * inputs[0].channels
