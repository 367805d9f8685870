"""Metrics over a share of the data, from what an evaluation shows batch by batch.

What a matrix of classes tells is computed from one that is added up, so that pictures with a class
for each point need little memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from netdsl.backends.engine import IGNORED, Array, Figures, Indices, Judge, Task, Term
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
    Top,
)
from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.training.answer import classes_of, probabilities, reading_of


def evaluated(
    engine: Judge,
    task: Task,
    metrics: tuple[Metric, ...],
    classes: tuple[str, ...],
    examples: Indices,
) -> Figures:
    """The figures of an evaluation with those of the metrics; `classes` are the target's names."""
    told = [metric for metric in metrics if metric.figure and not isinstance(metric, Accuracy)]
    if not told:
        return engine.evaluate(examples)
    measure = Measure(told, task, classes)
    return engine.evaluate(examples, measure.watch) | measure.figures()


def check(metrics: tuple[Metric, ...], task: Task, classes: tuple[str, ...]) -> None:
    """Refuses metrics that cannot be told of a task: one sentence, as a `UserError`."""
    figures = [metric.figure for metric in metrics]
    for metric in metrics:
        word = metric.word
        if metric.figure and figures.count(metric.figure) > 1:
            raise UserError(f"metrics has {metric.figure} twice; one name tells one figure")
        if metric.kind == "numbers":
            if compared(task) is None or task.scored is not None:
                raise UserError(f"{word} needs a target of numbers, which this loss has not")
        elif task.scored is None:
            raise UserError(f"{word} needs a classification; this loss has no label for its target")
        if isinstance(metric, Top) and metric.k >= len(classes):
            raise UserError(
                f"top({metric.k}) is always right: there are {len(classes)} classes; "
                "accuracy is top(1)"
            )
        if isinstance(metric, Perplexity) and not reading_of(task, classes).probable:
            raise UserError(f"{word} needs probabilities, as cross_entropy makes them")
        if not isinstance(metric, Accuracy):
            need("sklearn")


def compared(task: Task) -> Term | None:
    """The first lasting term that compares an output of the net with a field; None without one."""
    for term in task.terms:
        pair = len(term.operands) == 2 and not term.prediction.field and term.target.field
        if pair and not term.auxiliary:
            return term
    return None


class Measure:
    """Metrics of one share."""

    def __init__(self, metrics: list[Metric], task: Task, classes: tuple[str, ...]) -> None:
        term = task.scored or compared(task)
        assert term is not None, "the plan has checked it"
        self._target = term.truth
        self._reading = reading_of(task, classes) if task.scored else None
        self._output = term.prediction.name
        kinds = {metric.kind for metric in metrics}
        self.matrix = Matrix(len(classes)) if "classes" in kinds else None
        self._parts = [_PARTS[type(m)](m, len(classes)) for m in metrics if type(m) in _PARTS]
        self._metrics = metrics

    def watch(self, outputs: Mapping[str, Array], fields: Mapping[str, Array]) -> None:
        """See `Watch`."""
        target = fields[self._target.name]
        if self._reading is None:
            values = outputs[self._output]
            aimed = target / 255 if target.dtype == np.uint8 else target
            numbers = values.reshape(len(values), -1).astype(np.float64)
            for part in self._parts:
                part.add(numbers, aimed.reshape(len(aimed), -1).astype(np.float64))
            return
        values = self._reading.numbers(outputs)
        labels = target if self._target.type.number == "int" else target.argmax(axis=-1)
        counted = labels != IGNORED
        if self.matrix is not None:
            self.matrix.add(labels[counted], classes_of(values, self._reading)[counted])
        if self._parts:
            chances = probabilities(values, self._reading)[counted]
            for part in self._parts:
                part.add(chances, labels[counted])

    def figures(self) -> Figures:
        """The figures by name, in the order of the metrics."""
        parts = {id(part.metric): part for part in self._parts}
        found = {}
        for metric in self._metrics:
            part = parts.get(id(metric))
            if part is not None:
                found[metric.figure] = part.figure()
            elif self.matrix is not None and metric.figure:
                found[metric.figure] = self.matrix.figure(metric)
        return found


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


_PARTS: dict[type[Metric], Any] = {
    Top: _Top,
    Perplexity: _Perplexity,
    Bits: _Bits,
    Mae: _Mae,
    Mse: _Mse,
    R2: _R2,
    Auc: _Auc,
}
