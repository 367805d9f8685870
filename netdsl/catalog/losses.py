"""Losses: what training makes small, and the weighted sums of them that a spec writes.

Averages are over the examples of a batch, so that a loss does not depend on the batch's size.
Formulas are PyTorch's where it has them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from netdsl.catalog.arguments import Argument, Entry, Symbol, choice
from netdsl.catalog.quantities import number
from netdsl.record import Record
from netdsl.source import Span

Reduce = Literal["mean", "sum"]

BALANCED = "balanced"


class ClassWeights(Argument):
    """How much each class counts: a list of numbers, or `balanced`, learned from the data."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if (value.name if isinstance(value, Symbol) else value) == BALANCED:
            return BALANCED
        if not isinstance(value, tuple) or not value:
            raise self.refuse(value)
        for weight in value:
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight < 0:
                raise self.refuse(value)
        if not any(value):
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return "a number of at least 0 for each class, such as [1, 0.5], or balanced"

    @property
    def symbols(self) -> tuple[str, ...]:
        return (BALANCED,)


# To a type checker the default of any type, as in arguments.py.
class_weights: Callable[..., Any] = ClassWeights


class Loss(Entry):
    """Base of all losses: some tensors in, one number out.

    `operands` says what each tensor is; a `target` is a field of the data unless a tensor of the
    net is given. `folds` names the layer which, at the end of the prediction, is folded into the
    loss, so that the two are computed together without losing digits. A prediction that does not
    end in it is taken as logits where `takes_logits`, else as it is. `boundary` is the number of
    one unit for two classes above which the second class is meant; where `of_pairs`, that unit is
    by how much two tensors are nearer than halfway to being different, half of `margin`.
    """

    category: ClassVar[str] = "loss"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    folds: ClassVar[str] = ""
    takes_logits: ClassVar[bool] = False
    # Whether the target is the number of a class.
    takes_label: ClassVar[bool] = False
    # Whether shares of the classes, as mixed examples have them, may stand for that number.
    takes_shares: ClassVar[bool] = False
    # Whether a target is numbers from 0 to 1.
    bounded: ClassVar[bool] = False
    boundary: ClassVar[float] = 0.5
    of_pairs: ClassVar[bool] = False

    reduce: Reduce = choice(
        "over the numbers of one example: their mean or their sum", ("mean", "sum"), "mean", True
    )


class CrossEntropy(Loss):
    """Minus the logarithm of the probability of the right class (Bishop, 2006, 4.3.4).

    Prediction: (…, classes), a softmax or logits. Target: (…), the number of a class from 0, or
    (…, classes), the probability of each. A log_softmax counts as logits, for it is its own
    log_softmax. A mean with `weights` divides by the sum of the weights of the right classes; with
    probabilities as the target it divides by how many there are.
    """

    word: ClassVar[str] = "cross_entropy"
    folds: ClassVar[str] = "softmax"
    takes_logits: ClassVar[bool] = True
    takes_label: ClassVar[bool] = True
    takes_shares: ClassVar[bool] = True

    smoothing: float = number(
        "the share of the target that is spread over all classes evenly (Szegedy et al., 2016)",
        0,
        True,
        minimum=0,
        below=1,
    )
    weights: tuple[float, ...] | Literal["balanced"] | None = class_weights(
        "how much each class counts; balanced counts rare ones more", None, True
    )


class BinaryCrossEntropy(Loss):
    """-(t log p + (1 - t) log(1 - p)) for each number (Bishop, 2006, 4.3.2).

    Prediction: a sigmoid or logits. Target: of the same shape, from 0 to 1, or for one unit the
    number of one of two classes.
    """

    word: ClassVar[str] = "binary_cross_entropy"
    folds: ClassVar[str] = "sigmoid"
    takes_logits: ClassVar[bool] = True
    bounded: ClassVar[bool] = True
    boundary: ClassVar[float] = 0.0

    smoothing: float = number(
        "the share of the target that is spread evenly over 0 and 1", 0, True, minimum=0, below=1
    )
    positive_weight: float = number("how much a target of 1 counts", 1, True, minimum=0)


class MeanSquaredError(Loss):
    """The squared difference of prediction and target, which have the same shape."""

    word: ClassVar[str] = "mse"


class MeanAbsoluteError(Loss):
    """The absolute difference of prediction and target, which have the same shape."""

    word: ClassVar[str] = "mae"


class Huber(Loss):
    """Half the squared difference d up to `delta`, beyond it delta * (|d| - delta / 2).

    Huber (1964). Prediction and target have the same shape.
    """

    word: ClassVar[str] = "huber"

    delta: float = number("where the square becomes a line", 1, True, above=0)


class Hinge(Loss):
    """max(0, margin - t * y) for each number (Cortes and Vapnik, 1995).

    With a margin of 0 it is the criterion of the perceptron: what is right moves no weight.
    Prediction: scores of any size. Target: of the same shape, 0 or 1, which stand for t = -1 and
    t = 1, or for one unit the number of one of two classes.
    """

    word: ClassVar[str] = "hinge"
    bounded: ClassVar[bool] = True
    boundary: ClassVar[float] = 0.0

    margin: float = number("how far on its side a score is to be", 1, True, minimum=0)


class KlDivergence(Loss):
    """The divergence of a normal distribution from the standard one, for each number.

    (mean^2 + exp(logvar) - logvar - 1) / 2: Kingma and Welling (2014), appendix B.
    """

    word: ClassVar[str] = "kl_divergence"
    operands: ClassVar[tuple[str, ...]] = ("mean", "logvar")


class Focal(Loss):
    """Binary cross-entropy times (1 - p)^gamma, where p is the probability of the right answer.

    Lin et al. (2017). Prediction: a sigmoid or logits. Target: as for binary_cross_entropy.
    """

    word: ClassVar[str] = "focal"
    folds: ClassVar[str] = "sigmoid"
    takes_logits: ClassVar[bool] = True
    bounded: ClassVar[bool] = True
    boundary: ClassVar[float] = 0.0

    gamma: float = number("how much less a well answered example counts", 2, True, minimum=0)
    alpha: float | None = number(
        "how much a target of 1 counts; one of 0 counts the rest of 1",
        None,
        True,
        minimum=0,
        maximum=1,
    )


class Dice(Loss):
    """1 - (2 sum(p t) + smooth) / (sum(p^2) + sum(t^2) + smooth), sums over positions.

    Milletari et al. (2016), for each channel of each example. Prediction: (positions, channels),
    probabilities. Target: of the same shape, from 0 to 1, or the number of a class for each
    position. Without positions the sums are over the numbers of an example.
    """

    word: ClassVar[str] = "dice"
    bounded: ClassVar[bool] = True

    smooth: float = number("keeps an empty channel from dividing by 0", 1, True, above=0)


class Cosine(Loss):
    """1 minus the cosine between two tensors of the same shape, along their channels."""

    word: ClassVar[str] = "cosine"
    operands: ClassVar[tuple[str, ...]] = ("a", "b")


class Triplet(Loss):
    """max(0, |anchor - positive| - |anchor - negative| + margin) (Balntas et al., 2016).

    Distances are Euclidean, along the channels of tensors of the same shape.
    """

    word: ClassVar[str] = "triplet"
    operands: ClassVar[tuple[str, ...]] = ("anchor", "positive", "negative")

    margin: float = number("how much nearer the positive is to be", 1, True, minimum=0)


class Contrastive(Loss):
    """Half the squared distance of a and b where they are the same, else of what it lacks.

    (same d^2 + (1 - same) max(0, margin - d)^2) / 2: Hadsell et al. (2006). a and b are vectors,
    `same` is one number for each example, 1 or 0. A pair is taken for the same up to half the
    margin, where both parts are equal.
    """

    word: ClassVar[str] = "contrastive"
    operands: ClassVar[tuple[str, ...]] = ("a", "b", "same")
    boundary: ClassVar[float] = 0.0
    of_pairs: ClassVar[bool] = True

    margin: float = number(
        "the distance from which different ones are far enough", 1, True, above=0
    )


class LossTerm(Record):
    """A loss of some tensors, times a weight.

    `operands` are names of outputs of the net or of fields of the data, in the order of the
    loss's own; without any the main output is compared with the source's target (`label`, a
    table's target column). `places` is where they were written.
    """

    loss: Loss
    operands: tuple[str, ...] = ()
    weight: float = 1.0
    places: tuple[Span, ...] = ()


class LossSum(Record):
    """A weighted sum: `cross_entropy(output, label) + 0.3 * cross_entropy(aux, label)`."""

    terms: tuple[LossTerm, ...]

    def plus(self, other: LossSum) -> LossSum:
        """The sum of both."""
        return LossSum(self.terms + other.terms)

    def times(self, factor: float) -> LossSum:
        """Every term `factor` times as heavy."""
        return LossSum(tuple(term.replace(weight=term.weight * factor) for term in self.terms))


class WrittenLoss(Record):
    """A loss as a train section has it: an expression that is read with the net that is trained."""

    expression: Any
