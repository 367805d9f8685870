"""Attention, and what is added to a sequence so that attention can use it.

A sequence is (length, features). Weights have the names and layouts of PyTorch's
`nn.MultiheadAttention`.
"""

from __future__ import annotations

from math import gcd, prod
from typing import ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import Way, choice, entry, flag, tensor_input
from netdsl.catalog.base import Biased, Example, OneOutput, Rejection, Source, Weight, known
from netdsl.catalog.initializers import Initializer, Normal, Zeros
from netdsl.catalog.quantities import sizes, whole
from netdsl.tensor import Dim, TensorType


class Attention(Biased):
    """Each position gathers what it finds alike at others (Vaswani et al., 2017, Section 3.2).

    Queries come from `it`, keys and values from `memory`, or from `it` where there is none; each of
    `heads` heads has softmax(q k^T / sqrt(features / heads)) v, and a dense layer mixes the heads.
    Input (length, features), memory (keys, …), output (length, features); with `each=true` the axes
    before, equal in both, hold sequences of their own. `mask` and `bias` are spread to (heads,
    length, keys), with `each=true` to (…, heads, length, keys).

    Weights: the matrices of queries, keys and values one below the other as `in_proj_weight` (3 *
    features, features), or three of their own where the memory has another width; `in_proj_bias`
    with `qkv_bias`; and `out_proj`, always with a bias. MACs are those of the matrices and of both
    products with the scores; what `causal` and `mask` hide counts too.
    """

    word: ClassVar[str] = "attention"
    takes_int: ClassVar[bool] = True
    heads: int = whole("among how many heads the features are divided")
    memory: int | None = tensor_input("a tensor to attend to, else the flow", None, keyword=True)
    causal: bool = flag("whether later positions are hidden from earlier ones", False, keyword=True)
    mask: int | None = tensor_input("not 0 where a key may be seen", None, keyword=True)
    bias: int | None = tensor_input("a tensor added to the scores", None, keyword=True)
    qkv_bias: bool = flag("whether queries, keys and values have a bias", True, keyword=True)
    each: bool = flag("whether each row of an image is a sequence of its own", False, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("attention(2)", ((5, 8),), (5, 8)),
        Example("attention(4, causal=true)", ((5, 8),), (5, 8)),
        Example("attention(1, qkv_bias=false)", ((5, 8),), (5, 8)),
        Example("attention(2, memory=b)", ((5, 8), (7, 8)), (5, 8)),
        Example("attention(2, memory=b, causal=true)", ((5, 8), (5, 8)), (5, 8)),
        Example("attention(2, memory=b)", ((5, 8), (7, 6)), (5, 8)),
        Example("attention(2, memory=b, qkv_bias=false)", ((5, 8), (7, 6)), (5, 8)),
        Example("attention(2, memory=b, mask=c)", ((5, 8), (7, 6), (7,)), (5, 8)),
        Example("attention(2, mask=b)", ((5, 8), (5,)), (5, 8)),
        Example("attention(2, mask=b)", ((5, 8), (5,)), (5, 8), number=("float", "int")),
        Example("attention(2, mask=b, causal=true)", ((5, 8), (5, 5)), (5, 8)),
        Example("attention(2, bias=b)", ((5, 8), (2, 5, 5)), (5, 8)),
        Example("attention(1, bias=b)", ((5, 8), (5, 5)), (5, 8)),
        Example("attention(2, bias=b, causal=true)", ((5, 8), (1, 5, 5)), (5, 8)),
        Example("attention(2, mask=b, bias=c)", ((5, 8), (5,), (5, 5)), (5, 8)),
        Example("attention(2, each=true)", ((3, 5, 8),), (3, 5, 8)),
        Example("attention(2, each=true)", ((4, 3, 5, 8),), (4, 3, 5, 8)),
        Example("attention(2, bias=b, each=true)", ((3, 5, 8), (2, 5, 5)), (3, 5, 8)),
        Example("attention(2, mask=b, each=true)", ((3, 5, 8), (3, 1, 5, 5)), (3, 5, 8)),
        Example("attention(2, memory=b, each=true)", ((3, 5, 8), (3, 7, 6)), (3, 5, 8)),
        Example("attention(3)", ((5, 8),), rejects="cannot be divided among 3 heads"),
        Example("attention(2)", ((8,),), rejects="attention needs a sequence"),
        Example("attention(2)", ((4, 5, 8),), rejects="an image of 4 x 5 x 8 flows in"),
        Example("attention(2)", ((5, 8),), number="int", rejects="attention takes no whole"),
        Example("attention(2, memory=b)", ((5, 8), (8,)), rejects="as many axes"),
        Example("attention(2, memory=b, each=true)", ((3, 5, 8), (2, 5, 8)), rejects="agree"),
        Example("attention(2, mask=b)", ((5, 8), (4,)), rejects="mask of 4"),
        Example("attention(2, bias=b)", ((5, 8), (3, 5, 5)), rejects="bias of 3 x 5 x 5"),
        Example("attention(2, bias=b)", ((5, 8), (1, 2, 5, 5)), rejects="bias of 1 x 2 x 5 x 5"),
        Example("attention(0)", ((5, 8),), rejects="heads expects"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        flowing = inputs[0]
        _need_sequence(self.word, flowing, self.each)
        features = known(flowing.channels, "the number of features")
        if features % self.heads:
            fitting = gcd(features, self.heads)
            raise Rejection(
                f"{features} features cannot be divided among {self.heads} heads",
                "heads",
                help=Way(f"heads={fitting} divides them", argument="heads", value=str(fitting)),
                about="channels",
            )
        for index, tensor in enumerate(inputs):
            if tensor.number == "int" and index != self.mask:
                raise Rejection(
                    f"attention takes no whole numbers, but {tensor} flows in",
                    input=index,
                    help="embedding or one_hot turns them into numbers to compute with",
                )
        *rows, length, _ = flowing.shape
        scores = (*rows, self.heads, length, self._memory(inputs).shape[-2])
        for name, place in (("mask", self.mask), ("bias", self.bias)):
            if place is not None:
                _need_spread(name, inputs[place], scores)
        return flowing

    def _memory(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """What is attended to, its axes before the sequence those of the flow."""
        if self.memory is None:
            return inputs[0]
        flowing, memory = inputs[0], inputs[self.memory]
        if memory.rank != flowing.rank:
            raise Rejection(
                f"attention needs a memory with as many axes as {flowing}, not {memory}", "memory"
            )
        for own, other in zip(flowing.shape[:-2], memory.shape[:-2], strict=True):
            try:
                agree(own, other)
            except Rejection:
                raise Rejection(
                    f"the axes before the sequences must agree, not {flowing} and {memory}",
                    "memory",
                ) from None
        return memory

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        features = known(inputs[0].channels, "the number of features")
        width = known(self._memory(inputs).channels, "the number of features")
        if width == features:
            matrices = {"in_proj_weight": (3 * features, features)}
        else:
            matrices = {
                "q_proj_weight": (features, features),
                "k_proj_weight": (features, width),
                "v_proj_weight": (features, width),
            }
        return (
            *(Weight(name, shape, self.init) for name, shape in matrices.items()),
            *(Weight("in_proj_bias", (3 * features,), self.bias_init),) * self.qkv_bias,
            Weight("out_proj.weight", (features, features), self.init),
            Weight("out_proj.bias", (features,), self.bias_init),
        )

    def macs(self, *inputs: TensorType) -> Dim:
        flowing, memory = inputs[0], self._memory(inputs)
        projections = 2 * flowing.size * flowing.channels + 2 * memory.size * flowing.channels
        return projections + 2 * flowing.size * memory.shape[-2]


class Positional(OneOutput):
    """Adds a vector to each position of a sequence, so that attention can tell them apart.

    Input and output (length, features). `learned`: a weight (length, features). `sinusoidal`: at
    position p the feature 2i is sin(p / 10000 ** (2i / features)) and the feature 2i + 1 the cosine
    (Vaswani et al., 2017, Section 3.5); it fits any length and has no weight.
    """

    word: ClassVar[str] = "positional"
    kind: str = choice("how the vectors come about", ("learned", "sinusoidal"), "learned")
    init: Initializer = entry("how learned vectors start", Initializer, Normal(0.02), keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("positional", ((7, 4),), (7, 4)),
        Example("positional(learned, init=zeros)", ((7, 4),), (7, 4)),
        Example("positional(sinusoidal)", ((7, 4),), (7, 4)),
        Example("positional(sinusoidal)", ((7, 5),), (7, 5)),
        Example("positional(sinusoidal, init=zeros)", ((7, 4),), rejects="nothing to start"),
        Example("positional", ((8,),), rejects="positional needs a sequence"),
        Example("positional", ((5, 6, 3),), rejects="positional needs a sequence"),
        Example("positional(fixed)", ((7, 4),), rejects="learned or sinusoidal"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _need_sequence(self.word, inputs[0])
        if self.kind == "sinusoidal" and self.init != type(self).arguments()["init"].default:
            raise Rejection(
                "sinusoidal positions are not learned: there is nothing to start", "init"
            )
        return inputs[0]

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        if self.kind == "sinusoidal":
            return ()
        try:
            length = known(inputs[0].shape[0], "the length of a sequence with learned positions")
        except Rejection as rejection:
            rejection.ways = (
                Way("positional(sinusoidal) fits any length", argument="kind", value="sinusoidal"),
            )
            raise
        features = known(inputs[0].channels, "the number of features")
        return (Weight("weight", (length, features), self.init),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


class ClassToken(OneOutput):
    """Puts a learned vector before a sequence, in which attention gathers what tells the class.

    Input (length, features), output (length + 1, features); the weight is (features,). Devlin et
    al., 2019.
    """

    word: ClassVar[str] = "class_token"
    init: Initializer = entry("how the vector starts", Initializer, Zeros(), keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("class_token", ((7, 4),), (8, 4)),
        Example("class_token(init=normal(0.02))", ((1, 4),), (2, 4)),
        Example("class_token", ((8,),), rejects="class_token needs a sequence"),
        Example("class_token", ((5, 6, 3),), rejects="class_token needs a sequence"),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        _need_sequence(self.word, inputs[0])
        return inputs[0].with_shape(inputs[0].shape[0] + 1, inputs[0].channels)

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        return (
            Weight("weight", (known(inputs[0].channels, "the number of features"),), self.init),
        )

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


class RelativeBias(Source, OneOutput):
    """A learned number for each head and each distance between two positions, as a table of scores.

    Output (heads, n, n) for the n positions of `size`, read row by row, to be given to `attention`
    as its bias. The weight is (distances, heads), where an axis of k positions has 2k - 1 distances
    (Liu et al., 2021, "Swin Transformer", Equation 4). It ignores `it`.
    """

    word: ClassVar[str] = "relative_bias"
    size: int | tuple[int, ...] = sizes("how many positions each axis has; one number: a sequence")
    heads: int = whole("how many heads the attention has")
    init: Initializer = entry("how the numbers start", Initializer, Normal(0.02), keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("relative_bias(5, 2)", (), (2, 5, 5)),
        Example("relative_bias((3, 4), 2)", (), (2, 12, 12)),
        Example("relative_bias((2, 3, 2), 1, init=zeros)", (), (1, 12, 12)),
        Example("relative_bias(0, 2)", (), rejects="size expects"),
    )

    @property
    def axes(self) -> tuple[int, ...]:
        """How many positions each axis has."""
        return self.size if isinstance(self.size, tuple) else (self.size,)

    def infer(self, *inputs: TensorType) -> TensorType:
        return TensorType((self.heads, prod(self.axes), prod(self.axes)))

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        distances = prod(2 * size - 1 for size in self.axes)
        return (Weight("weight", (distances, self.heads), self.init),)

    def macs(self, *inputs: TensorType) -> Dim:
        return 0


def _need_sequence(word: str, flowing: TensorType, each: bool | None = None) -> None:
    """A sequence, or with `each` several; `each` is None where a layer cannot take several."""
    if flowing.rank == 2 or (each and flowing.rank > 2):
        return
    if flowing.rank < 2:
        raise Rejection(
            f"{word} needs a sequence, length x features, not {flowing}",
            input=0,
            help=Way("unflatten(…) gives a vector positions", before=f"unflatten({flowing}, 1)")
            if flowing.rank
            else "",
        )
    positions = flowing.with_channels(1).size
    reshape = f"reshape({positions}, {flowing.channels})"
    ways = [Way(f"{reshape} makes all its positions one", before=reshape)]
    if each is not None:
        text = "each=true attends within each row alone"
        ways.append(Way(text, argument="each", value="true"))
    raise Rejection(
        f"{word} needs a sequence, but an image of {flowing} flows in",
        input=0,
        help=tuple(ways),
    )


def _need_spread(name: str, given: TensorType, scores: tuple[Dim, ...]) -> None:
    """A mask or bias that can be spread to the scores: sizes equal or 1, aligned at the end."""
    wanted = TensorType(scores)
    rejection = Rejection(
        f"a {name} of {given} cannot be spread to the scores, {wanted}",
        name,
        help="the scores are (heads, length, keys); axes before may be missing, sizes may be 1",
    )
    if not 1 <= given.rank <= len(scores):
        raise rejection
    for size, full in zip(given.shape, scores[len(scores) - given.rank :], strict=True):
        if size != 1:
            try:
                agree(size, full)
            except Rejection:
                raise rejection from None
