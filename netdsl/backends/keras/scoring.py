"""The figures of a batch in Keras: what a term's loss is, and which answers are right.

Tensors are channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras
import numpy as np
from keras import ops

from netdsl.backends.engine import IGNORED, Array, Operand, Task, Term
from netdsl.backends.keras.losses import ANSWERS, ROWS, Tensor

# What a mean is over where nothing counts.
_LEAST_COUNT = 1e-12


def to_keras(values: Array) -> Array:
    """A field as Keras takes it: whole numbers in 32 bits, which every engine of Keras has.

    The bytes of an image stay bytes.
    """
    return values.astype(np.int32) if values.dtype.kind in "ib" else values


class Scorer:
    """What a term tells of a batch, from the outputs of the net and the fields by name."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.fields = tuple(operand.name for operand in term.operands if operand.field)
        self._row = ROWS[type(term.loss)]
        self._operands = [(one, _conversion(term, one)) for one in term.operands]

    def loss(self, outputs: Mapping[str, Tensor], fields: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, one number, averaged over examples; a `sum` is within an example."""
        given = []
        for operand, conversion in self._operands:
            tensor = fields[operand.name] if operand.field else outputs[operand.name]
            given.append(conversion(tensor) if conversion else tensor)
        each, counts = self._row(self.term.loss, *given)
        if self.term.loss.reduce == "sum":
            value = ops.sum(each) / ops.cast(ops.shape(given[0])[0], each.dtype)
        elif counts is None:
            value = ops.mean(each)
        else:
            value = ops.sum(each) / ops.maximum(ops.sum(counts), _LEAST_COUNT)
        return value if self.term.weight == 1 else self.term.weight * value

    def right(self, outputs: Mapping[str, Tensor], fields: Mapping[str, Tensor]) -> Tensor:
        """Which predictions of a classification are right: true or false for each answer.

        With one unit for two classes the answer is the second class above the loss's boundary;
        else it is the largest unit, against the label or the largest share of the target.
        """
        term = self.term
        prediction, target = self._answer(outputs), fields[term.truth.name]
        if term.single:
            chosen = ops.reshape(prediction > term.loss.boundary, ops.shape(target))
            return ops.equal(chosen, ops.cast(target, "float32") > 0.5)
        shares = len(target.shape) == len(prediction.shape)
        return ops.equal(_largest(prediction), _largest(target) if shares else target)

    def _answer(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """What the answers are read from."""
        term = self.term
        answer = ANSWERS.get(type(term.loss))
        if answer is None:
            return outputs[term.prediction.name]
        return answer(term.loss, *(outputs[one.name] for one in term.operands if not one.field))

    def counted(self, fields: Mapping[str, Tensor]) -> Tensor | None:
        """Which answers count, of a target with a label for each place; None for any other."""
        target = self.term.target
        if not self.term.loss.takes_label or target.type.number != "int" or not target.type.rank:
            return None
        labels = fields[target.name]
        # Labels of mixed examples are shares, of which all count.
        mixed = len(labels.shape) > target.type.rank + 1
        return None if mixed else ops.not_equal(labels, IGNORED)


def activated(task: Task, output: str, values: Tensor) -> Tensor:
    """The numbers of an output with the activation that is folded into the loss, if any."""
    folded = task.activation(output)
    if folded == "softmax":
        return ops.softmax(values)
    return ops.sigmoid(values) if folded else values


def _conversion(term: Term, operand: Operand) -> Callable[[Tensor], Tensor] | None:
    """What makes a field what the loss takes; None where it is that already."""
    wanted, has = term.prediction.type, operand.type
    if not operand.field or (term.loss.takes_label and has.number == "int"):
        return None
    kind = keras.config.floatx()
    single = operand is term.target and has.rank + 1 == wanted.rank
    if has.number == "float":
        return (lambda values: ops.expand_dims(values, -1)) if single else None
    if not single:
        return lambda values: ops.cast(values, kind)
    if wanted.channels == 1:
        return lambda labels: ops.cast(ops.expand_dims(labels, -1), kind)
    rank = wanted.rank + 1  # of a batch of shares, as mixed examples have them
    return lambda labels: (
        labels if len(labels.shape) == rank else ops.one_hot(labels, wanted.channels, dtype=kind)
    )


def _largest(tensor: Tensor) -> Tensor:
    return ops.cast(ops.argmax(tensor, axis=-1), "int32")
