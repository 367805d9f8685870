"""Recurrences: layers that go along a sequence and carry a state from position to position.

Gates are stacked in PyTorch's order, those of an LSTM i, f, g, o (input, forget, candidate, output)
and those of a GRU r, z, n (reset, update, candidate), each `units` rows of a weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from netdsl.catalog.agree import agree
from netdsl.catalog.arguments import Way, choice, flag, tensor_input, tensor_inputs
from netdsl.catalog.base import Biased, Example, Rejection, Weight, known
from netdsl.catalog.initializers import OrthogonalGates, Zeros
from netdsl.catalog.quantities import whole
from netdsl.tensor import Dim, TensorType

ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")
RETURNS = ("last", "sequence")
# The biases of a direction by what `bias` says.
BIASES: dict[str, tuple[str, ...]] = {
    "single": ("bias",),
    "double": ("bias_ih", "bias_hh"),
    "none": (),
}
# What follows the names of the weights of a direction.
DIRECTIONS = ("", "_reverse")


class Recurrence(Biased):
    """Base of the recurrences over a sequence (length, features), whose length may be open.

    A direction has `weight_ih` (gates * units, features), `weight_hh` (gates * units, units) and
    biases (gates * units); those of the way back end in `_reverse`. `init` starts the weights of
    what flows in; those of the state start orthogonal, gate by gate. With `bidirectional` both
    directions stand side by side, forward first, in the output and in every member.

    With a `mask` (length), such as `not_equal(0)` makes of tokens that are filled up with 0, a
    recurrence goes from one position that counts to the next: the state passes the others by, and
    the output there is 0. Where none counts, the last output is the first state. MACs are those of
    all positions.
    """

    takes_int: ClassVar[bool] = True
    gates: ClassVar[int]
    # What goes from position to position, and is handed out after the last.
    kept: ClassVar[tuple[str, ...]] = ("state",)
    units: int = whole("how many numbers the state has, for each direction")
    activation: str = choice("what bounds the state", ACTIVATIONS, "tanh", keyword=True)
    return_: str = choice(
        "the last output of each direction, or those at every position", RETURNS, "last", True
    )
    bidirectional: bool = flag("whether a second recurrence goes back", False, keyword=True)
    bias: str = choice(
        "single: one for each gate; double: one beside each weight", tuple(BIASES), "single", True
    )
    mask: int | None = tensor_input("not 0 where a position counts", None, keyword=True)

    @property
    def directions(self) -> tuple[str, ...]:
        """What follows the names of weights, for each direction."""
        return DIRECTIONS if self.bidirectional else DIRECTIONS[:1]

    @property
    def given(self) -> tuple[int, ...]:
        """The indices of the tensors of `initial` among the inputs: a state, perhaps a cell."""
        return tuple(index for _, index in self._given())

    def _given(self) -> tuple[tuple[str, int], ...]:
        """What each tensor of `initial` is, with its index among the inputs."""
        raise NotImplementedError

    def begun(self, inputs: tuple[int, ...]) -> Recurrence:
        """The same from what is given at these inputs, one for each of `kept`."""
        return self.replace(initial=inputs[0])

    def _peepholes(self) -> tuple[str, ...]:
        """The names of weights that are one number for each unit."""
        return ()

    def infer(self, *inputs: TensorType) -> TensorType:
        flowing = inputs[0]
        if flowing.rank != 2:
            raise Rejection(
                f"{self.word} needs length x features, not {flowing}",
                input=0,
                help=_sequence_of(flowing),
            )
        known(flowing.channels, "the number of features")
        if flowing.number == "int":
            raise Rejection(
                f"{self.word} takes no whole numbers, but {flowing} flows in",
                input=0,
                help="embedding or one_hot turns them into numbers to compute with",
            )
        if self.mask is not None:
            self._check_mask(flowing, inputs[self.mask])
        for what, index in self._given():
            self._check_initial(what, inputs[index])
        state = self._state()
        return flowing.with_channels(state.channels) if self.return_ == "sequence" else state

    def _check_mask(self, flowing: TensorType, mask: TensorType) -> None:
        length = flowing.shape[0]
        rejection = Rejection(
            f"a mask says of each of the {length} positions whether it counts, which {mask} cannot",
            "mask",
            help="not_equal(0) makes one of tokens that are filled up with 0",
        )
        if mask.rank != 1:
            raise rejection
        try:
            agree(mask.shape[0], length)
        except Rejection:
            raise rejection from None

    def _check_initial(self, what: str, given: TensorType) -> None:
        wanted = self._state()
        if given != wanted:
            raise Rejection(
                f"the {what} before the first position must be {wanted}, not {given}",
                "initial",
                help=f"{self.units} for each direction"
                if self.bidirectional
                else f"dense({self.units}) gives a vector that fits"
                if given.rank == 1
                else "",
            )

    def _state(self) -> TensorType:
        return TensorType((len(self.directions) * self.units,))

    def members(self, *inputs: TensorType) -> Mapping[str, TensorType]:
        return dict.fromkeys(self.kept, self._state())

    def weights(self, *inputs: TensorType) -> tuple[Weight, ...]:
        features = known(inputs[0].channels, "the number of features")
        rows = self.gates * self.units
        found: list[Weight] = []
        for end in self.directions:
            found += [
                Weight(f"weight_ih{end}", (rows, features), self.init),
                Weight(f"weight_hh{end}", (rows, self.units), OrthogonalGates(self.gates)),
            ]
            found += [Weight(f"{name}{end}", (rows,), self.bias_init) for name in BIASES[self.bias]]
            found += [Weight(f"{name}{end}", (self.units,), Zeros()) for name in self._peepholes()]
        return tuple(found)

    def macs(self, *inputs: TensorType) -> Dim:
        length, features = inputs[0].shape
        return length * (features + self.units) * (len(self.directions) * self.gates * self.units)


class Rnn(Recurrence):
    """The plain recurrence h = activation(W x + U h + b), from h = 0 or `initial` (Elman, 1990).

    Input (length, features); output (units,) or, with `return=sequence`, (length, units). The
    member `state` is the state after the last position.
    """

    word: ClassVar[str] = "rnn"
    gates: ClassVar[int] = 1
    initial: int | None = tensor_input("the state before the first position", None, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("rnn(8)", ((7, 5),), (8,)),
        Example("rnn(8, return=sequence, bias=double)", ((7, 5),), (7, 8)),
        Example("rnn(8, activation=relu, bias=none)", ((7, 5),), (8,)),
        Example("rnn(8, activation=sigmoid, bidirectional=true)", ((7, 5),), (16,)),
        Example("rnn(8, bidirectional=true, return=sequence, initial=b)", ((7, 5), (16,)), (7, 16)),
        Example("rnn(8, activation=identity)", ((7, 5),), (8,)),
        Example("rnn(8, mask=b)", ((7, 5), (7,)), (8,)),
        Example("rnn(8, activation=sigmoid, return=sequence, mask=b)", ((7, 5), (7,)), (7, 8)),
        Example("rnn(8)", ((5,),), rejects="rnn needs length x features"),
        Example("rnn(8)", ((7, 5),), number="int", rejects="rnn takes no whole numbers"),
        Example("rnn(8, bias=false)", ((7, 5),), rejects="single or double or none"),
        Example("rnn(8, initial=b)", ((7, 5), (6,)), rejects="must be 8, not 6"),
        Example("rnn(8, activation=softmax)", ((7, 5),), rejects="activation expects"),
    )

    def _given(self) -> tuple[tuple[str, int], ...]:
        return () if self.initial is None else (("state", self.initial),)


class Lstm(Recurrence):
    """A long short-term memory: a cell that gates let numbers into, keep and out of.

    c = f * c + i * activation(W x + U h + b), h = o * activation(c), with i, f, o the sigmoids of
    such sums (Hochreiter and Schmidhuber, 1997; the forget gate from Gers et al., 2000). Input
    (length, features); output (units,) or, with `return=sequence`, (length, units). The members
    `state` and `cell` are h and c after the last position; `initial` is a state, or [state, cell].

    With `peephole` the gates see the cell (Gers and Schmidhuber, 2000): i and f the one before, o
    the new one, each through a diagonal weight (units,) that starts at zero: `weight_ci`,
    `weight_cf`, `weight_co`.
    """

    word: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    kept: ClassVar[tuple[str, ...]] = ("state", "cell")
    initial: tuple[int, ...] | None = tensor_inputs(
        "the state before the first position, or [state, cell]", 2, None, keyword=True
    )
    peephole: bool = flag("whether the gates see the cell", False, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("lstm(8)", ((7, 5),), (8,)),
        Example("lstm(8, return=sequence, bias=double)", ((7, 5),), (7, 8)),
        Example("lstm(8, bidirectional=true, bias=none)", ((7, 5),), (16,)),
        Example("lstm(8, peephole=true)", ((7, 5),), (8,)),
        Example("lstm(8, activation=relu, bidirectional=true)", ((7, 5),), (16,)),
        Example("lstm(8, activation=identity, bias=none)", ((7, 5),), (8,)),
        Example("lstm(8, initial=b)", ((7, 5), (8,)), (8,)),
        Example("lstm(8, initial=[b, c], return=sequence)", ((7, 5), (8,), (8,)), (7, 8)),
        Example("lstm(8, mask=b, bidirectional=true)", ((7, 5), (7,)), (16,)),
        Example("lstm(8, mask=b, initial=c, return=sequence)", ((7, 5), (7,), (8,)), (7, 8)),
        Example("lstm(8, mask=b, peephole=true)", ((7, 5), (7,)), (8,)),
        Example("lstm(8, mask=b)", ((7, 5), (6,)), rejects="whether it counts, which 6 cannot"),
        Example("lstm(8)", ((9, 7, 5),), rejects="lstm needs length x features"),
        Example("lstm(8, initial=[b, c])", ((7, 5), (8,), (6,)), rejects="the cell before"),
        Example("lstm(8, initial=b)", ((7, 5), (7, 8)), rejects="must be 8, not 7 x 8"),
        Example("lstm(8, return=first)", ((7, 5),), rejects="return expects last or sequence"),
    )

    def _given(self) -> tuple[tuple[str, int], ...]:
        return tuple(zip(self.kept, self.initial or (), strict=False))

    def begun(self, inputs: tuple[int, ...]) -> Recurrence:
        return self.replace(initial=inputs)

    def _peepholes(self) -> tuple[str, ...]:
        return ("weight_ci", "weight_cf", "weight_co") if self.peephole else ()


class Gru(Recurrence):
    """A gated recurrent unit: h = (1 - z) * n + z * h, with r, z the sigmoids of W x + U h + b.

    With `reset_after` the candidate is n = activation(W x + r * (U h)) as in PyTorch and Keras,
    else n = activation(W x + U (r * h)) as in the paper (Cho et al., 2014). Of two biases the
    second stands beside U h, within r's reach; a single one stands beside W x. Input (length,
    features); output (units,) or, with `return=sequence`, (length, units). The member `state` is h
    after the last position.
    """

    word: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    initial: int | None = tensor_input("the state before the first position", None, keyword=True)
    reset_after: bool = flag("whether the reset gate comes after U h", True, keyword=True)
    examples: ClassVar[tuple[Example, ...]] = (
        Example("gru(8)", ((7, 5),), (8,)),
        Example("gru(8, return=sequence, bias=double)", ((7, 5),), (7, 8)),
        Example("gru(8, bidirectional=true, bias=none)", ((7, 5),), (16,)),
        Example("gru(8, reset_after=false)", ((7, 5),), (8,)),
        Example("gru(8, activation=relu, bidirectional=true)", ((7, 5),), (16,)),
        Example("gru(8, reset_after=false, bias=double, initial=b)", ((7, 5), (8,)), (8,)),
        Example("gru(8, initial=b)", ((7, 5), (8,)), (8,)),
        Example("gru(8, mask=b, return=sequence)", ((7, 5), (7,)), (7, 8)),
        Example("gru(8, mask=b, reset_after=false)", ((7, 5), (7,)), (8,)),
        Example("gru(8, mask=b)", ((7, 5), (7, 5)), rejects="of each of the 7 positions"),
        Example("gru(0)", ((7, 5),), rejects="units expects"),
        Example("gru(8, initial=b, bidirectional=true)", ((7, 5), (8,)), rejects="must be 16"),
    )

    def _given(self) -> tuple[tuple[str, int], ...]:
        return () if self.initial is None else (("state", self.initial),)


def _sequence_of(flowing: TensorType) -> str | Way:
    """The step that makes a sequence of a vector, or of the positions of an image."""
    if not flowing.rank:
        return ""
    positions = flowing.with_channels(1).size if flowing.rank > 1 else flowing.channels
    step = f"reshape({positions}, {flowing.channels if flowing.rank > 1 else 1})"
    known = isinstance(flowing.size, int)
    return Way(f"{step} makes a sequence", before=step if known else "")
