"""ONNX's rows of the losses: numpy's figures over what a model gives. Arrays are channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from netdsl.backends.engine import IGNORED, Array, distance
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

# From a loss and what it takes to the loss of each number, and how much each counts in a mean:
# None where all count the same.
Row: TypeAlias = Callable[..., tuple[Array, Array | None]]

# As PyTorch's cosine_similarity.
_LEAST_LENGTH = 1e-8


def _cross_entropy(loss: CrossEntropy, logits: Array, target: Array) -> tuple[Array, Array | None]:
    hard, classes = target.ndim < logits.ndim, logits.shape[-1]
    if hard and target.ndim > 1:
        # Of labels at many places some may not count.
        places = target != IGNORED
        logits, target = logits[places], target[places]
    shares = np.eye(classes)[target] if hard else target
    smoothed = shares * (1 - loss.smoothing) + loss.smoothing / classes
    moved = logits - logits.max(axis=-1, keepdims=True)
    logarithms = moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True))
    if loss.weights is None:
        return -(smoothed * logarithms).sum(axis=-1), None
    weights = np.asarray(loss.weights, np.float64)
    each = -(weights * smoothed * logarithms).sum(axis=-1)
    return each, (weights * shares).sum(axis=-1) if hard else None


def _binary_cross_entropy(
    loss: BinaryCrossEntropy, logits: Array, target: Array
) -> tuple[Array, None]:
    smoothed = target * (1 - loss.smoothing) + loss.smoothing / 2
    counts = 1 + (loss.positive_weight - 1) * smoothed
    # log(1 + exp(-x)) without a power of a large number.
    return (1 - smoothed) * logits + counts * np.logaddexp(0, -logits), None


def _mean_squared_error(
    loss: MeanSquaredError, prediction: Array, target: Array
) -> tuple[Array, None]:
    return np.square(prediction - target), None


def _mean_absolute_error(
    loss: MeanAbsoluteError, prediction: Array, target: Array
) -> tuple[Array, None]:
    return np.abs(prediction - target), None


def _huber(loss: Huber, prediction: Array, target: Array) -> tuple[Array, None]:
    far = np.abs(prediction - target)
    near = np.minimum(far, loss.delta)
    return near * (far - near / 2), None


def _hinge(loss: Hinge, prediction: Array, target: Array) -> tuple[Array, None]:
    return np.maximum(0, loss.margin - (2 * target - 1) * prediction), None


def _kl_divergence(loss: KlDivergence, mean: Array, logvar: Array) -> tuple[Array, None]:
    return (np.square(mean) + np.exp(logvar) - logvar - 1) / 2, None


def _focal(loss: Focal, logits: Array, target: Array) -> tuple[Array, None]:
    surprise = np.logaddexp(0, logits) - target * logits
    chance = 0.5 * (1 + np.tanh(logits / 2))
    each = surprise * (chance + target - 2 * chance * target) ** loss.gamma
    if loss.alpha is None:
        return each, None
    return each * (loss.alpha * target + (1 - loss.alpha) * (1 - target)), None


def _dice(loss: Dice, prediction: Array, target: Array) -> tuple[Array, None]:
    positions = tuple(range(1, max(prediction.ndim - 1, 2)))
    both = (prediction * target).sum(axis=positions)
    one, other = (np.square(array).sum(axis=positions) for array in (prediction, target))
    return 1 - (2 * both + loss.smooth) / (one + other + loss.smooth), None


def _cosine(loss: Cosine, a: Array, b: Array) -> tuple[Array, None]:
    one, other = (np.maximum(_length(array), _LEAST_LENGTH) for array in (a, b))
    return 1 - (a * b).sum(axis=-1) / (one * other), None


def _triplet(loss: Triplet, anchor: Array, positive: Array, negative: Array) -> tuple[Array, None]:
    near, far = (distance(anchor, other) for other in (positive, negative))
    return np.maximum(0, near - far + loss.margin), None


def _contrastive(loss: Contrastive, a: Array, b: Array, same: Array) -> tuple[Array, None]:
    apart = distance(a, b)
    lacking = np.maximum(0, loss.margin - apart)
    return (same * np.square(apart) + (1 - same) * np.square(lacking)) / 2, None


def _nearer(loss: Contrastive, a: Array, b: Array) -> Array:
    return np.asarray(loss.margin / 2 - distance(a, b))


def _length(vectors: Array) -> Array:
    return np.asarray(np.sqrt(np.square(vectors).sum(axis=-1)))


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
ANSWERS: dict[type[Loss], Callable[..., Array]] = {Contrastive: _nearer}
