"""Metrics over a share of the data, from what an evaluation shows batch by batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netdsl.backends.engine import IGNORED, Array, Figures, Indices, Judge, Task, Term
from netdsl.catalog.metrics import Accuracy, Confusion, Metric, MetricTerm, Perplexity, Top
from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.training.answer import (
    Reading,
    classes_of,
    classified,
    probabilities,
    reading_of,
    units_of,
)
from netdsl.training.objective import PLAIN
from netdsl.training.scores import PARTS, Matrix


def evaluated(
    engine: Judge,
    task: Task,
    metrics: Sequence[Metric | MetricTerm],
    classes: tuple[str, ...],
    examples: Indices,
) -> Figures:
    """The figures of an evaluation with those of the metrics; `classes` are the target's names."""
    told = further(metrics)
    if not told:
        return engine.evaluate(examples)
    measure = Measure(told, task, classes)
    return engine.evaluate(examples, measure.watch) | measure.figures()


def further(metrics: Sequence[Metric | MetricTerm]) -> list[Metric | MetricTerm]:
    """The metrics with a figure that an evaluation does not tell in any case."""
    return [one for one in metrics if one.figure and not isinstance(one, Accuracy)]


def check(metrics: Sequence[Metric | MetricTerm], task: Task, classes: tuple[str, ...]) -> None:
    """Refuses metrics that cannot be told of a task: one sentence, as a `UserError`."""
    figures = [metric.figure for metric in metrics]
    for told in metrics:
        metric = _own(told)
        word, named = metric.word, isinstance(told, MetricTerm)
        if told.figure and figures.count(told.figure) > 1:
            raise UserError(f"metrics has {told.figure} twice; one name tells one figure")
        if metric.kind == "codes" and not named:
            raise UserError(f"{word} names what it looks at: {word}(code, label)")
        if metric.kind == "numbers" and not named:
            if compared(task) is None or task.scored is not None:
                raise UserError(f"{word} needs a target of numbers, which this loss has not")
        elif task.scored is None and not named:
            raise UserError(f"{word} needs a classification; this loss has no label for its target")
        reading = _Subject(told, task, classes).reading
        count = len(reading.classes) if reading else 0
        if isinstance(metric, Top) and metric.k >= count:
            raise UserError(
                f"top({metric.k}) is always right: there are {count} classes; accuracy is top(1)"
            )
        if isinstance(metric, Perplexity) and not (reading and reading.probable):
            raise UserError(f"{word} needs probabilities, as cross_entropy makes them")
        if not isinstance(told, Accuracy):
            need("sklearn")


def compared(task: Task) -> Term | None:
    """The first lasting term that compares an output of the net with a field; None without one."""
    for term in task.terms:
        pair = len(term.operands) == 2 and not term.prediction.field and term.target.field
        if pair and not term.auxiliary:
            return term
    return None


def _own(told: Metric | MetricTerm) -> Metric:
    return told.metric if isinstance(told, MetricTerm) else told


class _Subject:
    """What a metric looks at: an output, a field, and how classes are read, None for numbers."""

    def __init__(self, told: Metric | MetricTerm, task: Task, classes: tuple[str, ...]) -> None:
        named = isinstance(told, MetricTerm)
        self.codes = _own(told).kind == "codes"
        if isinstance(told, MetricTerm):
            self.output, self.field = next(
                pair for pair in task.watched if tuple(o.name for o in pair) == told.operands
            )
        else:
            term = task.scored or compared(task)
            assert term is not None, "the plan has checked it"
            self.output, self.field = term.prediction, term.truth
        self.reading: Reading | None = None
        if _own(told).kind in ("classes", "probabilities"):
            self.reading = self._read(task) if named else reading_of(task, classes)

    @property
    def key(self) -> tuple[str, str, bool, bool]:
        """What metrics share that look at the same."""
        return self.output.name, self.field.name, self.reading is None, self.codes

    def _read(self, task: Task) -> Reading:
        """How classes are read of an output: as the loss does that compares it, if one does."""
        name, target = self.output.name.removeprefix(PLAIN), self.field.name
        names = tuple(map(str, range(units_of(self.output))))
        of = [one for one in task.terms if one.prediction.name.removeprefix(PLAIN) == name]
        of.sort(key=lambda one: one.truth.name != target)
        if not of:
            return Reading(name, names, "none", False)
        return classified(task, of[0], names).replace(output=name)


class Measure:
    """Metrics of one share."""

    def __init__(
        self, metrics: Sequence[Metric | MetricTerm], task: Task, classes: tuple[str, ...]
    ) -> None:
        self._metrics = metrics
        self._groups: dict[Any, _Group] = {}
        for told in metrics:
            subject = _Subject(told, task, classes)
            group = self._groups.setdefault(subject.key, _Group(subject))
            group.take(told)

    @property
    def matrix(self) -> Matrix | None:
        """How many examples of each class are taken for each, of what `confusion` looks at."""
        found = (group for group in self._groups.values() if group.confused)
        return next((group.matrix for group in found), None)

    def watch(self, outputs: Mapping[str, Array], fields: Mapping[str, Array]) -> None:
        """See `Watch`."""
        for group in self._groups.values():
            group.add(outputs, fields)

    def figures(self) -> Figures:
        """The figures by name, in the order of the metrics."""
        found = {name: v for group in self._groups.values() for name, v in group.figures().items()}
        return {told.figure: found[told.figure] for told in self._metrics if told.figure}


class _Group:
    """Metrics that look at the same output and field."""

    def __init__(self, subject: _Subject) -> None:
        self._subject = subject
        self._classes = len(subject.reading.classes) if subject.reading else 0
        self._parts: dict[str, Any] = {}
        self._of_matrix: dict[str, Metric] = {}
        self.matrix: Matrix | None = None
        self.confused = False
        self._finite = True

    def take(self, told: Metric | MetricTerm) -> None:
        """Takes a metric."""
        metric = _own(told)
        if type(metric) in PARTS:
            self._parts[told.figure] = PARTS[type(metric)](metric, self._classes)
            return
        self.matrix = self.matrix or Matrix(self._classes)
        self.confused |= isinstance(told, Confusion)
        if told.figure:
            self._of_matrix[told.figure] = metric

    def add(self, outputs: Mapping[str, Array], fields: Mapping[str, Array]) -> None:
        """Adds a batch."""
        subject, target = self._subject, fields[self._subject.field.name]
        reading = subject.reading
        if reading is None:
            values = outputs[subject.output.name]
            numbers = values.reshape(len(values), -1).astype(np.float64)
            aimed = target if subject.codes else _numbers(target)
            self._add(numbers, aimed)
            return
        values = reading.numbers(outputs)
        labels = target if subject.field.type.number == "int" else target.argmax(axis=-1)
        counted = labels != IGNORED
        if self.matrix is not None:
            self.matrix.add(labels[counted], classes_of(values, reading)[counted])
        if self._parts:
            self._add(probabilities(values, reading)[counted], labels[counted])

    def _add(self, predicted: Array, target: Array) -> None:
        # scikit-learn takes neither what is not finite nor what is empty.
        self._finite = self._finite and bool(np.isfinite(predicted).all())
        for part in self._parts.values() if self._finite and len(target) else ():
            part.add(predicted, target)

    def figures(self) -> Figures:
        """The figures by name; not a number where the net gave one that is not finite."""
        found = {
            name: part.figure() if self._finite else math.nan for name, part in self._parts.items()
        }
        if self.matrix is not None:
            found |= {name: self.matrix.figure(one) for name, one in self._of_matrix.items()}
        return found


def _numbers(target: Array) -> Array:
    """A target of numbers as rows; the bytes of an image are from 0 to 1."""
    aimed = target / 255 if target.dtype == np.uint8 else target
    return aimed.reshape(len(aimed), -1).astype(np.float64)
