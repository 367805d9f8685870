"""Metrics as numbers: each is added up batch by batch, or kept until a share is done.

What a matrix of classes tells is computed from one that is added up, so that pictures with a class
for each point need little memory. The formulas are scikit-learn's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from netdsl.backends.engine import Array
from netdsl.catalog.metrics import (
    F1,
    R2,
    Accuracy,
    Auc,
    Bits,
    Iou,
    Mae,
    Metric,
    Mse,
    Perplexity,
    Precision,
    Recall,
    RecallAt,
    Top,
)
from netdsl.diagnostics import UserError


class Matrix:
    """How many examples of each class are taken for each: rows are what is right."""

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes), np.int64)

    def add(self, labels: Array, chosen: Array) -> None:
        """Adds answers of any shape."""
        size = len(self.counts)
        pairs = labels.reshape(-1).astype(np.int64) * size + chosen.reshape(-1)
        self.counts += np.bincount(pairs, minlength=size * size).reshape(size, size)

    def figure(self, metric: Metric) -> float:
        """What a metric of classes says of it."""
        if isinstance(metric, Accuracy):
            return float(np.trace(self.counts) / self.counts.sum())
        right, chosen = np.nonzero(self.counts)
        return float(
            _scores()[type(metric)](
                right,
                chosen,
                sample_weight=self.counts[right, chosen],
                average=metric.average,  # type: ignore[attr-defined]
                zero_division=0,
            )
        )


def _scores() -> dict[type[Metric], Callable[..., float]]:
    from sklearn import metrics

    return {
        Precision: metrics.precision_score,
        Recall: metrics.recall_score,
        F1: metrics.f1_score,
        Iou: metrics.jaccard_score,
    }


class _Mean:
    """A metric that is a mean over examples, added up batch by batch."""

    def __init__(self, metric: Any, classes: int) -> None:
        self.metric = metric
        self._classes = np.arange(classes)
        self._sum, self._count = 0.0, 0

    def add(self, predicted: Array, target: Array) -> None:
        """Adds a batch of (n, classes) or (n, numbers), against (n,) or (n, numbers)."""
        self._sum += len(target) * self._of(predicted, target)
        self._count += len(target)

    def figure(self) -> float:
        """The mean."""
        return self._sum / self._count

    def _of(self, predicted: Array, target: Array) -> float:
        raise NotImplementedError


class _Top(_Mean):
    def _of(self, predicted: Array, target: Array) -> float:
        from sklearn.metrics import top_k_accuracy_score

        given = predicted[:, 1] if len(self._classes) == 2 else predicted
        k = self.metric.k
        return float(top_k_accuracy_score(target, given, k=k, labels=self._classes))


class _CrossEntropy(_Mean):
    def _of(self, predicted: Array, target: Array) -> float:
        from sklearn.metrics import log_loss

        return float(log_loss(target, predicted, labels=self._classes))


class _Bits(_CrossEntropy):
    def figure(self) -> float:
        """The mean, which is in nats, in bits."""
        return super().figure() / math.log(2)


class _Perplexity(_CrossEntropy):
    def figure(self) -> float:
        """e to the mean."""
        return math.exp(super().figure())


class _Mae(_Mean):
    def _of(self, predicted: Array, target: Array) -> float:
        from sklearn.metrics import mean_absolute_error

        return float(mean_absolute_error(target, predicted))


class _Mse(_Mean):
    def _of(self, predicted: Array, target: Array) -> float:
        from sklearn.metrics import mean_squared_error

        return float(mean_squared_error(target, predicted))


class _Whole:
    """A metric that needs the share as a whole."""

    def __init__(self, metric: Metric, classes: int) -> None:
        self.metric = metric
        self._predicted: list[Array] = []
        self._target: list[Array] = []

    def add(self, predicted: Array, target: Array) -> None:
        """Keeps a batch."""
        self._predicted.append(predicted)
        self._target.append(target)

    def _all(self) -> tuple[Array, Array]:
        return np.concatenate(self._predicted), np.concatenate(self._target)


class _R2(_Whole):
    def figure(self) -> float:
        """The share of the variance."""
        from sklearn.metrics import r2_score

        predicted, target = self._all()
        return float(r2_score(target, predicted))


class _Auc(_Whole):
    def figure(self) -> float:
        """The mean over classes that some examples have and others have not."""
        from sklearn.metrics import roc_auc_score

        predicted, target = self._all()
        there = np.unique(target)
        if len(there) < 2:
            raise UserError("auc needs examples of two classes, and this share has one")
        classes = there if predicted.shape[1] > 2 else [1]
        areas = [roc_auc_score(target == one, predicted[:, one]) for one in classes]
        return float(np.mean(areas))


class _RecallAt(_Whole):
    def figure(self) -> float:
        """The share of examples that have one of their class near."""
        from sklearn.neighbors import NearestNeighbors

        codes, labels = self._all()
        k = self.metric.k  # type: ignore[attr-defined]
        if len(codes) <= k:
            raise UserError(f"recall_at needs more than {k} examples, and this share has no more")
        # Of those that were kept, an example itself is no neighbour.
        near = NearestNeighbors(n_neighbors=k).fit(codes).kneighbors(return_distance=False)
        return float((labels[near] == labels[:, None]).any(axis=1).mean())


PARTS: dict[type[Metric], Any] = {
    Top: _Top,
    Perplexity: _Perplexity,
    Bits: _Bits,
    Mae: _Mae,
    Mse: _Mse,
    R2: _R2,
    Auc: _Auc,
    RecallAt: _RecallAt,
}
