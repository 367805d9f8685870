"""One net on several backends: the same weights and the same batch, compared layer by layer.

A difference is the largest one between two numbers of a tensor, as a share of the largest number
of that tensor on the first backend. The forward pass is compared in evaluation, gradients and steps
of optimizers as `steps` says. A backend that does not train has a forward pass alone.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence

from netdsl.backends.engine import Array
from netdsl.graph import ElaboratedNet
from netdsl.parity import numbers
from netdsl.parity.backends import trains
from netdsl.parity.differences import Differences, gaps, shares
from netdsl.parity.steps import Steps
from netdsl.parity.tensors import opened
from netdsl.record import Record
from netdsl.training.backends import runtime
from netdsl.training.objective import main_output

_DEVICE = "cpu"


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

    def run(
        self,
        depth: int | None = 1,
        optimizers: Iterable[str] = ("sgd",),
        at_once: int | None = None,
    ) -> Parity:
        """Everything; `depth` levels of blocks are opened, None opens all.

        Of a large net `at_once` weights are trained at a time, see `Steps`.
        """
        trained = [name for name in self._backends if trains(name)]
        steps = Steps(self._net, trained, self._inputs, self._weights, self._seed, at_once)
        moved = {word: steps.moved(word) for word in optimizers}
        self._weights = steps.settled()
        return Parity(
            net=self._net.name,
            backends=self._backends,
            forward=self.forward(depth),
            outputs=self._outputs(),
            gradients=steps.gradients(),
            steps=moved,
        )

    def forward(self, depth: int | None) -> Differences:
        """The tensors of layers in evaluation."""
        tapped = opened(self._net, depth)
        found = shares(gaps(self._predicted(tapped.net)))
        return {tapped.names[name]: found[name] for name in tapped.names}

    def _outputs(self) -> Differences:
        """The outputs of the net as it is emitted, which what hands out every tensor is not.

        `output ` stands before their names, for a layer may have the same.
        """
        found = shares(gaps(self._predicted(self._net)))
        return {f"output {name}": each for name, each in found.items()}

    def _predicted(self, net: ElaboratedNet) -> Iterator[tuple[str, dict[str, Array]]]:
        """The outputs of a net by name, for one backend after another."""
        for name in self._backends:
            yield name, self._prediction(name, net)
            gc.collect()  # models of Keras refer to themselves

    def _prediction(self, name: str, net: ElaboratedNet) -> dict[str, Array]:
        model = runtime(name).make_model(net, main_output(net).name, _DEVICE)
        model.put_weights(self._weights)
        return model.predict(self._inputs)
