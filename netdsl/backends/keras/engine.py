"""The Keras engine: `Model.fit`, one epoch at a time.

What flows into a step is the numbers of a batch's examples, where these lie in memory; the step
that Keras compiles gathers them, so that nothing is computed in Python for each batch. It runs on
every engine of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from netdsl.backends.engine import (
    Array,
    Examples,
    Figures,
    Indices,
    Penalty,
    Task,
    Tick,
    Watch,
    as_numbers,
)
from netdsl.backends.keras import Models
from netdsl.backends.keras.augment import Augmenter
from netdsl.backends.keras.carry import Carried
from netdsl.backends.keras.chance import begin_chance, seeds_of
from netdsl.backends.keras.feed import Feed, Given, count, drawn
from netdsl.backends.keras.losses import Tensor
from netdsl.backends.keras.precision import computing, shortened
from netdsl.backends.keras.scoring import Scorer, activated, to_keras
from netdsl.backends.keras.updates import Updates
from netdsl.backends.keras.weights import named_variables
from netdsl.catalog.settings import Precision
from netdsl.diagnostics import UserError
from netdsl.graph import Graph

# JAX has no doubles unless the whole process is set so.
_WIDE = "float32" if keras.config.backend() == "jax" else "float64"
# What a watched step tells beside its figures.
_OUTPUTS = "outputs"
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
        self._precision: Precision = "float32"
        # Layers of auxiliary outputs are in the model for training alone.
        self._places = named_variables(models.training, graph)

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        given = alone([to_keras(as_numbers(values)) for values in inputs])
        with self._running():
            if self._precision in ("bfloat16", "float16"):
                return self._predict_short(given)
            result = self._evaluation.predict(given, batch_size=self._batch, verbose=0)
        return by_name(result, self._output)

    def _predict_short(self, given: Any) -> dict[str, Array]:
        """Predicts with 16 bits, which numpy may not have, so that Keras cannot gather them."""
        parts: dict[str, list[Array]] = {}
        examples = len(keras.tree.flatten(given)[0])
        for start in range(0, examples, self._batch):
            rows = slice(start, start + self._batch)
            result = self._evaluation(keras.tree.map_structure(lambda x, r=rows: x[r], given))
            for name, values in by_name(result, self._output).items():
                parts.setdefault(name, []).append(ops.convert_to_numpy(whole(values)))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def weights(self, names: Container[str] | None = None) -> dict[str, Array]:
        """See `Model.weights`."""
        held = self._places.items()
        return {name: place.get().copy() for name, place in held if names is None or name in names}

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`."""
        for name, place in self._places.items():
            place.put(weights[name])

    @contextmanager
    def _running(self) -> Iterator[None]:
        """The block in which something is computed: where, and how precisely."""
        with on_device(self._device), computing(self._precision):
            yield


class KerasEngine(KerasModel):
    """An engine over models; the one for training gives logits where the task folds outputs."""

    def __init__(
        self, models: Models, graph: Graph, task: Task, examples: Examples, device: str
    ) -> None:
        super().__init__(models, graph, task.output, task.batch, device)
        self._precision = shortened(task.precision) if task.fast else task.precision
        _freeze(models.training, [self._places[name].variable for name in task.frozen])
        variables = {one.weight: self._places[one.weight].variable for one in task.penalties}
        penalty = _penalty(task.penalties, variables) if task.penalties else None
        plan = task.augmenting
        self._augmenter = Augmenter(plan) if plan is not None else None
        self._task, self._draws = task, task.draws
        self._feed = Feed(examples, task.field_names)
        self._step = _Step(models.training, task, self._feed, penalty, self._augmenter)
        self._watched = _Watched(self._step)
        self._updates = Updates(self._step, self._places, task, self._precision == "float16")
        self._seeds = seeds_of(models.training)
        if self._augmenter is not None:
            self._seeds.append(self._augmenter.seeds.state)

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """See `Engine.train`."""
        begin_chance(seed, self._seeds)
        self._step.carried.begin()
        self._updates.plan(rates)
        with self._running(), self._fed():
            given, count = self._feed.given(batches, partial(self._drawn, seed=seed))
            self._step.fit(
                given, steps_per_epoch=count, shuffle=False, verbose=0, callbacks=[_Ticks(tick)]
            )
        return self._step.figures()

    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """See `Engine.evaluate`."""
        batches = self._task.judged(examples)
        self._step.carried.begin()
        with self._running(), self._updates.averaged(), self._fed():
            if watch is not None:
                return self._evaluate_watched(batches, watch)
            given, steps = self._feed.given(batches, self._judged)
            self._step.evaluate(given, steps=steps, verbose=0)
        return self._step.figures()

    def _evaluate_watched(self, batches: Sequence[Indices], watch: Watch) -> Figures:
        """The figures of an evaluation that goes batch by batch, so that each can be seen."""
        loss, examples, right = 0.0, 0, []
        for given, fields in self._feed.watched(batches, self._judged):
            told = self._watched.predict_on_batch(given)
            here = len(next(iter(fields.values())))
            loss, examples = loss + here * float(told["loss"]), examples + here
            answers = told.get("right", np.empty(0))
            right.append(answers[told["counted"]] if "counted" in told else answers.reshape(-1))
            watch(told[_OUTPUTS], fields)
        answers = np.concatenate(right)
        figures = {"loss": loss / examples}
        return figures | {"accuracy": float(answers.mean())} if answers.size else figures

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        inputs = [*inputs, *self._task.beside(len(inputs[0]))]
        with self._updates.averaged():
            return super().predict(inputs)

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`; their running mean begins anew."""
        super().put_weights(weights)
        self._updates.forget()

    def kept(self) -> dict[str, Array]:
        """See `Engine.kept`."""
        return self.weights() | self._updates.kept()

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        return self._updates.state()

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`; weights that the state does not name begin anew."""
        self._updates.put_state(state)

    @contextmanager
    def _fed(self) -> Iterator[None]:
        """A block that fails as reading has failed, whatever Keras makes of it."""
        try:
            yield
        except Exception:
            self._feed.raise_failure()
            raise

    def _drawn(self, count: int, batch: int, seed: int) -> dict[str, Array]:
        """All that is drawn for a batch of training."""
        augmenter, draws = self._augmenter, self._draws
        drawn = augmenter.draw(count, seed, batch) if augmenter is not None else {}
        return drawn | (draws.learned(count, seed, batch) if draws is not None else {})

    def _judged(self, count: int, batch: int) -> dict[str, Array]:
        """All that is drawn for a batch of an evaluation."""
        return self._draws.judged(count, batch) if self._draws is not None else {}


class _Step(keras.Model):  # type: ignore[misc]
    """From examples to the loss of a batch and to which answers are right."""

    def __init__(
        self,
        model: keras.Model,
        task: Task,
        feed: Feed,
        penalty: Callable[[], Tensor] | None,
        augmenter: Augmenter | None,
    ) -> None:
        # What a loss compares keeps its digits where the net computes with 16 bits.
        super().__init__(name="step", dtype=keras.config.floatx())
        self.model = model
        self.task = task
        self.feed = feed
        self.terms = [Scorer(term) for term in task.terms]
        self.scored = next((one for one in self.terms if one.term is task.scored), None)
        self.penalty = penalty
        self.augmenter = augmenter
        if augmenter is not None:
            self.seeds = augmenter.seeds  # where Keras finds its state
        self.carried = Carried(task.carry)
        self.loss_mean = keras.metrics.Mean("mean_loss", dtype=_WIDE)
        self.right_mean = keras.metrics.Mean("mean_accuracy", dtype=_WIDE)
        self.built = True

    def call(self, batch: Given, training: bool = False) -> dict[str, Tensor]:
        """The loss without penalties, in evaluation without auxiliary terms, and what is right.

        A batch has its examples and what was drawn for it.
        """
        fields = self.feed.fields(batch)
        given, aimed = fields, dict.fromkeys(self.terms, fields)
        others, noise = self.drawn(batch)
        if training and self.augmenter is not None:
            given, aimed = self.augmented(self.augmenter, others, fields)
        return self.told(self.outputs({**given, **noise}, training), aimed, training)

    def told(
        self,
        outputs: Mapping[str, Tensor],
        aimed: Mapping[Scorer, Mapping[str, Tensor]],
        training: bool,
    ) -> dict[str, Tensor]:
        """The loss of a batch, and where a term is scored which answers are right.

        `aimed` has the fields that each term compares.
        """
        losses = [
            scorer.loss(outputs, aimed[scorer])
            for scorer in self.terms
            if training or not scorer.term.auxiliary
        ]
        told = {"loss": sum(losses[1:], start=losses[0])}
        if self.scored is not None:
            told["right"] = self.scored.right(outputs, aimed[self.scored])
            counted = self.scored.counted(aimed[self.scored])
            if counted is not None:
                told["counted"] = counted
        return told

    def augmented(
        self, augmenter: Augmenter, drawn: dict[str, Tensor], fields: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[Scorer, dict[str, Tensor]]]:
        """What flows in, and what the terms compare, as they are trained on."""
        given = {name: augmenter.input(drawn, name, fields[name]) for name in self.task.inputs}
        return given, {
            scorer: {
                name: augmenter.target(drawn, name, fields[name], scorer.term.classes)
                for name in scorer.fields
            }
            for scorer in self.terms
        }

    def drawn(self, batch: Given) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What was drawn for augmentation, and what flows into the net."""
        others, draws = drawn(batch), self.task.draws
        names = draws.names if draws is not None else ()
        # As precise as what it is added to.
        noise = {name: ops.cast(others.pop(name), keras.config.floatx()) for name in names}
        return others, noise

    def outputs(self, fields: Mapping[str, Tensor], training: bool) -> dict[str, Tensor]:
        """What the model makes of them, by name."""
        fields = {**fields, **self.carried.into(ops.shape(fields[self.task.inputs[0]])[0])}
        given = alone([fields[name] for name in self.task.flowing])
        result = by_name(self.model(given, training=training), self.task.output)
        outputs = {name: whole(values) for name, values in result.items()}
        self.carried.keep(outputs)
        return outputs

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
        examples = count(x)
        self.loss_mean.update_state(y_pred["loss"], sample_weight=examples)
        if "right" in y_pred:
            self.right_mean.update_state(y_pred["right"], sample_weight=y_pred.get("counted"))
        return {_EXAMPLES: examples}

    def figures(self) -> Figures:
        """Averages over all examples since the epoch began."""
        figures = {"loss": float(self.loss_mean.result())}
        if self.scored is not None:
            figures["accuracy"] = float(self.right_mean.result())
        return figures


class _Watched(keras.Model):  # type: ignore[misc]
    """A step in evaluation that also gives the outputs, as a prediction has them."""

    def __init__(self, step: _Step) -> None:
        super().__init__(name="watched", dtype=keras.config.floatx())
        self.step = step
        self.built = True

    def call(self, batch: Given) -> dict[str, Any]:
        """What the step tells, and the outputs by name."""
        step = self.step
        fields = step.feed.fields(batch)
        outputs = step.outputs({**fields, **step.drawn(batch)[1]}, training=False)
        told = step.told(outputs, dict.fromkeys(step.terms, fields), training=False)
        return {**told, _OUTPUTS: {n: activated(step.task, n, one) for n, one in outputs.items()}}


class _Ticks(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells after each batch how many examples it had."""

    def __init__(self, tick: Tick) -> None:
        super().__init__()
        self._tick = tick

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """See `Tick`."""
        self._tick(int(logs[_EXAMPLES]))


def _freeze(model: keras.Model, variables: Collection[Any]) -> None:
    """Leaves layers whose weights are all among these as they are, statistics included."""
    frozen = {id(variable) for variable in variables}
    for layer in model._flatten_layers(include_self=False):
        own = [id(variable) for variable in layer.weights]
        if own and frozen.issuperset(own):
            layer.trainable = False


def whole(values: Any) -> Any:
    """Numbers of at least 32 bits, for losses and for numpy, which has no `bfloat16`."""
    short = keras.backend.standardize_dtype(values.dtype) in ("bfloat16", "float16")
    return ops.cast(values, "float32") if short else values


def alone(inputs: list[Any]) -> Any:
    """What a model is called with: one input without a list."""
    return inputs[0] if len(inputs) == 1 else inputs


def by_name(result: Any, output: str) -> dict[str, Any]:
    return result if isinstance(result, dict) else {output: result}


def _penalty(penalties: Sequence[Penalty], variables: Mapping[str, Any]) -> Callable[[], Tensor]:
    """What computes the sum of the penalties from what the variables hold then."""

    def compute() -> Tensor:
        parts = [p.l1 * ops.sum(ops.abs(variables[p.weight])) for p in penalties if p.l1]
        parts += [p.l2 * ops.sum(ops.square(variables[p.weight])) for p in penalties if p.l2]
        return sum(parts[1:], start=parts[0])

    return compute
