"""Linear maps: dense layers, embeddings, products of tensors, and tensors of a net's own."""

from __future__ import annotations

from typing import Any, ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import Way, entry, flag, tensor_input, tied_weight
from netdsl.catalog.base import (
    Biased,
    Example,
    Rejection,
    Source,
    Weight,
    Weighted,
    Weightless,
    known,
)
from netdsl.catalog.initializers import Initializer, Normal
from netdsl.catalog.quantities import dimensions, numbers, whole
from netdsl.tensor import Dim, TensorType


class Dense(Biased):
    """Multiplies the last axis by a learned matrix and adds a bias: y = W x + b.

    Input (…, features), output (…, units); the matrix is (units, features). A sequence is mapped
    position by position; an image only with `each=true`, since it is mostly meant to be flattened
    first. With `tie` the matrix is that of another layer, and only the bias is an own weight.
    """

    word: ClassVar[str] = "dense"
    units: int = whole("how many numbers come out")
    bias: bool = flag("whether a number is added to each unit", True, keyword=True)
    tie: tuple[int, ...] | None = tied_weight(
        "a layer whose weight is used, of shape (units, features)", None, keyword=True
    )
    each: bool = flag("whether each position of an image is mapped on its own", False, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("dense(10)", ((64,),), (10,)),
        Example("dense(10, bias=false)", ((64,),), (10,)),
        Example("dense(10)", ((7, 16),), (7, 10)),
        Example("dense(10, each=true)", ((5, 6, 16),), (5, 6, 10)),
        Example("dense(10, each=true)", ((4, 5, 6, 16),), (4, 5, 6, 10)),
        Example("dense(10)", ((7, 7, 512),), rejects="dense acts on the last axis"),
        Example("dense(2.5)", ((64,),), rejects="units expects"),
        Example("dense(10)", ((),), rejects="dense needs"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        flowing = inputs[0]
        if flowing.rank == 0:
            raise Rejection("dense needs at least one axis, not a single number", input=0)
        if flowing.rank > 2 and not self.each:
            raise Rejection(
                f"dense acts on the last axis, but an image of {flowing} flows in",
                input=0,
                help=(
                    Way("flatten or global_avgpool before it makes it a vector", before="flatten"),
                    Way("each=true maps each position", argument="each", value="true"),
                ),
            )
        needed = (self.units, known(flowing.channels, "the number of features"))
        if self.tie is not None and tuple(self.tie) != needed:
            raise Rejection(
                f"the tied weight is {_times(self.tie)}, but this layer needs {_times(needed)}",
                "tie",
            )
        return flowing.with_channels(self.units)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        features = known(inputs[0].channels, "the number of features")
        weight = Weight("weight", (self.units, features), self.init)
        bias = Weight("bias", (self.units,), self.bias_init)
        return (weight,) * (self.tie is None) + (bias,) * self.bias

    def macs(self, *inputs: TensorType) -> Dim:
        return inputs[0].size * self.units


def _times(shape: tuple[Dim, ...]) -> str:
    return " x ".join(map(str, shape))


class Embedding(Weighted):
    """Looks up a learned vector of `units` numbers for each whole number below `vocab`.

    Input of int, a single number or a sequence; output (…, units). A table look-up: no
    multiply-adds. Bengio et al., 2003.
    """

    word: ClassVar[str] = "embedding"
    takes_int: ClassVar[bool] = True
    vocab: int = whole("how many different numbers there are")
    units: int = whole("how many numbers stand for each")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("embedding(20, 8)", ((12,),), (12, 8), number="int"),
        Example("embedding(20, 8)", ((),), (8,), number="int"),
        Example("embedding(20, 8)", ((12,),), rejects="embedding needs whole numbers"),
        Example("embedding(20, 8)", ((4, 5),), number="int", rejects="embedding needs a number"),
        Example("embedding(0, 8)", ((12,),), number="int", rejects="vocab expects"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        if inputs[0].number != "int":
            raise Rejection(
                f"embedding needs whole numbers, not {inputs[0]}",
                input=0,
                help=Way("declare the input with `of int`", declare=" of int"),
            )
        if inputs[0].rank > 1:
            raise Rejection(f"embedding needs a number or a sequence, not {inputs[0]}", input=0)
        return TensorType((*inputs[0].shape, self.units))

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (Weight("weight", (self.vocab, self.units), self.init),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


class Matmul(Weightless):
    """The matrix product of two tensors over their last two axes.

    (…, n, k) times (…, k, m) is (…, n, m); the axes before agree or are 1. With `transpose` the
    second is (…, m, k).
    """

    word: ClassVar[str] = "matmul"
    takes_flow: ClassVar[bool] = False
    a: int = tensor_input("the left matrix")
    b: int = tensor_input("the right matrix")
    transpose: bool = flag("whether the last two axes of b are swapped", False, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("matmul(it, b)", ((5, 3), (3, 4)), (5, 4)),
        Example("matmul(it, b, transpose=true)", ((5, 3), (4, 3)), (5, 4)),
        Example("matmul(it, b)", ((2, 5, 3), (2, 3, 4)), (2, 5, 4)),
        Example("matmul(it, b, transpose=true)", ((2, 5, 3), (1, 4, 3)), (2, 5, 4)),
        Example("matmul(it, b)", ((5, 3), (4, 3)), rejects="do not fit"),
        Example("matmul(it, b)", ((3,), (3, 4)), rejects="matmul needs"),
        Example("matmul(it, b)", ((2, 5, 3), (3, 3, 4)), rejects="agree"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        a, b = self._matrices(*inputs)
        if not 2 <= a.rank <= 4 or a.rank != b.rank:
            raise Rejection(
                f"matmul needs two tensors of two to four axes each, not {a} and {b}", input=self.b
            )
        try:
            agree(a.shape[-1], b.shape[-2])
        except Rejection:
            raise self._unfit(a, b) from None
        before = [self._common(*pair) for pair in zip(a.shape[:-2], b.shape[:-2], strict=True)]
        return TensorType((*before, a.shape[-2], b.shape[-1]))

    def _unfit(self, a: TensorType, b: TensorType) -> Rejection:
        turned = "leave transpose out" if self.transpose else "transpose=true would fit"
        return Rejection(
            f"{a} and {b} do not fit: {a.channels} columns against {b.shape[-2]} rows",
            input=self.b,
            help=turned if a.channels == b.channels else "",
        )

    def _common(self, left: Dim, right: Dim) -> Dim:
        """The size of an axis before the matrices."""
        if left == 1 or right == 1:
            return right if left == 1 else left
        try:
            return agree(left, right)
        except Rejection:
            raise Rejection(
                f"the axes before the matrices must agree or be 1, not {left} and {right}",
                input=self.b,
            ) from None

    def _matrices(self, *inputs: TensorType) -> tuple[TensorType, TensorType]:
        a, b = inputs[self.a], inputs[self.b]
        if self.transpose and b.rank >= 2:
            b = b.with_shape(*b.shape[:-2], b.shape[-1], b.shape[-2])
        return a, b

    def macs(self, *inputs: TensorType) -> Dim:
        return self.infer(*inputs).size * inputs[self.a].shape[-1]


class Parameter(Source, Weighted):
    """A trained tensor of its own, the same for every example. It ignores what flows.

    The weight has PyTorch's layout: an image's channels come first.
    """

    word: ClassVar[str] = "parameter"
    shape: tuple[Dim, ...] = dimensions("the shape, channels last")
    init: Initializer = entry("how it starts", Initializer, Normal(0.02), keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("parameter(8)", (), (8,)),
        Example("parameter((4, 8))", (), (4, 8)),
        Example("parameter((5, 6, 3), init=zeros)", (), (5, 6, 3)),
        Example("parameter(0)", (), rejects="shape expects"),
        Example("parameter(1.5)", (), rejects="shape expects"),
    )

    def _known(self) -> tuple[int, ...]:
        try:
            return tuple(known(size, "the shape of a parameter") for size in self.shape)
        except Rejection as rejection:
            raise Rejection(rejection.message, "shape") from None

    def infer(self, *inputs: TensorType) -> TensorType:
        return TensorType(self._known())

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (Weight("weight", channels_first(self._known()), self.init),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """PyTorch's layout of a shape: the channels of images and volumes come first."""
    return shape if len(shape) < 3 else (shape[-1], *shape[:-1])


class Constant(Source, Weightless):
    """Fixed numbers, the same for every example: no weight, and not trained. It ignores `it`.

    A list of n numbers has the shape (n,), a list of lists the shape of a table, channels last. A
    single number has the shape (1,).
    """

    word: ClassVar[str] = "constant"
    values: Any = numbers("a number, or a (nested) list of numbers")
    examples: ClassVar[tuple[Example, ...]] = (
        Example("constant(0.5)", (), (1,)),
        Example("constant([1, 2, 3])", (), (3,)),
        Example("constant([[1, 2, 3], [4, 5, 6]])", (), (2, 3)),
        Example("constant([[[1, 2], [3, 4], [5, 6]]])", (), (1, 3, 2)),
        Example("constant([[1, 2], [3]])", (), rejects="values expects"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        shape: list[int] = []
        values = self.values if isinstance(self.values, tuple) else (self.values,)
        while isinstance(values, tuple):
            shape.append(len(values))
            values = values[0]
        return TensorType(tuple(shape))
