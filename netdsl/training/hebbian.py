"""A net that stores patterns at once and recalls them: an engine over any backend's model."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

import numpy as np

from netdsl.backends.engine import Array, Examples, Figures, Indices, Model, Tick, Watch, as_numbers
from netdsl.catalog.methods import Hebbian
from netdsl.diagnostics import UserError
from netdsl.graph import STORED, named_weights
from netdsl.training.backends import Runtime
from netdsl.training.objective import main_output
from netdsl.training.plan import Plan

# The share of trials that end in the pattern, and the average of how far the states at the end
# agree with it: 1 in all bits, 0 in half of them.
RECALLED, OVERLAP = "recalled", "overlap"
# Beside the seed, so that trials share no draws with anything else.
_STREAM = 8
# So many examples flow through the net at once.
_AT_ONCE = 256


def recalling(plan: Plan, runtime: Runtime, examples: Examples, device: str) -> Recalling:
    """The engine of a plan whose method is `hebbian`."""
    method = plan.settings.method
    assert isinstance(method, Hebbian)
    output = main_output(plan.net).name
    model = runtime.make_model(plan.net, output, device)
    kinds = [plan.data.fields[name].kind for name in plan.task.inputs]
    middles = [_middle(method, kind == "image") for kind in kinds]
    (weight,) = (named.name for named in named_weights(plan.net.graph))
    return Recalling(
        model, examples, plan.task.inputs, output, weight, method, middles, plan.settings.seed
    )


def _middle(method: Hebbian, picture: bool) -> float:
    return method.middle if method.middle is not None else 0.5 if picture else 0.0


def hebbian(patterns: Array) -> Array:
    """The weights (units, units) that store patterns (n, units) of -1 and 1: float32.

    w_ij is the sum of x_i x_j over the patterns, w_ii is 0 (Hopfield, 1982, Equation 2). All are
    whole numbers, so that what is recalled does not hang on rounding.
    """
    wide = patterns.astype(np.float64)
    weights = wide.T @ wide
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)


class Recalling:
    """A model whose only weight is learned from patterns, and what it recalls of them."""

    def __init__(
        self,
        model: Model,
        examples: Examples,
        inputs: Sequence[str],
        output: str,
        weight: str,
        method: Hebbian,
        middles: Sequence[float],
        seed: int,
    ) -> None:
        """`middles` is for each input the number at which its numbers are mirrored."""
        self._model = model
        self._examples = examples
        self._inputs = inputs
        self._output = output
        self._weight = weight
        self._method = method
        self._middles = middles
        self._seed = seed

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """Stores what the batches hold, and nothing else; see `Engine.train`.

        The figures are those of `evaluate` over what is stored.
        """
        total: Array | None = None
        for rows in batches:
            for given in self._read(rows):
                patterns = self._model.predict(given)[STORED]
                self._check(patterns)
                part = hebbian(patterns)
                total = part if total is None else total + part
            tick(len(rows))
        assert total is not None
        self._model.put_weights({self._weight: total})
        return self.evaluate(np.concatenate(batches))

    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """How often and how nearly the patterns of these examples are recalled.

        Each trial takes the next of them, of which the method's share of numbers is mirrored. There
        is no target, so that there is nothing to `watch`.
        """
        generator = np.random.default_rng([self._seed, _STREAM])
        trials = np.resize(examples, self._method.trials)
        right, overlap = 0, 0.0
        for rows in np.split(trials, range(_AT_ONCE, len(trials), _AT_ONCE)):
            for given in self._read(rows):
                patterns = self._model.predict(given)[STORED]
                ends = self._model.predict(self._spoilt(given, generator))[self._output]
                right += int((ends == patterns).all(axis=-1).sum())
                overlap += float((ends * patterns).mean(axis=-1, dtype=np.float64).sum())
        return {RECALLED: right / len(trials), OVERLAP: overlap / len(trials)}

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        return self._model.predict(inputs)

    def weights(self, names: Container[str] | None = None) -> dict[str, Array]:
        """See `Model.weights`."""
        return self._model.weights(names)

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`."""
        self._model.put_weights(weights)

    def kept(self) -> dict[str, Array]:
        """See `Engine.kept`."""
        return self.weights()

    def state(self) -> dict[str, Array]:
        """See `Engine.state`: nothing is kept beside the weights."""
        return {}

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""

    def _read(self, rows: Indices) -> Iterator[list[Array]]:
        """What flows in of these examples, some at a time."""
        parts = np.split(rows, range(_AT_ONCE, len(rows), _AT_ONCE))
        for fields in self._examples.batches(parts):
            yield [as_numbers(fields[name]) for name in self._inputs]

    def _spoilt(self, given: list[Array], generator: np.random.Generator) -> list[Array]:
        """The same with some numbers mirrored, others in each example, and as many in each."""
        return [
            np.where(_some(values, self._method.flipped, generator), 2 * middle - values, values)
            for values, middle in zip(given, self._middles, strict=True)
        ]

    def _check(self, patterns: Array) -> None:
        odd = patterns[np.abs(patterns) != 1]
        if odd.size:
            raise UserError(
                f"a pattern is of -1 and 1, but {odd[0]:g} flows into {self._weight}; "
                "`step -> rescale(2, offset=-1)` before it says of each number which"
            )


def _some(values: Array, share: float, generator: np.random.Generator) -> Array:
    """True for this share of the numbers of each example, drawn anew for each."""
    draws = generator.random((len(values), values[0].size))
    count = round(share * draws.shape[1])
    places = draws.argsort(axis=1)[:, :count]
    chosen = np.zeros(draws.shape, np.bool_)
    np.put_along_axis(chosen, places, True, axis=1)
    return chosen.reshape(values.shape)
