"""What moves the weights of a model in Keras, and what is kept of it as PyTorch names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from netdsl.backends.engine import MEAN, Array, Task
from netdsl.backends.keras.optimizers import KerasOptimizer, Scaled
from netdsl.backends.keras.weights import Held

# What PyTorch calls the number of steps done, which it holds for each weight.
_COUNT = "step"


class Updates:
    """The optimizer of a model that is trained; `places` has what is in it by full names."""

    def __init__(
        self, model: keras.Model, places: Mapping[str, Held], task: Task, scaled: bool
    ) -> None:
        """`scaled` says whether gradients are kept from vanishing in half precision."""
        self._model = model
        self._places = places
        self._averages = task.ema is not None
        self._rate = task.optimizer.lr
        undecayed = [places[name].variable for name in task.undecayed]
        self._optimizer = KerasOptimizer(task, undecayed)
        self._scaled = Scaled(self._optimizer) if scaled else None
        self._compile()
        model.optimizer.build(model.trainable_variables)

    def _compile(self) -> None:
        self._model.compile(optimizer=self._scaled or self._optimizer)

    def plan(self, rates: Sequence[float]) -> None:
        """Sets what the learning rate is times in each of the steps that follow."""
        if self._optimizer.plan([self._rate * rate for rate in rates]):
            self._compile()

    def forget(self) -> None:
        """Has everything begin anew, the running means too."""
        self._optimizer.go_on_from(0)

    def kept(self) -> dict[str, Array]:
        """The running means by the names of their weights; none before the first step."""
        return {weight: held.get().copy() for weight, held in self._means()}

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        begun = self._optimizer.done > 0
        state = {
            f"{weight}.{name}": held.get().copy()
            for weight, name, held in self._held()
            if begun or name != MEAN
        }
        if self._optimizer.counts:
            done = np.asarray(self._optimizer.done, np.float32)
            state |= {f"{weight}.{_COUNT}": done for weight in self._trained()}
        return state | (self._scaled.state() if self._scaled is not None else {})

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`; weights that the state does not name begin anew."""
        for weight, name, held in self._held():
            values = state.get(f"{weight}.{name}")
            held.put(np.zeros_like(held.get()) if values is None else values)
        counts = [int(values) for name, values in state.items() if name.endswith(f".{_COUNT}")]
        # Without a count, that there are means says that there was a step.
        begun = any(name.endswith(f".{MEAN}") for name in state)
        self._optimizer.go_on_from(max([*counts, int(begun)]))
        if self._scaled is not None:
            self._scaled.put_state(state)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Has the models use the running means in this block, where there are any."""
        pairs = [(self._places[weight].variable, held.variable) for weight, held in self._means()]
        own = [ops.convert_to_numpy(variable).copy() for variable, _ in pairs]
        for variable, mean in pairs:
            variable.assign(ops.convert_to_numpy(mean))
        try:
            yield
        finally:
            for (variable, _), values in zip(pairs, own, strict=True):
                variable.assign(values)

    def _means(self) -> Iterator[tuple[str, Held]]:
        """The running means by the names of their weights; none before the first step."""
        if self._averages and self._optimizer.done > 0:
            for weight, name, held in self._held():
                if name == MEAN:
                    yield weight, held

    def _trained(self) -> dict[str, int]:
        """The full names of what is trained, with the place that the optimizer gives each."""
        order = {id(variable): i for i, variable in enumerate(self._model.trainable_variables)}
        places = ((name, order.get(id(held.variable))) for name, held in self._places.items())
        return {name: index for name, index in places if index is not None}

    def _held(self) -> Iterator[tuple[str, str, Held]]:
        """What the optimizer holds: for which weight, under which name, and where.

        It lies in Keras as the weight does.
        """
        for weight, index in self._trained().items():
            layout = self._places[weight].layout
            for name, variables in self._optimizer.held.items():
                yield weight, name, Held(variables[index], layout)
