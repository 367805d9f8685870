"""ONNX's rows of the losses: numpy's figures over what a model gives. Arrays are channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from netdsl.backends.engine import Array, Term
from netdsl.catalog.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from netdsl.diagnostics import UserError

# A row takes prediction and target and gives the loss of each number, or of each label.
_Row: TypeAlias = Callable[[Array, Array], Array]


def _cross_entropy(logits: Array, labels: Array) -> Array:
    highest = logits.max(axis=-1, keepdims=True)
    total = np.log(np.exp(logits - highest).sum(axis=-1, keepdims=True)) + highest
    right = np.take_along_axis(logits, labels[..., None], axis=-1)
    return np.asarray(total - right)[..., 0]


def _binary_cross_entropy(logits: Array, targets: Array) -> Array:
    # log(1 + exp(x)) - t x, without a power of a large number.
    return np.asarray(np.logaddexp(0, logits) - targets * logits)


def _mean_squared_error(prediction: Array, targets: Array) -> Array:
    return np.asarray(np.square(prediction - targets))


_ROWS: dict[type[Loss], _Row] = {
    CrossEntropy: _cross_entropy,
    BinaryCrossEntropy: _binary_cross_entropy,
    MeanSquaredError: _mean_squared_error,
}


def target_of(term: Term, values: Array) -> Array:
    """A field as the target of a term: numbers of classes, or numbers of the output's shape."""
    if term.loss.takes_label:
        return values
    shape = [size if isinstance(size, int) else -1 for size in term.type.shape]
    return values.reshape(len(values), *shape).astype(np.float64)


def loss_of(term: Term, prediction: Array, target: Array) -> float:
    """The weighted loss, added up over the examples: for each the mean or sum of its numbers."""
    row = _ROWS.get(type(term.loss))
    if row is None:
        raise UserError(f"--backend onnx knows no {term.loss.word}; evaluate on the run's own")
    each = row(prediction.astype(np.float64), target).reshape(len(target), -1)
    summed = each.sum() if term.loss.reduce == "sum" else each.mean(axis=1).sum()
    return float(term.weight * summed)


def right_of(term: Term, prediction: Array, target: Array) -> Array:
    """Which predictions of a classification are right: true or false for each answer.

    With one unit for two classes the answer is the second class above 0 (a logit) or above 0.5;
    else it is the largest unit, against the label or the largest entry of a one-hot target.
    """
    if term.loss.takes_label:
        return np.asarray(prediction.argmax(axis=-1) == target)
    if term.type.channels == 1:
        bound = 0.0 if term.loss.takes_logits else 0.5
        return np.asarray((prediction > bound) == (target > 0.5))
    return np.asarray(prediction.argmax(axis=-1) == target.argmax(axis=-1))
