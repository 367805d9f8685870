"""PyTorch's rows of the losses, and the layout of predictions and targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from netdsl.backends.engine import Array, Term
from netdsl.backends.torch.precision import whole
from netdsl.catalog.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError

# A row takes prediction, target and "mean" or "sum"; both are over the batch as well.
_Row: TypeAlias = Callable[..., Tensor]

_ROWS: dict[type[Loss], _Row] = {
    CrossEntropy: F.cross_entropy,
    BinaryCrossEntropy: F.binary_cross_entropy_with_logits,
    MeanSquaredError: F.mse_loss,
}


def to_torch(values: Array) -> Tensor:
    """Channels last to PyTorch's layout: images and volumes have channels first."""
    tensor = torch.from_numpy(values)
    return tensor.movedim(-1, 1).contiguous() if tensor.ndim > 3 else tensor


def to_numpy(tensor: Tensor) -> Array:
    """The inverse of `to_torch`."""
    tensor = whole(tensor.movedim(1, -1) if tensor.ndim > 3 else tensor)
    array: Array = tensor.cpu().contiguous().numpy()
    return array


def target_of(term: Term, field: Tensor) -> Tensor:
    """A field as the target of a term: numbers of classes, or floats of the output's shape."""
    if term.loss.takes_label:
        return field
    # One number for each example meets a single unit.
    shaped = field.unsqueeze(1) if term.type.rank == 1 and field.ndim == 1 else field
    return shaped.to(torch.float32)


def loss_function(term: Term) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a term, weighted: prediction and target to one number, averaged over examples.

    A `sum` is over the numbers of one example.
    """
    row, weight = _ROWS[type(term.loss)], term.weight
    move = term.loss.takes_label and term.type.rank == 2

    def compute(prediction: Tensor, target: Tensor) -> Tensor:
        # PyTorch has classes on the second axis; sequences have them on the last.
        moved = prediction.movedim(-1, 1) if move else prediction
        if term.loss.reduce == "sum":
            value = row(moved, target, reduction="sum") / len(target)
        else:
            value = row(moved, target)
        return value if weight == 1 else weight * value

    return compute


def right_function(term: Term) -> Callable[[Tensor, Tensor], Tensor]:
    """Which predictions of a classification are right: true or false for each answer.

    With one unit for two classes the answer is the second class above 0 (a logit) or above 0.5;
    else it is the largest unit, against the label or the largest entry of a one-hot target.
    """
    axis = -1 if term.type.rank == 2 else 1
    if term.loss.takes_label:
        return lambda prediction, target: prediction.argmax(axis) == target
    if term.type.channels == 1:
        bound = 0.0 if term.loss.takes_logits else 0.5
        return lambda prediction, target: (prediction > bound) == (target > 0.5)
    return lambda prediction, target: prediction.argmax(axis) == target.argmax(axis)
