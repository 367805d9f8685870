"""The Keras engine: `Model.fit`, one epoch at a time, over examples that stay on the device.

What flows into a step is the numbers of a batch's examples; the step that Keras compiles gathers
them, so that nothing is computed in Python for each batch. It runs on every engine of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
from keras import ops

from netdsl.backends.engine import Array, Figures, Indices, Penalty, Task, Tick
from netdsl.backends.keras import Models
from netdsl.backends.keras.losses import (
    Tensor,
    loss_function,
    right_function,
    target_of,
    to_keras,
)
from netdsl.backends.keras.on_torch import begin_chance
from netdsl.backends.keras.optimizers import KerasOptimizer
from netdsl.backends.keras.weights import Held, named_variables
from netdsl.diagnostics import UserError
from netdsl.graph import Graph

# JAX has no doubles unless the whole process is set so.
_WIDE = "float32" if keras.config.backend() == "jax" else "float64"
# What PyTorch calls the number of steps done, which it holds for each weight.
_COUNT = "step"
# What a step tells callbacks.
_EXAMPLES = "examples"


def on_device(name: str) -> AbstractContextManager[Any]:
    """Has Keras compute on the device of that name; `auto` leaves it to the engine of Keras."""
    if name == "auto":
        return nullcontext()
    place = name.replace("cuda", "gpu")  # as Keras calls it
    if not _is_there(place):
        raise UserError(f"there is no device {name} here; --device cpu always works")
    scope: AbstractContextManager[Any] = keras.device(place)
    return scope


def _is_there(place: str) -> bool:
    try:
        if keras.config.backend() == "torch":
            with keras.device(place):
                return ops.zeros(()) is not None
        kind, _, number = place.partition(":")
        return f"{kind}:{number or 0}" in keras.distribution.list_devices(kind)
    except (RuntimeError, AssertionError, NotImplementedError):
        return False


class KerasModel:
    """Models whose layers have the language's names.

    They map inputs to the net's output, called `output`, or to outputs by name where it has
    several. `batch` is how many examples are taken at once where nothing is learned.
    """

    def __init__(self, models: Models, graph: Graph, output: str, batch: int, device: str) -> None:
        self._evaluation = models.evaluation
        self._output = output
        self._batch = batch
        self._device = device
        # Layers of auxiliary outputs are in the model for training alone.
        self._places = named_variables(models.training, graph)

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        given = _alone([to_keras(values) for values in inputs])
        with on_device(self._device):
            result = self._evaluation.predict(given, batch_size=self._batch, verbose=0)
        return _by_name(result, self._output)

    def weights(self) -> dict[str, Array]:
        """See `Model.weights`."""
        return {name: place.get().copy() for name, place in self._places.items()}

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`."""
        for name, place in self._places.items():
            place.put(weights[name])


class KerasEngine(KerasModel):
    """An engine over models; the one for training gives logits where the task folds outputs."""

    def __init__(
        self, models: Models, graph: Graph, task: Task, fields: Mapping[str, Array], device: str
    ) -> None:
        super().__init__(models, graph, task.output, task.batch, device)
        variables = {one.weight: self._places[one.weight].variable for one in task.penalties}
        penalty = _penalty(task.penalties, variables) if task.penalties else None
        self._step = _Step(models.training, task, fields, penalty)
        self._optimizer = KerasOptimizer(task.optimizer)
        self._step.compile(optimizer=self._optimizer)
        self._optimizer.build(self._step.trainable_variables)
        self._seeds = _seeds(models.training)

    def train(self, batches: Sequence[Indices], seed: int, tick: Tick) -> Figures:
        """See `Engine.train`."""
        begin_chance(seed)
        for number, state in enumerate(self._seeds):
            drawn = np.random.SeedSequence([seed, number]).generate_state(1)
            state.assign([int(drawn[0]) >> 1, 0])  # below 2 ** 31, as some engines want it
        with on_device(self._device):
            self._step.fit(_Batches(batches), shuffle=False, verbose=0, callbacks=[_Ticks(tick)])
        return self._step.figures()

    def evaluate(self, examples: Indices) -> Figures:
        """See `Engine.evaluate`."""
        cuts = range(self._batch, len(examples), self._batch)
        with on_device(self._device):
            self._step.evaluate(_Batches(np.split(examples, cuts)), verbose=0)
        return self._step.figures()

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        state = {f"{weight}.{name}": held.get().copy() for weight, name, held in self._held()}
        if self._optimizer.counts:
            done = np.asarray(ops.convert_to_numpy(self._optimizer.iterations), np.float32)
            state |= {f"{weight}.{_COUNT}": done for weight in self._trained()}
        return state

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`; weights that the state does not name begin anew."""
        for weight, name, held in self._held():
            values = state.get(f"{weight}.{name}")
            held.put(np.zeros_like(held.get()) if values is None else values)
        counts = [int(values) for name, values in state.items() if name.endswith(f".{_COUNT}")]
        self._optimizer.iterations.assign(max(counts, default=0))

    def _trained(self) -> dict[str, int]:
        """The full names of what is trained, with the place that the optimizer gives each."""
        order = {id(variable): i for i, variable in enumerate(self._step.trainable_variables)}
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


class _Step(keras.Model):  # type: ignore[misc]
    """From the numbers of examples to the loss of a batch and to which answers are right."""

    def __init__(
        self,
        model: keras.Model,
        task: Task,
        fields: Mapping[str, Array],
        penalty: Callable[[], Tensor] | None,
    ) -> None:
        super().__init__(name="step")
        self.model = model
        self.main = task.output
        # Variables, so that what Keras compiles does not contain the examples.
        self.fields = [_constant(to_keras(fields[name])) for name in task.inputs]
        self.targets = [_constant(target_of(term, fields[term.field])) for term in task.terms]
        self.terms = [(term, loss_function(term)) for term in task.terms]
        self.scored = task.terms.index(task.scored) if task.scored else None
        self.right = right_function(task.scored) if task.scored else None
        self.penalty = penalty
        self.loss_mean = keras.metrics.Mean("mean_loss", dtype=_WIDE)
        self.right_mean = keras.metrics.Mean("mean_accuracy", dtype=_WIDE)
        self.built = True

    def call(self, rows: Tensor, training: bool = False) -> dict[str, Tensor]:
        """The loss without penalties, in evaluation without auxiliary terms, and what is right."""
        given = [ops.take(field, rows, axis=0) for field in self.fields]
        outputs = _by_name(self.model(_alone(given), training=training), self.main)
        pairs = [
            (outputs[term.output], ops.take(target, rows, axis=0))
            for (term, _), target in zip(self.terms, self.targets, strict=True)
        ]
        losses = [
            loss(*pair)
            for (term, loss), pair in zip(self.terms, pairs, strict=True)
            if training or not term.auxiliary
        ]
        told = {"loss": sum(losses[1:], start=losses[0])}
        if self.scored is not None and self.right is not None:
            told["right"] = self.right(*pairs[self.scored])
        return told

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """What is made small: the loss with its penalties."""
        loss = y_pred["loss"]
        return loss + self.penalty() if self.penalty and training else loss

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Tensor]:
        """Adds the figures of a batch; what callbacks are told is how many examples it had."""
        examples = ops.convert_to_tensor(ops.shape(x)[0])
        self.loss_mean.update_state(y_pred["loss"], sample_weight=examples)
        if "right" in y_pred:
            self.right_mean.update_state(y_pred["right"])
        return {_EXAMPLES: examples}

    def figures(self) -> Figures:
        """Averages over all examples since the epoch began."""
        figures = {"loss": float(self.loss_mean.result())}
        if self.right is not None:
            figures["accuracy"] = float(self.right_mean.result())
        return figures


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The numbers of the examples of each batch."""

    def __init__(self, batches: Sequence[Indices]) -> None:
        super().__init__()
        self._batches = [batch.astype(np.int32) for batch in batches]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Array:
        return self._batches[index]


class _Ticks(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells after each batch how many examples it had."""

    def __init__(self, tick: Tick) -> None:
        super().__init__()
        self._tick = tick

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """See `Tick`."""
        self._tick(int(logs[_EXAMPLES]))


def _alone(inputs: list[Any]) -> Any:
    """What a model is called with: one input without a list."""
    return inputs[0] if len(inputs) == 1 else inputs


def _by_name(result: Any, output: str) -> dict[str, Any]:
    return result if isinstance(result, dict) else {output: result}


def _constant(values: Array) -> keras.Variable:
    kind = keras.config.floatx() if values.dtype.kind == "f" else values.dtype.name
    return keras.Variable(values, trainable=False, dtype=kind)


def _penalty(penalties: Sequence[Penalty], variables: Mapping[str, Any]) -> Callable[[], Tensor]:
    """What computes the sum of the penalties from what the variables hold then."""

    def compute() -> Tensor:
        parts = [p.l1 * ops.sum(ops.abs(variables[p.weight])) for p in penalties if p.l1]
        parts += [p.l2 * ops.sum(ops.square(variables[p.weight])) for p in penalties if p.l2]
        return sum(parts[1:], start=parts[0])

    return compute


def _seeds(model: keras.Model) -> list[Any]:
    """The states that chance, such as dropout, is drawn from: variables that are no weights."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
