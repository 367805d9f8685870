"""Keras' rows of the losses, and which predictions are right. Tensors are channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from netdsl.backends.engine import Array, Term
from netdsl.catalog.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError

# Keras has no type for the tensors of the engine that it runs on.
Tensor: TypeAlias = Any

# A row takes target and prediction and gives the loss of each number, or of each label.
_Row: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def _cross_entropy(target: Tensor, logits: Tensor) -> Tensor:
    if len(target.shape) == len(logits.shape):  # shares of the classes
        return ops.categorical_crossentropy(target, logits, from_logits=True)
    return ops.sparse_categorical_crossentropy(target, logits, from_logits=True)


def _binary_cross_entropy(target: Tensor, logits: Tensor) -> Tensor:
    return ops.binary_crossentropy(target, logits, from_logits=True)


def _mean_squared_error(target: Tensor, prediction: Tensor) -> Tensor:
    return ops.square(prediction - target)


_ROWS: dict[type[Loss], _Row] = {
    CrossEntropy: _cross_entropy,
    BinaryCrossEntropy: _binary_cross_entropy,
    MeanSquaredError: _mean_squared_error,
}


def to_keras(values: Array) -> Array:
    """A field as Keras takes it: whole numbers in 32 bits, which every engine of Keras has.

    The bytes of an image stay bytes.
    """
    return values.astype(np.int32) if values.dtype.kind in "ib" else values


def target_of(term: Term, field: Tensor) -> Tensor:
    """A field as the target of a term: numbers of classes, or floats of the output's shape."""
    if term.loss.takes_label:
        return field
    # One number for each example meets a single unit.
    single = term.type.rank == 1 and len(field.shape) == 1
    return ops.cast(ops.expand_dims(field, -1) if single else field, keras.config.floatx())


def loss_function(term: Term) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a term, weighted: prediction and target to one number, averaged over examples.

    A `sum` is over the numbers of one example.
    """
    row, weight = _ROWS[type(term.loss)], term.weight

    def compute(prediction: Tensor, target: Tensor) -> Tensor:
        each = row(target, prediction)
        if term.loss.reduce == "sum":
            value = ops.sum(each) / ops.cast(ops.shape(target)[0], each.dtype)
        else:
            value = ops.mean(each)
        return value if weight == 1 else weight * value

    return compute


def right_function(term: Term) -> Callable[[Tensor, Tensor], Tensor]:
    """Which predictions of a classification are right: true or false for each answer.

    With one unit for two classes the answer is the second class above 0 (a logit) or above 0.5;
    else it is the largest unit, against the label or the largest entry of a one-hot target.
    """
    if term.loss.takes_label:
        return lambda prediction, target: ops.equal(_largest(prediction), target)
    if term.type.channels == 1:
        bound = 0.0 if term.loss.takes_logits else 0.5
        return lambda prediction, target: ops.equal(prediction > bound, target > 0.5)
    return lambda prediction, target: ops.equal(_largest(prediction), _largest(target))


def _largest(tensor: Tensor) -> Tensor:
    return ops.cast(ops.argmax(tensor, axis=-1), "int32")
