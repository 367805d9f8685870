"""PyTorch's rows of the losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from netdsl.backends.engine import IGNORED
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

# What a mean is over where nothing counts.
_LEAST_COUNT = 1e-12

# Takes what the loss takes, and `reduction`: "mean" or "sum", both over the batch as well.
Function: TypeAlias = Callable[..., Tensor]
# From a loss and the axis of channels to its function.
Row: TypeAlias = Callable[[Any, int], Function]


def _cross_entropy(loss: CrossEntropy, axis: int) -> Function:
    assert not isinstance(loss.weights, str), "a plan has the numbers"
    held = _Numbers(loss.weights) if loss.weights is not None else None

    def compute(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        weights = held.beside(logits) if held is not None else None
        of_places = target.ndim > 1 and not target.is_floating_point()
        value = F.cross_entropy(
            logits,
            target,
            weights,
            reduction="sum" if of_places else reduction,
            label_smoothing=loss.smoothing,
        )
        if not of_places or reduction == "sum":
            return value
        # PyTorch's own mean is not a number where no place of a batch counts.
        return value / _counted(target, weights).clamp(min=_LEAST_COUNT)

    return compute


def _counted(labels: Tensor, weights: Tensor | None) -> Tensor:
    """How many labels count, each as much as the weight of its class."""
    counted = labels != IGNORED
    return (counted if weights is None else weights[labels.clamp(min=0)] * counted).sum()


def mean_over(loss: Loss) -> Callable[[Tensor], Tensor | None]:
    """What the mean of a loss is over, from a target as the loss takes it.

    None means that it is over the examples of a batch, each as much as any other.
    """
    if not isinstance(loss, CrossEntropy) or loss.reduce == "sum":
        return lambda target: None
    assert not isinstance(loss.weights, str), "a plan has the numbers"
    held = _Numbers(loss.weights) if loss.weights is not None else None

    def over(target: Tensor) -> Tensor | None:
        if target.is_floating_point() or (held is None and target.ndim == 1):
            return None
        wide = target.new_empty((), dtype=torch.float64)
        return _counted(target, held.beside(wide) if held is not None else None)

    return over


def _binary_cross_entropy(loss: BinaryCrossEntropy, axis: int) -> Function:
    if not loss.smoothing and loss.positive_weight == 1:
        return F.binary_cross_entropy_with_logits
    weight = _Numbers((loss.positive_weight,))

    def compute(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
        smoothed = target * (1 - loss.smoothing) + loss.smoothing / 2
        return F.binary_cross_entropy_with_logits(
            logits, smoothed, reduction=reduction, pos_weight=weight.beside(logits)
        )

    return compute


def _hinge(loss: Hinge, axis: int) -> Function:
    return _reduced(lambda prediction, target: F.relu(loss.margin - (2 * target - 1) * prediction))


def _kl_divergence(loss: KlDivergence, axis: int) -> Function:
    return _reduced(lambda mean, logvar: (mean.square() + logvar.exp() - logvar - 1) / 2)


def _focal(loss: Focal, axis: int) -> Function:
    def each(logits: Tensor, target: Tensor) -> Tensor:
        surprise = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        chance = torch.sigmoid(logits)
        wrong = chance + target - 2 * chance * target
        found = surprise * wrong**loss.gamma
        if loss.alpha is None:
            return found
        return found * (loss.alpha * target + (1 - loss.alpha) * (1 - target))

    return _reduced(each)


def _dice(loss: Dice, axis: int) -> Function:
    def each(prediction: Tensor, target: Tensor) -> Tensor:
        positions = _positions(prediction.ndim, axis)
        both = (prediction * target).sum(positions)
        one, other = (tensor.square().sum(positions) for tensor in (prediction, target))
        return 1 - (2 * both + loss.smooth) / (one + other + loss.smooth)

    return _reduced(each)


def _positions(rank: int, axis: int) -> list[int]:
    """The axes of positions in a batch; of vectors that of their numbers."""
    if rank == 2:
        return [1]
    return [place for place in range(1, rank) if place != axis % rank]


def _cosine(loss: Cosine, axis: int) -> Function:
    return _reduced(lambda a, b: 1 - F.cosine_similarity(a, b, dim=axis))


def _triplet(loss: Triplet, axis: int) -> Function:
    def each(anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        near, far = (_distance(anchor, other, axis) for other in (positive, negative))
        return F.relu(near - far + loss.margin)

    return _reduced(each)


def _contrastive(loss: Contrastive, axis: int) -> Function:
    def each(a: Tensor, b: Tensor, same: Tensor) -> Tensor:
        distance = _distance(a, b, axis)
        lacking = F.relu(loss.margin - distance)
        return (same * distance.square() + (1 - same) * lacking.square()) / 2

    return _reduced(each)


def _nearer(loss: Contrastive, a: Tensor, b: Tensor, axis: int) -> Tensor:
    return loss.margin / 2 - _distance(a, b, axis)


def _distance(a: Tensor, b: Tensor, axis: int) -> Tensor:
    """As `pairwise_distance`, which adds 1e-6 so that equal vectors have a gradient."""
    return F.pairwise_distance(a.movedim(axis, -1), b.movedim(axis, -1))


def _reduced(each: Function) -> Function:
    """From the loss of each number to the mean or sum of all."""

    def compute(*tensors: Tensor, reduction: str = "mean") -> Tensor:
        found = each(*tensors)
        return found.sum() if reduction == "sum" else found.mean()

    return compute


class _Numbers:
    """Numbers of a loss, sent once to where the tensors are."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self._held = torch.tensor(numbers, dtype=torch.float64)

    def beside(self, tensor: Tensor) -> Tensor:
        """They, of a tensor's type and on its device."""
        if self._held.device != tensor.device or self._held.dtype != tensor.dtype:
            self._held = self._held.to(tensor.device, tensor.dtype)
        return self._held


ROWS: dict[type[Loss], Row] = {
    CrossEntropy: _cross_entropy,
    BinaryCrossEntropy: _binary_cross_entropy,
    MeanSquaredError: lambda loss, axis: F.mse_loss,
    MeanAbsoluteError: lambda loss, axis: F.l1_loss,
    Huber: lambda loss, axis: partial(F.huber_loss, delta=loss.delta),
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
