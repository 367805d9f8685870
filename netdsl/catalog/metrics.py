"""Metrics: figures that are told of a net beside its loss.

They compare what the scored term of the loss compares, or the tensor and the field that they name
(`f1(parity, odd)`). All but `accuracy` are told of the
validation share after each epoch, and of the test share; the formulas are scikit-learn's.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from netdsl.catalog.arguments import Entry, choice
from netdsl.catalog.quantities import whole
from netdsl.record import Record
from netdsl.source import Span

Average = Literal["macro", "micro", "weighted"]
# What a metric compares: classes, the probabilities of classes, or numbers; or where classes lie.
Kind = Literal["classes", "probabilities", "numbers", "codes"]


class Metric(Entry):
    """Base of figures that are told beside the loss.

    `operands` are what it may name, a tensor and a field. `larger` says whether a large figure is a
    good one, `share` whether it is read in percent.
    """

    category: ClassVar[str] = "metric"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    kind: ClassVar[Kind] = "classes"
    larger: ClassVar[bool] = True
    share: ClassVar[bool] = True

    @property
    def figure(self) -> str:
        """The name of the figure in the log, behind `val_`, and in the result."""
        return self.word


class Accuracy(Metric):
    """The share of examples whose class is predicted rightly."""

    word: ClassVar[str] = "accuracy"


class Top(Metric):
    """The share of examples whose class is among the `k` likeliest; its figure is `top5`."""

    word: ClassVar[str] = "top"
    kind: ClassVar[Kind] = "probabilities"
    k: int = whole("how many classes may be named", 5)

    @property
    def figure(self) -> str:
        """See `Metric.figure`."""
        return f"{self.word}{self.k}"


class _Averaged(Metric):
    """Base of figures of each class, averaged over those that occur."""

    average: Average = choice(
        "over classes alike, over examples, or over classes by their examples",
        ("macro", "micro", "weighted"),
        "macro",
        True,
    )


class Precision(_Averaged):
    """Of what is taken for a class, the share that is of it."""

    word: ClassVar[str] = "precision"


class Recall(_Averaged):
    """Of what is of a class, the share that is taken for it."""

    word: ClassVar[str] = "recall"


class F1(_Averaged):
    """The harmonic mean of precision and recall."""

    word: ClassVar[str] = "f1"


class Iou(_Averaged):
    """Of what is of a class or taken for it, the share that is both: intersection over union."""

    word: ClassVar[str] = "iou"


class Confusion(Metric):
    """How many examples of each class are taken for each: a matrix in the result, no figure."""

    word: ClassVar[str] = "confusion"

    @property
    def figure(self) -> str:
        """See `Metric.figure`; empty, for it is no number."""
        return ""


class Auc(Metric):
    """The area under the ROC curve: the mean over classes, each against the rest.

    Every probability is kept until the share is done.
    """

    word: ClassVar[str] = "auc"
    kind: ClassVar[Kind] = "probabilities"
    share: ClassVar[bool] = False


class Perplexity(Metric):
    """e to the mean cross-entropy: among how many classes the net hesitates."""

    word: ClassVar[str] = "perplexity"
    kind: ClassVar[Kind] = "probabilities"
    larger: ClassVar[bool] = False
    share: ClassVar[bool] = False


class Bits(Perplexity):
    """The mean cross-entropy in bits: of a text by characters, bits per character."""

    word: ClassVar[str] = "bits"


class RecallAt(Metric):
    """The share of examples that have one of their class among the `k` nearest others.

    `recall_at(code, label)`: what is nearest, by Euclidean distance, is asked of the examples that
    the figure is of. It is told of codes that a net puts examples into (Jegou, Douze and Schmid,
    2011). Every code is kept until the share is done; its figure is `recall_at1`, for k = 1.
    """

    word: ClassVar[str] = "recall_at"
    kind: ClassVar[Kind] = "codes"
    k: int = whole("how many neighbours are looked at", 1, True)

    @property
    def figure(self) -> str:
        """See `Metric.figure`."""
        return f"{self.word}{self.k}"


class _OfNumbers(Metric):
    """Base of metrics of a regression."""

    kind: ClassVar[Kind] = "numbers"
    larger: ClassVar[bool] = False
    share: ClassVar[bool] = False


class Mae(_OfNumbers):
    """The mean absolute difference."""

    word: ClassVar[str] = "mae"


class Mse(_OfNumbers):
    """The mean squared difference."""

    word: ClassVar[str] = "mse"


class R2(_OfNumbers):
    """The share of the variance that is explained, 1 at best; the mean over the target's numbers.

    Every number is kept until the share is done.
    """

    word: ClassVar[str] = "r2"
    larger: ClassVar[bool] = True


class MetricTerm(Record):
    """A metric of an output of the net and a field of the data, by their names.

    `name` is what the output is called in figures, `places` where both were written.
    """

    metric: Metric
    operands: tuple[str, ...]
    name: str
    places: tuple[Span, ...] = ()

    @property
    def figure(self) -> str:
        """The name of the figure, behind that of the output."""
        return f"{self.name}_{self.metric.figure}"


_KNOWN: dict[str, type[Metric]] = {
    metric.word: metric
    for metric in (
        Accuracy, Top, Precision, Recall, F1, Iou, Auc, Perplexity, Bits, RecallAt, Mae, Mse, R2
    )
}  # fmt: skip


def metric_of(figure: str) -> type[Metric] | None:
    """The metric that a figure of the log is of (`val_top5`, `parity_f1`).

    None for a loss or anything else.
    """
    while figure:
        found = _KNOWN.get(figure) or _KNOWN.get(figure.rstrip("0123456789"))
        if found is not None:
            return found
        # The name of a share or of an output stands before it.
        figure = figure.partition("_")[2]
    return None
