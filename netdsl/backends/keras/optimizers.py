"""Keras' rows of the optimizers: the formulas of `torch.optim`.

Keras' own add epsilon below the root or before the correction of the bias, and decay weights apart
from the gradient, so that they are other formulas. What a row keeps for each weight has PyTorch's
name and meaning, so that either backend goes on with the state of the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from keras.config import floatx

from netdsl.backends.engine import LOSS_GROWTH, LOSS_SCALE, MEAN, Array, Task
from netdsl.backends.keras.losses import Tensor
from netdsl.catalog.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd
from netdsl.record import Record

Held: TypeAlias = Mapping[str, Tensor]
# From a gradient, its weight, what is held for it and the number of the step from 1, to what the
# learning rate is multiplied with and taken from the weight, and to what is held then.
_Formula: TypeAlias = Callable[[Any, Tensor, Tensor, Held, Tensor], "tuple[Tensor, Held]"]


class Row(Record):
    """An optimizer: the names of what it holds for each weight, and its formula.

    `counts` says whether PyTorch holds the number of steps done beside them.
    """

    names: Callable[[Any], Sequence[str]]
    formula: _Formula
    counts: bool = True


def _decayed(record: Any, gradient: Tensor, weight: Tensor) -> Tensor:
    return gradient + record.weight_decay * weight if record.weight_decay else gradient


def _mixed(old: Tensor, new: Tensor, share: Any) -> Tensor:
    """A running mean that keeps this share of the old one."""
    return share * old + (1 - share) * new


def _seen(share: float, count: Tensor) -> Tensor:
    """1 - share ** count, which a running mean from zero has seen, without losing digits."""
    return -ops.expm1(count * math.log(share)) if share else ops.ones_like(count)


def _sgd(record: Sgd, gradient: Tensor, weight: Tensor, held: Held, _: Tensor) -> Any:
    gradient = _decayed(record, gradient, weight)
    if not record.momentum:
        return gradient, {}
    moving = record.momentum * held["momentum_buffer"] + gradient
    step = gradient + record.momentum * moving if record.nesterov else moving
    return step, {"momentum_buffer": moving}


def _adagrad(record: Adagrad, gradient: Tensor, weight: Tensor, held: Held, count: Tensor) -> Any:
    gradient = _decayed(record, gradient, weight)
    total = held["sum"] + ops.square(gradient)
    slower = 1 + (count - 1) * record.lr_decay
    return gradient / (ops.sqrt(total) + record.eps) / slower, {"sum": total}


def _rmsprop(record: RmsProp, gradient: Tensor, weight: Tensor, held: Held, _: Tensor) -> Any:
    gradient = _decayed(record, gradient, weight)
    square = _mixed(held["square_avg"], ops.square(gradient), record.alpha)
    after = {"square_avg": square}
    spread = square
    if record.centered:
        after["grad_avg"] = _mixed(held["grad_avg"], gradient, record.alpha)
        spread = square - ops.square(after["grad_avg"])
    step = gradient / (ops.sqrt(spread) + record.eps)
    if record.momentum:
        step = after["momentum_buffer"] = record.momentum * held["momentum_buffer"] + step
    return step, after


def _moments(
    record: Adam | AdamW, gradient: Tensor, held: Held, count: Tensor
) -> tuple[Tensor, Held]:
    mean = _mixed(held["exp_avg"], gradient, record.beta1)
    square = _mixed(held["exp_avg_sq"], ops.square(gradient), record.beta2)
    root = ops.sqrt(square) / ops.sqrt(_seen(record.beta2, count)) + record.eps
    return mean / root / _seen(record.beta1, count), {"exp_avg": mean, "exp_avg_sq": square}


def _adam(record: Adam, gradient: Tensor, weight: Tensor, held: Held, count: Tensor) -> Any:
    return _moments(record, _decayed(record, gradient, weight), held, count)


def _adamw(record: AdamW, gradient: Tensor, weight: Tensor, held: Held, count: Tensor) -> Any:
    step, after = _moments(record, gradient, held, count)
    return step + record.weight_decay * weight, after


def _rmsprop_names(record: RmsProp) -> list[str]:
    further = {"momentum_buffer": record.momentum > 0, "grad_avg": record.centered}
    return ["square_avg", *(name for name, there in further.items() if there)]


_MOMENTS = ("exp_avg", "exp_avg_sq")

_ROWS: dict[type[Optimizer], Row] = {
    Sgd: Row(lambda record: ("momentum_buffer",) if record.momentum else (), _sgd, counts=False),
    Adagrad: Row(lambda record: ("sum",), _adagrad),
    RmsProp: Row(_rmsprop_names, _rmsprop),
    Adam: Row(lambda record: _MOMENTS, _adam),
    AdamW: Row(lambda record: _MOMENTS, _adamw),
}


class KerasOptimizer(keras.optimizers.Optimizer):  # type: ignore[misc]
    """The optimizer of a task, for `Model.compile`.

    Once it is built, `held[name][i]` is what it holds under that name for the i-th weight. Those
    in `undecayed` have no weight decay.
    """

    def __init__(self, task: Task, undecayed: Sequence[Any] = ()) -> None:
        record = task.optimizer
        super().__init__(
            learning_rate=self._now,
            name=record.word,
            global_clipnorm=task.clip,
            gradient_accumulation_steps=task.accumulate if task.accumulate > 1 else None,
        )
        self._record = record
        self._row = _ROWS[type(record)]
        self._every = task.accumulate
        self._rates: Any = None
        self._first: Any = None
        self._share = task.ema
        self._undecayed = {id(variable) for variable in undecayed}
        self._without_decay: set[int] = set()
        self.counts = self._row.counts

    @property
    def names(self) -> tuple[str, ...]:
        """Under which names something is held for each weight."""
        return (*self._row.names(self._record), *((MEAN,) if self._share is not None else ()))

    @property
    def done(self) -> int:
        """How many steps have been taken."""
        return int(self.iterations)

    def go_on_from(self, steps: int) -> None:
        """Has so many steps been taken. Keras counts the batches, of which a step has several."""
        self._iterations.assign(steps * self._every)

    def plan(self, rates: Sequence[float]) -> bool:
        """Sets the rates of the steps that follow; whether that takes more room than before.

        What Keras has compiled knows nothing of new room. The rates are variables, because on JAX
        a step sees nothing that is assigned while an epoch runs.
        """
        wider = self._rates is None or len(rates) > self._rates.shape[0]
        if wider:
            self._rates = self.add_variable((len(rates),), dtype=floatx(), name="rates")
            self._first = self.add_variable((), dtype="int64", name="first")
        last = [rates[-1]] * (self._rates.shape[0] - len(rates))
        self._rates.assign(np.asarray([*rates, *last], self._rates.dtype))
        self._first.assign(self.done)
        return wider

    def _now(self) -> Tensor:
        """The rate of the step that is taken; that of the record where none are planned."""
        if self._rates is None:
            return ops.convert_to_tensor(self._record.lr, dtype=floatx())
        return ops.take(self._rates, self.iterations - ops.cast(self._first, self.iterations.dtype))

    def build(self, variables: Sequence[Any]) -> None:
        """Makes what is held for each weight, all zero."""
        if self.built:
            return
        super().build(variables)
        # By number: TensorFlow gives steps variables of its own.
        places = enumerate(variables)
        self._without_decay = {index for index, one in places if id(one) in self._undecayed}
        self.held = {name: self.add_optimizer_variables(variables, name) for name in self.names}

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Moves one weight."""
        index = self._get_variable_index(variable)
        held = {name: variables[index] for name, variables in self.held.items()}
        # TensorFlow gives an embedding's as the rows that were looked up; this makes it whole.
        gradient = ops.reshape(gradient, variable.shape)
        count = ops.cast(self.iterations + 1, variable.dtype)
        record = self._record
        if index in self._without_decay:
            record = record.replace(weight_decay=0.0)
        step, after = self._row.formula(record, gradient, variable, held, count)
        for name, values in after.items():
            self.assign(held[name], values)
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * step)
        if self._share is not None:
            # The first mean is the weight after the first step.
            share = self._share * ops.cast(count > 1, variable.dtype)
            moved = ops.convert_to_tensor(variable)
            self.assign(held[MEAN], _mixed(held[MEAN], moved, share))


class Scaled(keras.optimizers.LossScaleOptimizer):  # type: ignore[misc]
    """An optimizer whose gradients are scaled so that half precision does not lose them."""

    def __init__(self, inner: KerasOptimizer) -> None:
        super().__init__(inner, initial_scale=2.0**15)

    def state(self) -> dict[str, Array]:
        """The scale and the steps since it grew."""
        return {
            LOSS_SCALE: np.asarray(self.dynamic_scale, np.float32),
            LOSS_GROWTH: np.asarray(self.step_counter, np.int64),
        }

    def put_state(self, state: Mapping[str, Array]) -> None:
        """Goes on from what `state` gave, where that is among these."""
        if LOSS_SCALE in state:
            self.dynamic_scale.assign(float(state[LOSS_SCALE]))
            self.step_counter.assign(int(state[LOSS_GROWTH]))
