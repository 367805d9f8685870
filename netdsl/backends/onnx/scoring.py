"""The figures of a batch in numpy: what a term's loss is, and which answers are right.

Arrays are channels last.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netdsl.backends.engine import IGNORED, Array, Operand, Task, Term
from netdsl.backends.onnx.losses import ANSWERS, ROWS


def loss_of(term: Term, outputs: Mapping[str, Array], fields: Mapping[str, Array]) -> float:
    """The weighted loss, averaged over examples; a `sum` is within an example."""
    given = [_taken(term, operand, outputs, fields) for operand in term.operands]
    each, counts = ROWS[type(term.loss)](term.loss, *given)
    if term.loss.reduce == "sum":
        value = each.sum() / len(given[0])
    else:
        whole = each.size if counts is None else counts.sum()
        value = each.sum() / whole if whole else 0.0
    return float(term.weight * value)


def right_of(term: Term, outputs: Mapping[str, Array], fields: Mapping[str, Array]) -> Array:
    """Which predictions of a classification are right: true or false for each answer that counts.

    With one unit for two classes the answer is the second class above the loss's boundary; else it
    is the largest unit, against the label or the largest number of a target that has several.
    """
    prediction, target = _answer(term, outputs), fields[term.truth.name]
    if term.single:
        return np.asarray((prediction > term.loss.boundary).reshape(target.shape) == (target > 0.5))
    if term.target.type.number != "int":
        return np.asarray(prediction.argmax(axis=-1) == target.argmax(axis=-1))
    right: Array = (prediction.argmax(axis=-1) == target)[target != IGNORED]
    return right


def _answer(term: Term, outputs: Mapping[str, Array]) -> Array:
    """What the answers are read from."""
    answer = ANSWERS.get(type(term.loss))
    if answer is None:
        return outputs[term.prediction.name]
    return answer(term.loss, *(outputs[one.name] for one in term.operands if not one.field))


def activated(task: Task, output: str, values: Array) -> Array:
    """The numbers of an output with the activation that is folded into the loss, if any."""
    folded = task.activation(output)
    if folded == "softmax":
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
    return np.asarray(0.5 * (1 + np.tanh(values / 2))) if folded else values


def _taken(
    term: Term, operand: Operand, outputs: Mapping[str, Array], fields: Mapping[str, Array]
) -> Array:
    """A tensor as the loss takes it, in double precision."""
    if not operand.field:
        return outputs[operand.name].astype(np.float64)
    values, wanted = fields[operand.name], term.prediction.type
    if operand.type.number == "int" and term.loss.takes_label:
        return values
    if operand is term.target and operand.type.rank + 1 == wanted.rank:
        if operand.type.number == "int" and wanted.channels != 1:
            return np.eye(int(str(wanted.channels)))[values]
        values = values[..., None]
    return values.astype(np.float64)
