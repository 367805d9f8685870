"""Two adversaries in Keras: each has a model whose step moves its own weights alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from netdsl.backends.contest import (
    DISCRIMINATOR_LOSS,
    EVALUATION,
    FIRST,
    GENERATOR_LOSS,
    SECOND,
    SHARE,
    Contest,
    Sides,
)
from netdsl.backends.engine import Array, Examples, Figures, Indices, Task, Tick, Watch
from netdsl.backends.keras import Models
from netdsl.backends.keras.chance import begin_chance, seeds_of
from netdsl.backends.keras.engine import KerasModel, by_name
from netdsl.backends.keras.feed import Feed, Given
from netdsl.backends.keras.games import penalty, row
from netdsl.backends.keras.losses import Tensor
from netdsl.backends.keras.updates import Updates
from netdsl.backends.keras.weights import Held, named_variables


class KerasAdversaries(KerasModel):
    """An engine over the models of two nets, whose weights have their roles before their names.

    What it predicts is what the generator makes of noise.
    """

    def __init__(
        self,
        generator: Models,
        discriminator: Models,
        task: Task,
        contest: Contest,
        examples: Examples,
        device: str,
    ) -> None:
        sides = contest.generator, contest.discriminator
        (output,) = sides[0].net.graph.outputs
        super().__init__(generator, sides[0].net.graph, output.name, task.batch, device)
        self._precision = task.precision
        self._contest = contest
        made = generator.training, discriminator.training
        self._places: dict[str, Held] = {}
        for side, model in zip(sides, made, strict=True):
            own = named_variables(model, side.net.graph)
            self._places |= {side.full(name): held for name, held in own.items()}
        self._feed = Feed(examples, task.field_names)
        both = _Both(*made, contest, self._feed, task.inputs[0])
        self._generating, self._discriminating = _Generating(both), _Discriminating(both)
        self._judging = _Judging(both)
        self._updates = Sides(
            {
                side.role: Updates(
                    step,
                    {n: held for n, held in self._places.items() if n.startswith(side.full(""))},
                    task.replace(optimizer=side.optimizer, undecayed=side.undecayed),
                    scaled=False,
                )
                for side, step in zip(sides, (self._generating, self._discriminating), strict=True)
            }
        )
        self._seeds = [seed for model in made for seed in seeds_of(model)]

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """See `Engine.train`; a rate is that of both nets."""
        begin_chance(seed, self._seeds)
        contest, every = self._contest, self._contest.critic_steps
        self._updates[contest.discriminator.role].plan(rates)
        self._updates[contest.generator.role].plan(rates[every - 1 :: every])
        losses: dict[str, list[tuple[float, int]]] = {DISCRIMINATOR_LOSS: [], GENERATOR_LOSS: []}
        with self._running():
            drawn = partial(contest.draw, seed=seed)
            for number, (batch, fields) in enumerate(self._feed.watched(batches, drawn)):
                here = len(next(iter(fields.values())))
                steps: list[_Move] = [self._discriminating]
                steps += [self._generating] * ((number + 1) % every == 0)
                for step in steps:
                    told = step.train_on_batch(batch, return_dict=True)
                    losses[step.figure].append((float(told[step.figure]), here))
                tick(here)
        return {
            name: sum(loss * here for loss, here in told) / sum(here for _, here in told)
            for name, told in losses.items()
        }

    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """See `Engine.evaluate`: both losses without penalty, against the same noise each time.

        There is no output for a field of the data, so that there is nothing to `watch`.
        """
        batches = np.split(examples, range(self._batch, len(examples), self._batch))
        sums = {DISCRIMINATOR_LOSS: 0.0, GENERATOR_LOSS: 0.0}
        total = 0
        with self._running(), self._updates.averaged():
            for given, fields in self._feed.watched(batches, self._judged):
                here = len(next(iter(fields.values())))
                told = self._judging.predict_on_batch(given)
                for name in sums:
                    sums[name] += here * float(told[name])
                total += here
        return {name: value / total for name, value in sums.items()}

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """What the generator makes of noise, under the name of its output."""
        with self._updates.averaged():
            return super().predict(inputs)

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`; their running means begin anew."""
        super().put_weights(weights)
        self._updates.forget()

    def kept(self) -> dict[str, Array]:
        """See `Engine.kept`."""
        return self.weights() | self._updates.kept()

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        return self._updates.state()

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""
        self._updates.put_state(state)

    def _judged(self, count: int, batch: int) -> dict[str, Array]:
        """What is drawn for a batch of an evaluation."""
        return {FIRST: self._contest.noise(count, EVALUATION, batch)}


class _Both:
    """The two models, and what flows through them of a batch."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        contest: Contest,
        feed: Feed,
        field: str,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.game = contest.game
        self._feed, self._field = feed, field

    def real(self, batch: Given) -> Tensor:
        """The examples of a batch."""
        return self._feed.fields(batch)[self._field]

    def made(self, noise: Tensor, training: bool) -> Tensor:
        """What the generator makes of noise."""
        return _only(self.generator(ops.cast(noise, keras.config.floatx()), training=training))

    def judged(self, examples: Tensor, training: bool) -> Tensor:
        """What the discriminator says of examples."""
        return _only(self.discriminator(examples, training=training))


class _Move(keras.Model):  # type: ignore[misc]
    """A step of one of the nets, `own`: only its weights are trained.

    The other's are variables all the same, so that what Keras compiles sees how they change.
    """

    figure: str

    def __init__(self, both: _Both, own: keras.Model, other: keras.Model) -> None:
        super().__init__(name=self.figure)
        self.own, self.other = own, other
        self.both = both
        self.built = True

    @property
    def trainable_variables(self) -> list[Any]:
        """What a step moves."""
        moved: list[Any] = self.own.trainable_variables
        return moved

    @property
    def trainable_weights(self) -> list[Any]:
        """The same: none of it is the state of chance."""
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Everything else."""
        moved = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.variables if id(variable) not in moved]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Everything else but the states of chance."""
        moved = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.weights if id(variable) not in moved]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """What is made small: the loss with its penalty."""
        return sum(y_pred.values())

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Tensor]:
        """The loss of a batch without penalty."""
        return {self.figure: y_pred["loss"]}


class _Discriminating(_Move):
    """A step of the discriminator."""

    figure = DISCRIMINATOR_LOSS

    def __init__(self, both: _Both) -> None:
        super().__init__(both, both.discriminator, both.generator)

    def call(self, batch: Given, training: bool = False) -> dict[str, Tensor]:
        """The loss of a batch and, where the game has one, its penalty."""
        both = self.both
        real = both.real(batch)
        made = ops.stop_gradient(both.made(batch[FIRST], training))
        judged = both.judged(real, training), both.judged(made, training)
        told = {"loss": row(both.game).discriminator(*judged)}
        share = ops.reshape(ops.cast(batch[SHARE], real.dtype), (-1, *[1] * (len(real.shape) - 1)))
        between = real + share * (made - real)
        added = penalty(both.game, lambda given: both.judged(given, training), between)
        return told if added is None else {**told, "penalty": added}


class _Generating(_Move):
    """A step of the generator."""

    figure = GENERATOR_LOSS

    def __init__(self, both: _Both) -> None:
        super().__init__(both, both.generator, both.discriminator)

    def call(self, batch: Given, training: bool = False) -> dict[str, Tensor]:
        """The loss of a batch."""
        both = self.both
        judged = both.judged(both.made(batch[SECOND], training), training)
        return {"loss": row(both.game).generator(judged)}


class _Judging(keras.Model):  # type: ignore[misc]
    """Both losses of a batch in evaluation, without penalty."""

    def __init__(self, both: _Both) -> None:
        super().__init__(name="judging")
        self.generator, self.discriminator = both.generator, both.discriminator
        self.both = both
        self.built = True

    def call(self, batch: Given) -> dict[str, Tensor]:
        """The losses by their names."""
        both = self.both
        real = both.judged(both.real(batch), False)
        made = both.judged(both.made(batch[FIRST], False), False)
        objective = row(both.game)
        return {
            DISCRIMINATOR_LOSS: objective.discriminator(real, made),
            GENERATOR_LOSS: objective.generator(made),
        }


def _only(result: Any) -> Tensor:
    """The one output of a model."""
    (tensor,) = by_name(result, "output").values()
    return tensor
