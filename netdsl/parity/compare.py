"""One net on several backends: the same weights and the same batch, compared layer by layer.

A difference is the largest one between two numbers of a tensor, as a share of the largest number
of that tensor on the first backend.

The forward pass is compared in evaluation. Gradients and the step are compared in training, so that
batch normalisations use the statistics of the batch; noise is silenced, for each backend draws its
own. They are computed in double precision: in single precision the input of a relu that rounds to
the other side of zero changes gradients by percents, whatever the backend. Keras has it on
TensorFlow alone. Gradients are those of a loss over all outputs, as the optimizer got them: its
state after a first step has them. A backend that does not train has a forward pass alone.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from netdsl.backends.engine import Array
from netdsl.catalog.optimizers import Adam, Optimizer, Sgd
from netdsl.data.examples import Examples
from netdsl.graph import ElaboratedNet
from netdsl.parity import numbers
from netdsl.parity.backends import has_doubles, in_double, trains
from netdsl.parity.loss import Problem, problem
from netdsl.parity.quiet import quiet
from netdsl.parity.tensors import opened
from netdsl.record import Record
from netdsl.training.backends import backend, runtime
from netdsl.training.objective import main_output

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

# By the name of a layer or weight, in order of execution: by the name of each backend but the
# first, the difference from the first.
Differences = dict[str, dict[str, float]]


class Step(Record):
    """One step of an optimizer: the gradients that it got, the weights that it left."""

    gradients: Mapping[str, Array]
    weights: Mapping[str, Array]


class Parity(Record):
    """What was compared. `backends` starts with the one that the others are held against.

    `forward` is by layer or block, `outputs` by the output of the net, `gradients` by weight, and
    `steps` by optimizer and weight or running statistic.
    """

    net: str
    backends: tuple[str, ...]
    forward: Differences
    outputs: Differences
    gradients: Differences
    steps: Mapping[str, Differences]


class Comparison:
    """A net, the backends that build it, and the numbers that all of them are given."""

    def __init__(
        self, net: ElaboratedNet, backends: Sequence[str], examples: int = 8, seed: int = 0
    ) -> None:
        self._net = net
        self._backends = tuple(backends)
        self._seed = seed
        self._inputs = numbers.inputs(net, examples, seed)
        self._weights = numbers.weights(net.graph, seed)

    def run(self, depth: int | None = 1, optimizers: Iterable[str] = ("sgd",)) -> Parity:
        """Everything; `depth` levels of blocks are opened, None opens all."""
        gradients: Differences = {}
        moved: dict[str, Differences] = {}
        weights = self._weights
        # One optimizer after another: of a large net memory holds only so many tensors.
        for word in optimizers:
            found = self._steps(word)
            _keep_largest(gradients, _gradients(found))
            moved[word] = _moved(word, found)
            if found and weights is self._weights:
                weights = self._settled(next(iter(found.values())))
            del found
        self._weights = weights
        return Parity(
            net=self._net.name,
            backends=self._backends,
            forward=self.forward(depth),
            outputs=self._outputs(),
            gradients=gradients,
            steps=moved,
        )

    def forward(self, depth: int | None) -> Differences:
        """The tensors of layers in evaluation."""
        tapped = opened(self._net, depth)
        found = _differences(self._predicted(tapped.net))
        return {tapped.names[name]: found[name] for name in tapped.names}

    def _outputs(self) -> Differences:
        """The outputs of the net as it is emitted, which what hands out every tensor is not.

        `output ` stands before their names, for a layer may have the same.
        """
        found = _differences(self._predicted(self._net))
        return {f"output {name}": each for name, each in found.items()}

    def _predicted(self, net: ElaboratedNet) -> Iterator[tuple[str, dict[str, Array]]]:
        """The outputs of a net by name, for one backend after another."""
        for name in self._backends:
            yield name, self._prediction(name, net)
            _free()

    def _prediction(self, name: str, net: ElaboratedNet) -> dict[str, Array]:
        model = runtime(name).make_model(net, main_output(net).name, _DEVICE)
        model.put_weights(self._weights)
        return model.predict(self._inputs)

    def _steps(self, word: str) -> dict[str, Step]:
        """A step by each backend that trains."""
        net = quiet(self._net)
        inputs = [_in_full(values) for values in self._inputs]
        posed = problem(net, inputs, OPTIMIZERS[word], self._seed)
        if posed is None:
            return {}
        found = {}
        for name in filter(trains, self._backends):
            found[name] = self._step(name, net, posed)
            _free()
        return found

    def _step(self, name: str, net: ElaboratedNet, posed: Problem) -> Step:
        rows = np.arange(len(self._inputs[0]))
        offered = backend(name)
        with in_double(name):
            engine = offered.make_engine(net, posed.task, Examples(posed.arrays), _DEVICE)
            engine.put_weights(self._weights)
            engine.train([rows], [1.0], self._seed, lambda count: None)
            gradients = _received(posed.task.optimizer.word, engine.state())
            return Step(gradients, engine.weights())

    def _settled(self, step: Step) -> dict[str, Array]:
        """The weights with the running statistics of the batch, which a step has seen."""
        return numbers.settled(self._net.graph, self._weights, step.weights, self._seed)


def _free() -> None:
    """Gives back the memory of models that are done with; those of Keras refer to themselves."""
    gc.collect()


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


def _gradients(steps: Mapping[str, Step]) -> Differences:
    """The differences between the gradients that backends got."""
    found = ((name, step.gradients) for name, step in steps.items())
    return _differences(found, _nothing(steps))


def _keep_largest(largest: Differences, found: Differences) -> None:
    """Takes up differences that are larger than those known."""
    for weight, others in found.items():
        known = largest.setdefault(weight, others)
        known |= {name: max(known[name], others[name]) for name in others}


def _moved(word: str, steps: Mapping[str, Step]) -> Differences:
    """The differences between what a step of an optimizer left."""
    if not steps:
        return {}
    first = next(iter(steps.values()))
    decided, nothing = {}, _nothing(steps)
    if word == "adam":
        for name, gradient in first.gradients.items():
            size = np.abs(gradient)
            decided[name] = size > max(_DECIDED * size.max(), nothing)
    left = (
        (
            name,
            {
                weight: np.where(decided[weight], values, 0) if weight in decided else values
                for weight, values in step.weights.items()
                if not weight.endswith(_BIASED)
            },
        )
        for name, step in steps.items()
    )
    return _differences(left)


def _nothing(steps: Mapping[str, Step]) -> float:
    """The size below which a gradient is zero but for rounding."""
    first = next(iter(steps.values()), None)
    sizes = [_size(gradient) for gradient in first.gradients.values()] if first else []
    share = _NOTHING if all(map(has_doubles, steps)) else _NOTHING_IN_SINGLE
    return share * max(sizes, default=0.0)


def _differences(
    found: Iterable[tuple[str, Mapping[str, Array]]], nothing: float = 0.0
) -> Differences:
    """How far each backend's tensors are from the first one's, by the tensors' names.

    Of the others one after another is looked at, so that two are in memory at once.
    """
    backends = iter(found)
    _, expected = next(backends, ("", {}))
    differences: Differences = {name: {} for name in expected}
    for other, tensors in backends:
        for name, values in expected.items():
            # PyTorch has no gradient for a weight that no way leads to.
            there = tensors.get(name, np.zeros_like(values))
            differences[name][other] = relative(there, values, nothing)
        del tensors
    return differences


def relative(found: Array, expected: Array, nothing: float = 0.0) -> float:
    """The largest difference as a share of the largest number expected, or of `nothing` if larger.

    Where both are 0 it is the difference itself: zeros agree with zeros alone.
    """
    difference = _size(np.subtract(found, expected, dtype=np.float64))
    largest = max(_size(expected), nothing)
    return difference / largest if largest else difference


def _size(values: Array) -> float:
    """The largest absolute number; none in a tensor without numbers."""
    return float(np.abs(values).max(initial=0.0))
