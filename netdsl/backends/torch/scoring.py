"""The figures of a batch on PyTorch: what a term's loss is, and which answers are right.

Tensors have PyTorch's layouts: images and volumes have channels first. Where examples are mixed,
labels come as shares of the classes, which are on the second axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from netdsl.backends.engine import IGNORED, Array, Operand, Task, Term
from netdsl.backends.torch.losses import ANSWERS, ROWS, mean_over
from netdsl.backends.torch.precision import whole
from netdsl.tensor import TensorType

# From a tensor, and the type of numbers that a loss computes with, to what the loss takes.
_Conversion: TypeAlias = Callable[[Tensor, torch.dtype], Tensor]


def to_torch(values: Array) -> Tensor:
    """Channels last to PyTorch's layout: images and volumes have channels first."""
    tensor = torch.from_numpy(values)
    return tensor.movedim(-1, 1).contiguous() if tensor.ndim > 3 else tensor


def to_numpy(tensor: Tensor) -> Array:
    """The inverse of `to_torch`."""
    tensor = whole(tensor.movedim(1, -1) if tensor.ndim > 3 else tensor)
    array: Array = tensor.cpu().contiguous().numpy()
    return array


def activated(task: Task, output: str, values: Tensor) -> Tensor:
    """The numbers of an output with the activation that is folded into the loss, if any."""
    folded = task.activation(output)
    if folded == "softmax":
        return torch.softmax(values, 1 if values.ndim > 3 else -1)
    return torch.sigmoid(values) if folded else values


class Scorer:
    """What a term tells of a batch, from the outputs of the net and the fields by name."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.fields = tuple(operand.name for operand in term.operands if operand.field)
        self._operands = [
            (operand.name, operand.field, _conversion(term, operand)) for operand in term.operands
        ]
        self._converts = any(conversion for _, _, conversion in self._operands)
        self._axis = _axis(term.prediction.type)
        self._row = ROWS[type(term.loss)](term.loss, self._axis)
        self._over = mean_over(term.loss)
        self._sum = term.loss.reduce == "sum"
        self._weight = term.weight

    def loss(self, outputs: Mapping[str, Tensor], fields: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss, one number, averaged over examples; a `sum` is within an example."""
        taken = [fields[name] if field else outputs[name] for name, field, _ in self._operands]
        if self._converts:
            kind = next(tensor.dtype for tensor in taken if tensor.is_floating_point())
            taken = [
                conversion(tensor, kind) if conversion else tensor
                for tensor, (_, _, conversion) in zip(taken, self._operands, strict=True)
            ]
        if self._sum:
            value = self._row(*taken, reduction="sum") / len(taken[0])
        else:
            value = self._row(*taken)
        return value if self._weight == 1 else self._weight * value

    def over(self, fields: Mapping[str, Tensor]) -> Tensor | None:
        """What the loss is an average over, one number, where not over the examples."""
        if not self.term.loss.takes_label or not self.term.target.field:
            return None
        name, _, conversion = self._operands[1]
        target = fields[name]
        return self._over(conversion(target, target.dtype) if conversion else target)

    def right(self, outputs: Mapping[str, Tensor], fields: Mapping[str, Tensor]) -> Tensor:
        """Which predictions of a classification are right: true or false for each answer.

        With one unit for two classes the answer is the second class above the loss's boundary;
        else it is the largest unit, against the label or the largest share of the target.
        """
        term = self.term
        prediction, target = self._answer(outputs), fields[term.truth.name]
        if term.single:
            chosen = prediction > term.loss.boundary
            return chosen.reshape(target.shape) == (target > 0.5)
        if not target.is_floating_point():
            target = _labels(term.target, target)
        else:
            mixed = term.target.type.number == "int"
            target = target.argmax(1 if mixed else self._axis)
        return prediction.argmax(self._axis) == target

    def _answer(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """What the answers are read from."""
        answer = ANSWERS.get(type(self.term.loss))
        if answer is None:
            return outputs[self.term.prediction.name]
        tensors = (outputs[name] for name, field, _ in self._operands if not field)
        return answer(self.term.loss, *tensors, self._axis)

    def counted(self, fields: Mapping[str, Tensor]) -> Tensor | None:
        """Which answers count, of a target with a label for each place; None for any other."""
        target = self.term.target
        if not self.term.loss.takes_label or target.type.number != "int" or not target.type.rank:
            return None
        labels = fields[target.name]
        # Labels of mixed examples are shares, of which all count.
        return None if labels.is_floating_point() else _labels(target, labels) != IGNORED


def _axis(type: TensorType) -> int:
    """Where the channels of a batch are."""
    return 1 if type.rank > 2 else -1


def _labels(operand: Operand, labels: Tensor) -> Tensor:
    """Undoes `to_torch` for labels of positions, which have no channels."""
    return labels.movedim(1, -1) if operand.type.rank > 2 else labels


def _conversion(term: Term, operand: Operand) -> _Conversion | None:
    """What makes a tensor what the loss takes; None where it is that already."""
    wanted, has = term.prediction.type, operand.type
    axis = _axis(wanted)
    if operand.field and has.number == "int":
        if not term.loss.takes_label:
            return _numbers(term, operand)
        if has.rank < 3:
            return None
        return lambda given, kind: (
            given if given.dtype.is_floating_point else _labels(operand, given)
        )
    if term.loss.takes_label:
        # PyTorch has classes on the second axis; sequences have them on the last.
        return (lambda tensor, kind: tensor.movedim(-1, 1)) if wanted.rank == 2 else None
    single = operand.field and has.rank + 1 == wanted.rank and operand is term.target
    return (lambda values, kind: values.unsqueeze(axis)) if single else None


def _numbers(term: Term, operand: Operand) -> _Conversion:
    """Classes as numbers to compute with: one-hot where the prediction has a unit for each."""
    wanted, axis = term.prediction.type, _axis(term.prediction.type)
    if operand.type.rank == wanted.rank or operand is not term.target:
        return lambda values, kind: values.to(kind)
    if wanted.channels == 1:
        return lambda labels, kind: _labels(operand, labels).unsqueeze(axis).to(kind)
    count = int(str(wanted.channels))

    def convert(given: Tensor, kind: torch.dtype) -> Tensor:
        if given.is_floating_point():
            return given.movedim(1, axis)
        return F.one_hot(_labels(operand, given), count).movedim(-1, axis).to(kind)

    return convert
