"""Keras' rows of the losses. Tensors are channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from keras import ops

from netdsl.backends.engine import APART, IGNORED
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    Contrastive,
    Cosine,
    CrossEntropy,
    Dice,
    Focal,
    Hinge,
    Huber,
    KlDivergence,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Triplet,
)

# Keras has no type for the tensors of the engine that it runs on.
Tensor: TypeAlias = Any

# From a loss and what it takes to the loss of each number, and how much each counts in a mean:
# None where all count the same.
Row: TypeAlias = Callable[..., tuple[Tensor, Tensor | None]]

# As PyTorch's cosine_similarity.
_LEAST_LENGTH = 1e-8


def _cross_entropy(
    loss: CrossEntropy, logits: Tensor, target: Tensor
) -> tuple[Tensor, Tensor | None]:
    hard = len(target.shape) < len(logits.shape)
    if hard and len(target.shape) > 1:
        # Of labels at many places some may not count.
        counted = ops.cast(ops.not_equal(target, IGNORED), logits.dtype)
        each, counts = _of_labels(loss, logits, ops.maximum(target, 0))
        return each * counted, counted if counts is None else counts * counted
    return _of_labels(loss, logits, target)


def _of_labels(loss: CrossEntropy, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
    """The cross-entropy of labels that all count, or of shares of the classes."""
    hard = len(target.shape) < len(logits.shape)
    if hard and loss.weights is None and not loss.smoothing:
        return ops.sparse_categorical_crossentropy(target, logits, from_logits=True), None
    classes = logits.shape[-1]
    shares = ops.one_hot(target, classes, dtype=logits.dtype) if hard else target
    smoothed = shares * (1 - loss.smoothing) + loss.smoothing / classes
    if loss.weights is None:
        return -ops.sum(smoothed * ops.log_softmax(logits), axis=-1), None
    weights = ops.convert_to_tensor(loss.weights, dtype=logits.dtype)
    each = -ops.sum(weights * smoothed * ops.log_softmax(logits), axis=-1)
    return each, ops.sum(weights * shares, axis=-1) if hard else None


def _binary_cross_entropy(
    loss: BinaryCrossEntropy, logits: Tensor, target: Tensor
) -> tuple[Tensor, None]:
    if not loss.smoothing and loss.positive_weight == 1:
        return ops.binary_crossentropy(target, logits, from_logits=True), None
    smoothed = target * (1 - loss.smoothing) + loss.smoothing / 2
    counts = 1 + (loss.positive_weight - 1) * smoothed
    return (1 - smoothed) * logits + counts * ops.softplus(-logits), None


def _mean_squared_error(
    loss: MeanSquaredError, prediction: Tensor, target: Tensor
) -> tuple[Tensor, None]:
    return ops.square(prediction - target), None


def _mean_absolute_error(
    loss: MeanAbsoluteError, prediction: Tensor, target: Tensor
) -> tuple[Tensor, None]:
    return ops.abs(prediction - target), None


def _huber(loss: Huber, prediction: Tensor, target: Tensor) -> tuple[Tensor, None]:
    far = ops.abs(prediction - target)
    near = ops.minimum(far, loss.delta)
    return near * (far - near / 2), None


def _hinge(loss: Hinge, prediction: Tensor, target: Tensor) -> tuple[Tensor, None]:
    return ops.relu(loss.margin - (2 * target - 1) * prediction), None


def _kl_divergence(loss: KlDivergence, mean: Tensor, logvar: Tensor) -> tuple[Tensor, None]:
    return (ops.square(mean) + ops.exp(logvar) - logvar - 1) / 2, None


def _focal(loss: Focal, logits: Tensor, target: Tensor) -> tuple[Tensor, None]:
    surprise = ops.binary_crossentropy(target, logits, from_logits=True)
    chance = ops.sigmoid(logits)
    each = surprise * (chance + target - 2 * chance * target) ** loss.gamma
    if loss.alpha is None:
        return each, None
    return each * (loss.alpha * target + (1 - loss.alpha) * (1 - target)), None


def _dice(loss: Dice, prediction: Tensor, target: Tensor) -> tuple[Tensor, None]:
    positions = tuple(range(1, max(len(prediction.shape) - 1, 2)))
    both = ops.sum(prediction * target, axis=positions)
    one, other = (ops.sum(ops.square(tensor), axis=positions) for tensor in (prediction, target))
    return 1 - (2 * both + loss.smooth) / (one + other + loss.smooth), None


def _cosine(loss: Cosine, a: Tensor, b: Tensor) -> tuple[Tensor, None]:
    one, other = (ops.maximum(_length(tensor), _LEAST_LENGTH) for tensor in (a, b))
    return 1 - ops.sum(a * b, axis=-1) / (one * other), None


def _triplet(
    loss: Triplet, anchor: Tensor, positive: Tensor, negative: Tensor
) -> tuple[Tensor, None]:
    near, far = (_length(anchor - other + APART) for other in (positive, negative))
    return ops.relu(near - far + loss.margin), None


def _contrastive(loss: Contrastive, a: Tensor, b: Tensor, same: Tensor) -> tuple[Tensor, None]:
    distance = _length(a - b + APART)
    lacking = ops.relu(loss.margin - distance)
    return (same * ops.square(distance) + (1 - same) * ops.square(lacking)) / 2, None


def _nearer(loss: Contrastive, a: Tensor, b: Tensor) -> Tensor:
    return loss.margin / 2 - _length(a - b + APART)


def _length(vectors: Tensor) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(vectors), axis=-1))


ROWS: dict[type[Loss], Row] = {
    CrossEntropy: _cross_entropy,
    BinaryCrossEntropy: _binary_cross_entropy,
    MeanSquaredError: _mean_squared_error,
    MeanAbsoluteError: _mean_absolute_error,
    Huber: _huber,
    Hinge: _hinge,
    KlDivergence: _kl_divergence,
    Focal: _focal,
    Dice: _dice,
    Cosine: _cosine,
    Triplet: _triplet,
    Contrastive: _contrastive,
}

# What answers are read from where that is not the prediction itself: one number for each example.
ANSWERS: dict[type[Loss], Callable[..., Tensor]] = {Contrastive: _nearer}
