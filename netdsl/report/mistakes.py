"""The examples that a net is worst at: those with the largest loss, or the largest error."""

from __future__ import annotations

import numpy as np

from netdsl.backends.engine import IGNORED, Array, Indices, Judge, as_numbers
from netdsl.data.examples import readable
from netdsl.record import Record
from netdsl.training.answer import Reading, classes_of, probabilities, reading_of
from netdsl.training.metrics import compared
from netdsl.training.plan import Plan

# The logarithm of nothing is not told.
_LEAST = 1e-12
_SHOWN_NUMBERS = 6
# How many classes are told of an example, the likeliest first.
_LIKELY = 3


class Mistake(Record):
    """An example that a net is bad at.

    `example` counts the source's examples from 0; `truth` and `answer` are in words; `loss` is what
    the order is by, called `measure`. `right` says whether the class is right, None where there is
    no single class; `likely` has the likeliest classes with their probabilities; `output` is what
    the net gave, (units,) or a map. Where it gives a class for each position these are `chosen`,
    and `aimed` are the right ones.
    """

    example: int
    truth: str
    answer: str
    measure: str
    loss: float
    right: bool | None
    likely: tuple[tuple[str, float], ...]
    output: Array
    chosen: Array | None = None
    aimed: Array | None = None


def worst(plan: Plan, judge: Judge, examples: Indices, most: int) -> list[Mistake]:
    """So many of these examples, the one with the largest loss first.

    Those that cannot be read are left out.
    """
    values, target, examples = _answers(plan, judge, examples)
    reading = reading_of(plan.task, plan.data.classes)
    losses, measure = _losses(values, target, reading)
    chosen = np.argsort(-losses, kind="stable")[:most]
    return [
        _mistake(int(examples[at]), values[at], target[at], reading, float(losses[at]), measure)
        for at in chosen
    ]


def _answers(plan: Plan, judge: Judge, examples: Indices) -> tuple[Array, Array, Indices]:
    """What the net gives for each example that can be read, what is right, and which these are."""
    reading = reading_of(plan.task, plan.data.classes)
    target = plan.data.target
    if not reading.classes:
        # Of a net that restores its input the target is what the loss compares with.
        term = compared(plan.task)
        if term is not None and term.prediction.name == reading.output:
            target = term.target.name
    fields, kept = readable(plan.data, (*plan.task.inputs, target), examples)
    outputs = judge.predict([fields[name] for name in plan.task.inputs])
    return reading.numbers(outputs), as_numbers(fields[target]), kept


def _losses(values: Array, target: Array, reading: Reading) -> tuple[Array, str]:
    """A number for each example that is large where the net is bad, and what it is."""
    if not reading.classes:
        difference = np.abs(values.reshape(len(values), -1) - target.reshape(len(values), -1))
        return difference.mean(axis=-1), "error"
    counted = target != IGNORED
    target = np.where(counted, target, 0)
    if not reading.probable:
        wrong = classes_of(values, reading) != target
        best = values.max(axis=-1) if values.shape[-1] > 1 else 0
        margin = best - _picked(values, target)
        return (counted * (wrong + np.tanh(margin))).reshape(len(values), -1).mean(
            axis=-1
        ), "margin"
    right = _picked(probabilities(values, reading), target)
    losses = -np.log(np.maximum(right, _LEAST)) * counted
    return losses.reshape(len(values), -1).mean(axis=-1), "loss"


def _picked(values: Array, target: Array) -> Array:
    """The number of the right class on the last axis."""
    if values.shape[-1] == 1:
        return np.where(target > 0, values[..., 0], -values[..., 0])
    return np.take_along_axis(values, target[..., None], axis=-1)[..., 0]


def _mistake(
    example: int, values: Array, target: Array, reading: Reading, loss: float, measure: str
) -> Mistake:
    if not reading.classes:
        return Mistake(example, _numbers(target), _numbers(values), measure, loss, None, (), values)
    if values.ndim > 1:
        classes = classes_of(values[None], reading)[0]
        share = float((classes == target)[target != IGNORED].mean())
        told = f"{100 * share:.1f} % of positions right"
        return Mistake(
            example, "", told, measure, loss, None, (), values, chosen=classes, aimed=target
        )
    chosen = int(classes_of(values[None], reading)[0])
    likely: tuple[tuple[str, float], ...] = ()
    if reading.probable:
        chances = probabilities(values[None], reading)[0]
        order = np.argsort(-chances, kind="stable")[:_LIKELY]
        likely = tuple((reading.classes[at], float(chances[at])) for at in order)
    truth, answer = reading.classes[int(target)], reading.classes[chosen]
    return Mistake(example, truth, answer, measure, loss, chosen == int(target), likely, values)


def _numbers(values: Array) -> str:
    """The first numbers of an array."""
    found = np.asarray(values).reshape(-1)
    text = ", ".join(f"{number:.4g}" for number in found[:_SHOWN_NUMBERS])
    return f"{text}, …" if len(found) > _SHOWN_NUMBERS else text
