"""Steps of optimizers on several backends, compared: gradients, and the weights that they leave.

They are computed in training, so that batch normalisations use the statistics of the batch; noise
is silenced, for each backend draws its own, but for what `sample` draws. They are in double
precision: in single precision the input of a relu that rounds to the other side of zero changes
gradients by percents, whatever the backend. Keras has it on TensorFlow alone. Gradients are those
of a loss over all outputs, as the optimizer got them: its state after a first step has them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from netdsl.backends.engine import Array
from netdsl.catalog.optimizers import Adam, Optimizer, Sgd
from netdsl.data.examples import Examples
from netdsl.elaborate.quiet import quiet
from netdsl.graph import ElaboratedNet, Graph, named_weights
from netdsl.parity import numbers
from netdsl.parity.backends import has_doubles, in_double
from netdsl.parity.differences import Differences, Gaps, gaps, keep_largest, shares, size
from netdsl.parity.loss import Problem, problem
from netdsl.record import Record
from netdsl.training.backends import backend
from netdsl.training.draws import drawing

# The optimizers that steps are compared for, as a spec writes them.
OPTIMIZERS: dict[str, Optimizer] = {"sgd": Sgd(lr=0.1, momentum=0.9), "adam": Adam(lr=1e-3)}
# By its word: under which name an optimizer keeps the gradient of its first step, times what.
_GRADIENTS = {"sgd": ("momentum_buffer", 1.0), "adam": ("exp_avg", 1.0 - Adam(lr=1e-3).beta1)}
# Adam's first step goes by the gradient's sign, which rounding decides below this share of the
# largest; there the weights are not compared.
_DECIDED = 1e-5
# Below this share of the largest gradient of all weights a gradient is zero but for rounding, as
# that of a bias is which a batch normalisation takes away again; the second where a backend has no
# double precision.
_NOTHING, _NOTHING_IN_SINGLE = 1e-9, 1e-3
# Keras keeps a biased running variance (docs/backends.md).
_BIASED = "running_var"
_DEVICE = "cpu"


class Step(Record):
    """One step of an optimizer: the gradients that it got, what it left, running statistics too."""

    gradients: Mapping[str, Array]
    weights: Mapping[str, Array]


class Steps:
    """First steps from the same weights by backends that train.

    `at_once` is how many weights are trained at a time, a layer's at least, while the others stand
    still: memory has gradients and states of optimizers for so many alone. None is for all.
    """

    def __init__(
        self,
        net: ElaboratedNet,
        backends: Sequence[str],
        inputs: Sequence[Array],
        weights: Mapping[str, Array],
        seed: int,
        at_once: int | None = None,
    ) -> None:
        self._net = drawing(quiet(net))
        self._backends = backends
        drawn = numbers.draws(self._net, len(net.inputs), len(inputs[0]), seed)
        self._inputs = [_in_full(values) for values in (*inputs, *drawn)]
        self._weights = weights
        self._seed = seed
        self._portions = list(portions(net.graph, at_once or sys.maxsize))
        self._trained = frozenset[str]().union(*self._portions)
        self._gradients: Gaps = {}
        self._largest = 0.0
        self._statistics: dict[str, Array] = {}

    def gradients(self) -> Differences:
        """The largest differences between the gradients that optimizers got."""
        return shares(self._gradients, self._nothing())

    def moved(self, word: str) -> Differences:
        """The differences between what a step of an optimizer leaves."""
        posed = problem(self._net, self._inputs, OPTIMIZERS[word], self._seed)
        left: Gaps = {}
        if posed is not None:
            for portion in self._portions:
                left |= self._left(posed, portion)
        return shares(left)

    def settled(self) -> dict[str, Array]:
        """The weights before, with the running statistics of the batch, which steps have seen."""
        if not self._statistics:
            return dict(self._weights)
        return numbers.settled(self._net.graph, self._weights, self._statistics, self._seed)

    def _left(self, posed: Problem, portion: frozenset[str]) -> Gaps:
        """How far apart a step leaves the weights of a portion."""
        steps = {}
        for name in self._backends:
            steps[name] = self._step(name, posed, portion)
            gc.collect()  # models of Keras refer to themselves
        first = steps[self._backends[0]]
        if not self._statistics:
            self._statistics = {n: v for n, v in first.weights.items() if n not in portion}
        between = gaps((name, step.gradients) for name, step in steps.items())
        keep_largest(self._gradients, between)
        self._largest = max([self._largest, *map(size, first.gradients.values())])
        decided = self._decided(first) if posed.task.optimizer.word == "adam" else {}
        return gaps((name, _compared(step, decided)) for name, step in steps.items())

    def _step(self, name: str, posed: Problem, portion: frozenset[str]) -> Step:
        task = posed.task.replace(frozen=self._trained - portion)
        rows = np.arange(len(self._inputs[0]))
        with in_double(name):
            engine = backend(name).make_engine(self._net, task, Examples(posed.arrays), _DEVICE)
            engine.put_weights(self._weights)
            engine.train([rows], [1.0], self._seed, lambda count: None)
            gradients = _received(task.optimizer.word, engine.state())
            return Step(gradients, engine.weights(self._weights.keys() - task.frozen))

    def _decided(self, step: Step) -> dict[str, Array]:
        """Where the direction of Adam's first step is more than rounding."""
        found = {}
        for name, gradient in step.gradients.items():
            sizes = np.abs(gradient)
            found[name] = sizes > max(_DECIDED * sizes.max(), self._nothing())
        return found

    def _nothing(self) -> float:
        """The size below which a gradient is zero but for rounding."""
        share = _NOTHING if all(map(has_doubles, self._backends)) else _NOTHING_IN_SINGLE
        return share * self._largest


def portions(graph: Graph, at_once: int) -> Iterator[frozenset[str]]:
    """The names of all weights that are trained, in portions of so many numbers or a layer."""
    names: list[str] = []
    room = at_once
    for _, members in groupby(named_weights(graph), key=lambda named: named.layer_name):
        trained = [named for named in members if named.weight.role == "weight"]
        needed = sum(named.weight.size for named in trained)
        if needed > room and names:
            yield frozenset(names)
            names, room = [], at_once
        names += [named.name for named in trained]
        room -= needed
    yield frozenset(names)


def _in_full(values: Array) -> Array:
    """Floats in double precision; whole numbers stay."""
    return values.astype(np.float64) if values.dtype.kind == "f" else values


def _received(word: str, state: Mapping[str, Array]) -> dict[str, Array]:
    """The gradients that an optimizer got in its first step, by weight."""
    key, share = _GRADIENTS[word]
    ending = f".{key}"
    return {
        name.removesuffix(ending): values / share
        for name, values in state.items()
        if name.endswith(ending)
    }


def _compared(step: Step, decided: Mapping[str, Array]) -> dict[str, Array]:
    """What a step left that other backends leave alike; 0 where rounding decides."""
    return {
        name: np.where(decided[name], values, 0) if name in decided else values
        for name, values in step.weights.items()
        if not name.endswith(_BIASED)
    }
