"""What the net's numbers say: the class and its probability, or the numbers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from netdsl.backends.engine import Array, Operand, Task, Term, distance
from netdsl.catalog.losses import Contrastive
from netdsl.data.fields import DataSet
from netdsl.data.scaling import Scaling
from netdsl.data.vocabulary import Vocabulary
from netdsl.graph import PRIVATE, ElaboratedNet
from netdsl.record import Record
from netdsl.training.objective import PLAIN

Activation = Literal["none", "softmax", "sigmoid"]


class Reading(Record):
    """How an output is read: `activation` is what makes probabilities of its numbers.

    Without classes the numbers are the answer, once `scaling` is undone. `probable` says whether
    there are probabilities. One unit for two classes means the second above `boundary`. Where
    there is an output `against`, that unit is by how much the two are nearer than `apart`.
    """

    output: str
    classes: tuple[str, ...]
    activation: Activation
    probable: bool
    boundary: float = 0.5
    scaling: Scaling | None = None
    against: str = ""
    apart: float = 0.0

    def numbers(self, outputs: Mapping[str, Array]) -> Array:
        """What is read of the outputs of a net, by name."""
        values = outputs[self.output]
        if not self.against:
            return values
        return (self.apart - distance(values, outputs[self.against]))[..., None]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        own = {name: getattr(self, name) for name in type(self).fields}
        return own | {"scaling": self.scaling.to_json() if self.scaling else None}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Reading:
        """The reading that `to_json` wrote."""
        given = stored.get("scaling")
        read = {
            "classes": tuple(stored["classes"]),
            "scaling": Scaling.from_json(given) if given else None,
        }
        return Reading(**{**stored, **read})


def reading_of(
    task: Task, classes: tuple[str, ...], scalings: Mapping[str, Scaling] = {}
) -> Reading:
    """How the predictions of a trained net are read; `scalings` are those of the fields.

    Numbers are told in the units of the field that they were compared with, but where that flows
    in, too.
    """
    term = task.scored
    if term is None:
        aimed = _compared(task)
        return Reading(task.output, (), "none", False, scaling=scalings.get(aimed))
    return classified(task, term, classes)


def further_readings(
    net: ElaboratedNet, task: Task, data: DataSet, scalings: Mapping[str, Scaling]
) -> list[Reading]:
    """How the outputs are read that the answer itself is not read of, in their order."""
    own = reading_of(task, data.classes)
    outputs = (one for one in net.graph.outputs if one.kind != "auxiliary")
    names = [one.name for one in outputs if not one.name.startswith(PRIVATE)]
    return [
        _read_alone(task, name, data, scalings)
        for name in names
        if name not in (own.output, own.against)
    ]


def _read_alone(task: Task, output: str, data: DataSet, scalings: Mapping[str, Scaling]) -> Reading:
    """How an output is read by the first term that compares it with a field."""
    for term in task.terms:
        if term.prediction.name.removeprefix(PLAIN) != output or not term.truth.field:
            continue
        aimed = data.fields[term.truth.name]
        if aimed.kind == "label" and not term.loss.of_pairs:
            return classified(task, term, classes_of_output(term.prediction, aimed.name, data))
        scaling = None if aimed.name in task.inputs else scalings.get(aimed.name)
        return Reading(output, (), "none", False, scaling=scaling)
    return Reading(output, (), "none", False)


def classes_of_output(output: Operand, target: str, data: DataSet) -> tuple[str, ...]:
    """The names of an output's classes: those of the field, else their numbers."""
    names = data.classes_of(target)
    return names if len(names) == units_of(output) else tuple(map(str, range(units_of(output))))


def units_of(output: Operand) -> int:
    """How many classes an output tells apart; one unit stands for two."""
    count = output.type.channels
    assert isinstance(count, int), "layers with weights made it"
    return max(count, 2)


def classified(task: Task, term: Term, classes: tuple[str, ...]) -> Reading:
    """How the classes that a term compares are read of an output."""
    # A folded output gives probabilities already; logits still need the activation.
    logits = term.loss.takes_logits and term.prediction.name not in task.folded
    activation: Activation = "none"
    if logits:
        activation = "softmax" if term.loss.folds == "softmax" else "sigmoid"
    # Probabilities are cut in the middle, whatever the logits are.
    boundary = 0.5 if term.loss.takes_logits else term.loss.boundary
    # The net itself hands out what the loss takes as it is.
    output = term.prediction.name.removeprefix(PLAIN)
    reading = Reading(output, classes, activation, term.loss.takes_logits, boundary)
    if isinstance(term.loss, Contrastive):
        return reading.replace(against=term.target.name, apart=term.loss.margin / 2)
    return reading


def classes_of(values: Array, reading: Reading) -> Array:
    """The number of the class of each example or position."""
    values = _activated(values, reading.activation)
    if values.shape[-1] == 1:
        return np.asarray(values[..., 0] > reading.boundary, dtype=np.int64)
    return np.asarray(values.argmax(axis=-1))


def probabilities(values: Array, reading: Reading) -> Array:
    """The probability of each class, (…, classes), in double precision; scores where it has none.

    One unit for two classes becomes two.
    """
    values = _activated(values.astype(np.float64), reading.activation)
    if values.shape[-1] == 1:
        other = 1 - values if reading.probable else -values
        return np.concatenate([other, values], axis=-1)
    return values / values.sum(axis=-1, keepdims=True) if reading.probable else values


def answers(
    values: Array, reading: Reading, vocabulary: Vocabulary | None = None
) -> list[dict[str, Any]]:
    """One answer for each example: a class, with its probability where there is one, or numbers.

    `values` are what `Reading.numbers` gives. Of a pair the distance is told beside the class.

    Of a sequence they are the classes at each position; a `text` where a vocabulary says that
    classes are units of one. Of a picture they are how many pixels are of each class.
    """
    if not reading.classes or values.ndim not in (2, 3, 4):
        told_as = values if reading.scaling is None else reading.scaling.undo(values)
        return [{"value": numbers.tolist()} for numbers in told_as]
    chosen = classes_of(values, reading)
    if values.ndim == 4:
        return [{"pixels": _counts(classes, reading.classes)} for classes in chosen]
    if values.ndim == 3:
        if vocabulary is not None:
            return [{"text": vocabulary.text(row)} for row in chosen]
        return [{"classes": [reading.classes[number] for number in row]} for row in chosen]
    told: list[dict[str, Any]] = [{"class": reading.classes[number]} for number in chosen]
    if reading.against:
        apart = (reading.apart - values[..., 0]).tolist()
        return [answer | {"distance": one} for answer, one in zip(told, apart, strict=True)]
    if not reading.probable:
        return told
    active = probabilities(values, reading)
    return [
        answer | {"probability": float(row[number])}
        for answer, row, number in zip(told, active, chosen, strict=True)
    ]


def _counts(chosen: Array, classes: tuple[str, ...]) -> dict[str, int]:
    """How often each class that is there was chosen, the most frequent first."""
    counts = np.bincount(chosen.reshape(-1), minlength=len(classes))
    order = np.argsort(-counts, kind="stable")
    return {classes[at]: int(counts[at]) for at in order if counts[at]}


def _compared(task: Task) -> str:
    """The field that the main output is compared with; empty where there is none of its own."""
    fields = (
        term.target.name
        for term in task.terms
        if len(term.operands) == 2 and term.prediction.name == task.output and term.target.field
    )
    return next((name for name in fields if name not in task.inputs), "")


def _activated(values: Array, activation: Activation) -> Array:
    if activation == "softmax":
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
    if activation == "sigmoid":
        return np.asarray(0.5 * (1 + np.tanh(values / 2)))
    return values
