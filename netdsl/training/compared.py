"""Whether the tensors of a loss fit one another; what does not is told with both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netdsl.catalog.losses import LossTerm
from netdsl.catalog.metrics import MetricTerm
from netdsl.data.fields import DataSet, Field, counted
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import SpecError, UserError
from netdsl.elaborate.report import Mistake
from netdsl.graph import ElaboratedNet, Output
from netdsl.tensor import Size, TensorType

# Operands that are one number for each example.
_SCALARS = ("same",)
_COUNTS = {2: "two", 3: "three"}


def refused(
    term: LossTerm | MetricTerm, message: str, at: int, code: str = "wrong-value", help: str = ""
) -> UserError | SpecError:
    """A mistake in a loss or metric, at the place of its tensor number `at` where that is known."""
    if at < len(term.places):
        return SpecError((Mistake(code, message, term.places[at], help=help).diagnostic,))
    return UserError(f"{message}; {help}" if help else message)


def check(
    net: ElaboratedNet, term: LossTerm, found: Sequence[Output | Field], data: DataSet
) -> None:
    """Refuses a term whose tensors do not fit one another."""
    _Comparison(net, term, found, data).check()


def check_metric(term: MetricTerm, type: TensorType, field: Field, data: DataSet) -> None:
    """Refuses a metric whose output and field do not fit one another."""
    metric, told = term.metric, f"{field.name} of {data.name} is {field.type}"
    if metric.kind == "codes":
        if field.type.number != "int" or field.type.rank:
            raise refused(term, f"{metric.word} needs a class for each example, but {told}", 1)
        return
    if (metric.kind == "numbers") == (field.type.number == "int"):
        wants = "numbers" if metric.kind == "numbers" else "classes"
        raise refused(term, f"{metric.word} needs a target of {wants}, but {told}", 1)
    of_units = _same(_without_last(type), field.type) if type.rank else False
    fits = of_units and (metric.kind != "numbers" or type.channels == 1)
    if not fits and not (metric.kind == "numbers" and _same(type, field.type)):
        raise refused(term, f"{metric.word}: {term.name} is {type}, but {told}", 0, "shape")
    if metric.kind != "numbers":
        _check_units(term, type, field, data)


def _check_units(term: MetricTerm, type: TensorType, field: Field, data: DataSet) -> None:
    """Refuses an output that has not a unit for each class; one unit is for two."""
    if not isinstance(type.channels, int):
        told = f"{term.name} is {type}, whose units are known only at run time"
        raise refused(term, f"{term.metric.word}: {told}", 0)
    count = len(data.classes_of(field.name))
    if not count and not isinstance(field.values, Streamed):
        labels = counted(field.array)
        if labels.min(initial=0) < 0:
            told = f"{field.name} of {data.name} holds {labels.min()}"
            raise refused(term, f"{term.metric.word}: {told}, but classes count from 0", 1)
        count = int(labels.max(initial=0)) + 1
    units = max(type.channels, 2)
    if count > units or (count < units and data.classes_of(field.name)):
        told = f"{term.name} is {type}, but {field.name} has {count} classes"
        raise refused(term, f"{term.metric.word}: {told}", 0)


class _Comparison:
    def __init__(
        self, net: ElaboratedNet, term: LossTerm, found: Sequence[Output | Field], data: DataSet
    ) -> None:
        self._net = net
        self._term = term
        self._loss = term.loss
        self._found = found
        self._data = data
        self._types = [
            one.type if isinstance(one, Field) else net.graph.types[one.value] for one in found
        ]

    def check(self) -> None:
        word, target = self._loss.word, self._found[-1]
        if all(isinstance(one, Field) for one in self._found):
            raise self._refused(f"{word} takes no tensor of the net", 0)
        if self._types[0].rank < 1:
            raise self._refused(f"{word}: {self._shown(0)}, a single number without channels", 0)
        if self._loss.operands[-1] != "target":
            for at, role in enumerate(self._loss.operands):
                self._check_scalar(at) if role in _SCALARS else self._check_equal(at)
        elif not isinstance(target, Field):
            self._check_equal(1)
        elif self._loss.takes_label:
            self._check_classes(target)
        else:
            self._check_numbers(target)

    def _check_classes(self, target: Field) -> None:
        word, type = self._loss.word, self._types[0]
        if target.kind != "label":
            if target.type.number == "float" and _same(type, target.type):
                self._check_shares(target)
                return
            raise self._refused(
                f"{word} needs classes, but {self._shown(1)}", 1, "mse takes numbers"
            )
        if not _same(_without_last(type), target.type):
            raise self._refused(
                f"{word}: {self._shown(0)}, but each example of {self._shown(1)}", 0
            )
        classes = len(self._data.classes_of(target.name))
        if classes and type.channels != classes:
            way_out = "one unit for two classes goes with sigmoid and binary_cross_entropy"
            raise self._refused(
                f"{word} needs one unit for each class: {self._shown(0)}, but {self._told(target)} "
                f"has {classes} classes",
                0,
                way_out if type.channels == 1 else "",
            )

    def _check_numbers(self, target: Field) -> None:
        type, classes = self._types[0], len(self._data.classes)
        without = _same(_without_last(type), target.type)
        labelled = target.kind == "label" and target.name == self._data.target
        if labelled and without and type.channels == classes:
            return
        if not (without and type.channels == 1):
            self._check_equal(1)
        if labelled and classes > 2:
            raise self._refused(
                f"{self._loss.word}: {self._told(target)} has {classes} classes, but "
                f"{self._shown(0)}",
                0,
                "give it one unit for each class",
            )
        if self._loss.bounded:
            self._check_shares(target)

    def _check_equal(self, at: int) -> None:
        if not _same(self._types[0], self._types[at]):
            raise self._refused(
                f"{self._loss.word} needs {_COUNTS[len(self._equal)]} equal shapes: "
                f"{self._shown(0)}, but {self._shown(at)}",
                at,
            )

    @property
    def _equal(self) -> list[str]:
        return [role for role in self._loss.operands if role not in _SCALARS]

    def _check_scalar(self, at: int) -> None:
        if self._types[at].rank:
            raise self._refused(
                f"{self._loss.word} needs one number for each example, but {self._shown(at)}", at
            )

    def _check_shares(self, target: Field) -> None:
        if not _within_0_and_1(target):
            raise self._refused(
                f"{self._loss.word} needs a target from 0 to 1, which {self._told(target)} is not",
                1,
                "mse takes any",
            )

    def _refused(self, message: str, at: int, help: str = "") -> UserError | SpecError:
        return refused(self._term, message, at, "shape", help)

    def _shown(self, at: int) -> str:
        """What stands there, with its type."""
        found = self._found[at]
        if isinstance(found, Field):
            return f"{self._told(found)} is {found.type}"
        places = self._term.places
        name = places[at].text if at < len(places) else found.name
        return f"{name} of {self._net.name} is {self._types[at]}"

    def _told(self, field: Field) -> str:
        return f"{field.name} of {self._data.name}"


def _without_last(type: TensorType) -> TensorType:
    """The type without its last axis."""
    return type.with_shape(*type.shape[:-1])


def _same(one: TensorType, other: TensorType) -> bool:
    """Whether two shapes agree, as far as sizes are known before run time."""
    return one.rank == other.rank and all(
        isinstance(a, Size) or isinstance(b, Size) or a == b
        for a, b in zip(one.shape, other.shape, strict=True)
    )


def _within_0_and_1(target: Field) -> bool:
    """Whether all numbers are; of what is streamed, those of an image in bytes."""
    if target.kind == "image" and target.values.dtype == np.uint8:
        return True
    if isinstance(target.values, Streamed):
        return False
    return bool(target.array.min() >= 0 and target.array.max() <= 1)
