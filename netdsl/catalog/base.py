"""The records of the catalogue: a layer's arguments and what is true of it on every backend.

A layer is one frozen record. Its fields are its arguments; its methods say which types come out
(`infer`), which weights it has (`weights`), how many multiply-adds one example costs (`macs`).
No method has a quiet default: bases such as `Elementwise` answer once for their kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from netdsl.catalog.arguments import Entry, Rejection, Symbol, entry
from netdsl.catalog.initializers import HeNormal, Initializer, Zeros
from netdsl.catalog.quantities import number
from netdsl.record import Record
from netdsl.tensor import Dim, Number, Size, TensorType

__all__ = [
    "Activation",
    "Biased",
    "Combining",
    "Elementwise",
    "Example",
    "Layer",
    "OneOutput",
    "Rejection",
    "ShapeOnly",
    "Source",
    "Symbol",
    "Weight",
    "Weighted",
    "Weightless",
]

Role = Literal["weight", "state"]


class Weight(Record):
    """A named array of a layer: `weight`, `bias` (trained) or state such as `running_mean`.

    Names and layouts are PyTorch's, so that checkpoints fit: a convolution's weight is
    (out, in / groups, height, width), a dense layer's (out, in).
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    role: Role = "weight"

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        total = 1
        for dim in self.shape:
            total *= dim
        return total


class Example(Record):
    """A use of a layer that its tests, its docs and its parity checks are made from.

    `call` is written as in a spec, over inputs named `it`, `b`, `c` of the given shapes; `output`
    is the shape that must come out. `number` is that of all inputs, or a tuple with one for each.
    An example with `rejects` is a wrong use: `rejects` is a part of the message.
    """

    call: str
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...] = ()
    number: Number | tuple[Number, ...] = "float"
    rejects: str = ""

    @property
    def types(self) -> tuple[TensorType, ...]:
        """The types of the inputs."""
        count = len(self.inputs)
        numbers = self.number if isinstance(self.number, tuple) else (self.number,) * count
        return tuple(TensorType(*pair) for pair in zip(self.inputs, numbers, strict=True))


class Layer(Entry):
    """A layer: types in, types, weights and cost out."""

    category: ClassVar[str] = "layer"
    # Whether `it` is the first input; merges and sources use exactly what they are given.
    takes_flow: ClassVar[bool] = True
    # How many tensors may be given beside the named ones: (least, most), None for no end.
    operands: ClassVar[tuple[int, int | None]] = (0, 0)
    # The field that takes all positional arguments, as one tuple: `unflatten(8, 8, 1)`. A single
    # positional tuple or list is that tuple itself; an empty name says that there is no such field.
    collects: ClassVar[str] = ""
    # Whether tensors of whole numbers may flow in.
    takes_int: ClassVar[bool] = False
    examples: ClassVar[tuple[Example, ...]] = ()

    def infer(self, *inputs: TensorType) -> TensorType:
        """The type that comes out, or a `Rejection` that blames one argument or input."""
        raise NotImplementedError

    def members(self, *inputs: TensorType) -> Mapping[str, TensorType]:
        """Further tensors that the layer hands out, by name (`h.state`, `p.indices`)."""
        raise NotImplementedError

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        """Weights and state, in PyTorch's names and layouts."""
        raise NotImplementedError

    def macs(self, *inputs: TensorType) -> Dim:
        """Multiply-adds for one example in evaluation."""
        raise NotImplementedError


class OneOutput(Layer):
    """Base of layers that hand out nothing but their main tensor."""

    def members(self, *inputs: TensorType) -> Mapping[str, TensorType]:
        return {}


class Weightless(OneOutput):
    """Base of layers without weights and multiply-adds, and of the three kinds below."""

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return ()

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


class Elementwise(Weightless):
    """Base of layers that map each number on its own: the shape stays, nothing is learned."""

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]


class Activation(Elementwise):
    """Base of what stands between layers with weights, so that these are not one linear map."""


class ShapeOnly(Weightless):
    """Base of layers that move, choose or reduce numbers: nothing is learned."""

    def infer(self, *inputs: TensorType) -> TensorType:
        raise NotImplementedError


class Combining(Weightless):
    """Base of layers that merge tensors into one: they use exactly what they are given."""

    takes_flow: ClassVar[bool] = False
    operands: ClassVar[tuple[int, int | None]] = (2, None)

    def infer(self, *inputs: TensorType) -> TensorType:
        raise NotImplementedError


class Source(OneOutput):
    """Base of layers that bring a tensor of their own and ignore `it`."""

    takes_flow: ClassVar[bool] = False


class Weighted(OneOutput):
    """Base of layers with a trained tensor: how it starts and what it adds to the loss."""

    init: Initializer = entry("how the weights start", Initializer, HeNormal(), keyword=True)
    l1: float = number("times the sum of absolute weights, added to the loss", 0, True, minimum=0)
    l2: float = number("times the sum of squared weights, added to the loss", 0, True, minimum=0)


class Biased(Weighted):
    """Base of weighted layers that can add a bias."""

    bias_init: Initializer = entry("how the biases start", Initializer, Zeros(), keyword=True)


def channels_of(flowing: TensorType, word: str) -> int:
    """How many channels flow into the layer of a word: a known number, or a `Rejection`."""
    if not flowing.rank:
        raise Rejection(f"{word} needs channels, not a single number", input=0)
    return known(flowing.channels, "the number of channels")


def known(size: Dim, what: str) -> int:
    """A size that a weight's shape depends on: it must be known before run time."""
    if isinstance(size, Size):
        raise Rejection(f"{what} must be known, but {size} is known only at run time", input=0)
    return size
