"""Losses: what training makes small, and the weighted sums of them that a spec writes.

Averages are over the examples of a batch, so that a loss does not depend on the batch's size.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from netdsl.catalog.arguments import Entry, choice
from netdsl.record import Record

Reduce = Literal["mean", "sum"]


class Loss(Entry):
    """Base of all losses: a prediction and a target in, one number out.

    `folds` names the layer which, at the end of the prediction, is folded into the loss, so that
    the two are computed together without losing digits. A prediction that does not end in it is
    taken as logits where `takes_logits`, else as it is.
    """

    category: ClassVar[str] = "loss"
    folds: ClassVar[str] = ""
    takes_logits: ClassVar[bool] = False
    # Whether the target is the number of a class.
    takes_label: ClassVar[bool] = False
    # Whether shares of the classes, as mixed examples have them, may stand for that number.
    takes_shares: ClassVar[bool] = False

    reduce: Reduce = choice(
        "over the numbers of one example: their mean or their sum", ("mean", "sum"), "mean", True
    )


class CrossEntropy(Loss):
    """Minus the logarithm of the probability of the right class (Bishop, 2006, 4.3.4).

    Prediction: (…, classes), a softmax or logits. Target: (…), the number of a class from 0.
    A log_softmax counts as logits, for it is its own log_softmax.
    """

    word: ClassVar[str] = "cross_entropy"
    folds: ClassVar[str] = "softmax"
    takes_logits: ClassVar[bool] = True
    takes_label: ClassVar[bool] = True
    takes_shares: ClassVar[bool] = True


class BinaryCrossEntropy(Loss):
    """-(t log p + (1 - t) log(1 - p)) for each number (Bishop, 2006, 4.3.2).

    Prediction: a sigmoid or logits. Target: of the same shape, from 0 to 1, or for one unit the
    number of one of two classes.
    """

    word: ClassVar[str] = "binary_cross_entropy"
    folds: ClassVar[str] = "sigmoid"
    takes_logits: ClassVar[bool] = True


class MeanSquaredError(Loss):
    """The squared difference of prediction and target, which have the same shape."""

    word: ClassVar[str] = "mse"


class LossTerm(Record):
    """A loss of one tensor against one field, times a weight.

    `prediction` is the name of an output of the net, None for its main output; `target` the name
    of a field of the data, None for the source's target (`label`, a table's target column).
    """

    loss: Loss
    prediction: str | None = None
    target: str | None = None
    weight: float = 1.0


class LossSum(Record):
    """A weighted sum: `cross_entropy(output, label) + 0.3 * cross_entropy(aux, label)`."""

    terms: tuple[LossTerm, ...]

    def plus(self, other: LossSum) -> LossSum:
        """The sum of both."""
        return LossSum(self.terms + other.terms)

    def times(self, factor: float) -> LossSum:
        """Every term `factor` times as heavy."""
        return LossSum(tuple(term.replace(weight=term.weight * factor) for term in self.terms))
