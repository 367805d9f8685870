"""What training asks of a backend: an engine of few verbs, and the task that it is given.

An engine keeps examples that lie in memory where it computes, so that a step costs what it
computes; others come to it in batches. Arrays that go in and come out are numpy's, channels last,
under the names of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.backends.augment import Augmenting
from netdsl.backends.carry import Carry, lanes
from netdsl.backends.contest import Contest
from netdsl.backends.draws import Draws
from netdsl.catalog.losses import Loss
from netdsl.catalog.optimizers import Optimizer
from netdsl.catalog.settings import Precision
from netdsl.record import Record
from netdsl.tensor import TensorType

Array: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int64]
Figures: TypeAlias = dict[str, float]

# What the running mean of a weight is called in the state, beside what its optimizer keeps.
MEAN = "ema"
# What of the state belongs to no weight: the scale that keeps small gradients of half precision
# from vanishing, and the steps since it grew.
LOSS_SCALE, LOSS_GROWTH = "loss.scale", "loss.growth"

# The label of a position that no loss and no figure counts, as PyTorch's losses have it.
IGNORED = -100

# Called after each batch with how many examples it had.
Tick: TypeAlias = Callable[[int], None]


# Called after each batch of an evaluation with the outputs of the net by name, as `Model.predict`
# gives them, and the fields by name, at least those that the terms use.
Watch: TypeAlias = Callable[[Mapping[str, Array], Mapping[str, Array]], None]


class Operand(Record):
    """A tensor that a loss is called with: a field of the data, else an output of the net.

    `type` is that of one example.
    """

    name: str
    type: TensorType
    field: bool


class Term(Record):
    """One term of the loss: a loss of some tensors, times a weight.

    An auxiliary output exists in training only, and so does its term.
    """

    loss: Loss
    operands: tuple[Operand, ...]
    weight: float
    auxiliary: bool

    @property
    def prediction(self) -> Operand:
        """What is compared with a target."""
        return self.operands[0]

    @property
    def target(self) -> Operand:
        """What it is compared with."""
        return self.operands[1]

    @property
    def truth(self) -> Operand:
        """What says which answer is right, where the term is scored: its last operand."""
        return self.operands[-1]

    @property
    def single(self) -> bool:
        """Whether one number says which of two classes is meant."""
        return self.loss.of_pairs or self.prediction.type.channels == 1

    @property
    def classes(self) -> int | None:
        """How many classes there are, where the target has their numbers; else None.

        One unit for two classes is compared with that number itself.
        """
        type, target = self.prediction.type, self.target.type
        channels = type.channels
        numbers = self.target.field and target.number == "int" and target.rank + 1 == type.rank
        return channels if numbers and isinstance(channels, int) and channels > 1 else None


class Penalty(Record):
    """What a weight adds to the loss: `l1` times its absolute, `l2` times its squared numbers."""

    weight: str
    l1: float
    l2: float


class Task(Record):
    """What an engine is to learn and to tell.

    `inputs` are the fields that flow into the net, in order; `output` is the name of its main
    output; `folded` the outputs whose logits the loss takes; `scored` the term whose accuracy is
    told, None for none; `batch` how many examples an evaluation may take at once.

    `watched` are outputs and fields that metrics look at beside the terms.

    `frozen` are the full names of weights and running statistics that stay as they are,
    `undecayed` those of weights that the optimizer's decay leaves out. A step averages the
    gradients of `accumulate` batches and cuts them down to the length `clip`; `ema` is the share
    of the old that a running mean of the weights keeps. `precision` and `fast` are as the settings
    of that name say. `augmenting` is what changes examples in training, None for nothing; `draws`
    what flows into the net behind the fields, in training and in evaluations; `carry` what goes
    from each batch into the next one, behind both.

    Where there is a `contest`, its two nets are trained, in place of one with terms; a single field
    flows in, and the figures are the losses of both.
    """

    inputs: tuple[str, ...]
    output: str
    terms: tuple[Term, ...]
    folded: frozenset[str]
    scored: Term | None
    optimizer: Optimizer
    penalties: tuple[Penalty, ...]
    batch: int
    watched: tuple[tuple[Operand, Operand], ...] = ()
    frozen: frozenset[str] = frozenset()
    undecayed: frozenset[str] = frozenset()
    accumulate: int = 1
    clip: float | None = None
    ema: float | None = None
    precision: Precision = "float32"
    fast: bool = False
    augmenting: Augmenting | None = None
    draws: Draws | None = None
    carry: Carry | None = None
    contest: Contest | None = None

    @property
    def flowing(self) -> tuple[str, ...]:
        """What flows into the net, in order: fields, what is drawn, and what is carried."""
        drawn = self.draws.names if self.draws else ()
        return self.inputs + drawn + (self.carry.inputs if self.carry else ())

    def judged(self, examples: Indices) -> list[Indices]:
        """The batches of an evaluation over these examples, in order."""
        if self.carry is not None:
            return lanes(examples, self.carry.lanes)
        return np.split(examples, range(self.batch, len(examples), self.batch))

    def beside(self, count: int) -> list[Array]:
        """What flows behind so many examples into a prediction: means, and first states."""
        drawn = self.draws.none(count) if self.draws else []
        return [*drawn, *(self.carry.first(count).values() if self.carry else [])]

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields that flow into the net or into a loss, each once."""
        compared = [one.name for term in self.terms for one in term.operands if one.field]
        compared += [field.name for _, field in self.watched]
        return tuple(dict.fromkeys((*self.inputs, *compared)))

    @property
    def compared(self) -> frozenset[str]:
        """The outputs of the net that a loss is of."""
        operands = (one for term in self.terms for one in term.operands)
        return frozenset(one.name for one in operands if not one.field)

    def activation(self, output: str) -> str:
        """The word of the layer that is folded into the loss of an output; empty for none."""
        if output not in self.folded:
            return ""
        taken = (term for term in self.terms if term.prediction.name == output)
        return next(term.loss.folds for term in taken if term.loss.folds)


class Examples(Protocol):
    """The fields of a data set, in memory or read batch by batch.

    Images may be uint8, where 255 means 1 (see `as_numbers`); all else is float32 or int64.
    """

    def __len__(self) -> int:
        """How many examples there are."""

    def resident(self) -> Mapping[str, Array] | None:
        """Every field by name, where all lie in memory; else None."""

    def batches(self, rows: Sequence[Indices]) -> Iterator[Mapping[str, Array]]:
        """The fields of these examples, batch by batch, in order, read ahead in worker processes.

        Those that cannot be read are left out of their batch.
        """


def as_numbers(values: Array) -> Array:
    """Bytes of images as numbers from 0 to 1, float32; anything else as it is."""
    return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values


# What is added to each difference of two vectors, as in PyTorch's pairwise_distance, so that equal
# ones have a gradient.
APART = 1e-6


def distance(a: Array, b: Array) -> Array:
    """The Euclidean distances of vectors, (…, numbers) to (…)."""
    return np.asarray(np.sqrt(np.square(a - b + APART).sum(axis=-1)))


class Model(Protocol):
    """A net on some backend, with its weights: what a prediction needs."""

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """The outputs of the net by name, in evaluation, for one array for each input."""

    def weights(self, names: Container[str] | None = None) -> dict[str, Array]:
        """A copy of weights and running statistics, of these names or of all."""

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """Sets weights and running statistics, all of them."""


class Judge(Model, Protocol):
    """A model with its data: what an evaluation needs."""

    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """The loss without penalties and, where a term is scored, the accuracy, in evaluation.

        They are averages over these examples; auxiliary terms are left out. `watch` sees every
        batch.
        """


class Engine(Judge, Protocol):
    """A judge with an optimizer: what training needs."""

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """Takes a step for each rate, over as many batches as the task accumulates.

        The learning rate of a step is the optimizer's times `rates`; chance such as dropout starts
        from `seed`. The figures are those of `evaluate`, over all examples and terms, of the net
        as it was at each step.
        """

    def kept(self) -> dict[str, Array]:
        """A copy of the weights to evaluate and to keep: `weights`, or their running mean."""

    def state(self) -> dict[str, Array]:
        """A copy of the optimizer's state: `<weight>.<name of the state>`."""

    def put_state(self, state: Mapping[str, Array]) -> None:
        """Sets the optimizer's state to what `state` gave.

        A weight begins anew where that is of an optimizer that keeps other things.
        """
