"""The settings of a `train` section, with the language's defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from netdsl.catalog.arguments import (
    Argument,
    Entry,
    EntryArgument,
    Symbol,
    choice,
    entry,
    figure_name,
    flag,
    part_name,
    part_names,
    text,
    written_net,
)
from netdsl.catalog.augmentations import Augmentation
from netdsl.catalog.losses import Loss, LossSum, LossTerm, WrittenLoss
from netdsl.catalog.methods import Method, Supervised
from netdsl.catalog.metrics import Metric, MetricTerm
from netdsl.catalog.optimizers import Optimizer, optimizer_choice
from netdsl.catalog.quantities import Whole, number, whole
from netdsl.catalog.schedules import Constant, Schedule
from netdsl.catalog.sources import DataSource
from netdsl.record import REQUIRED, Record

ALL = "all"

Precision: TypeAlias = Literal["float32", "bfloat16", "float16", "float64"]


class Patience(Entry):
    """Stops where a figure has not become better for some epochs; the best weights are kept."""

    word: ClassVar[str] = "patience"
    category: ClassVar[str] = "rule for stopping"
    epochs: int = whole("how many epochs without a better figure")
    monitor: str = figure_name("the figure that is watched, such as val_loss", "val_loss", True)


class Pretrained(Entry):
    """Weights from a safetensors file under the language's names, in place of random ones.

    The file's names are relative to `into`. Everything in it must fit, and everything there must
    be in it; with `partial` what fits is taken, and the rest of the net starts as usual.
    """

    word: ClassVar[str] = "pretrained"
    category: ClassVar[str] = "source of weights"
    file: str = text("the file, relative to the folder of the spec")
    into: str | None = part_name(
        "the part of the net that the weights are for; else all", None, True
    )
    partial: bool = flag("whether only what fits is taken", False, keyword=True)


class Shares(Argument):
    """Three shares that add up to 1: training, validation, test."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if not isinstance(value, tuple) or len(value) != 3:
            raise self.refuse(value)
        for share in value:
            if isinstance(share, bool) or not isinstance(share, (int, float)) or share < 0:
                raise self.refuse(value)
        if value[0] == 0 or abs(sum(value) - 1) > 1e-6:
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return "three shares that add up to 1, the first above 0, such as [0.7, 0.1, 0.2]"


class LossExpression(Argument):
    """A loss, or a sum of losses over the net's tensors and the data's fields."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if isinstance(value, Loss):
            return LossSum((LossTerm(value),))
        if isinstance(value, LossTerm):
            return LossSum((value,))
        if not isinstance(value, LossSum | WrittenLoss):
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return "a loss such as cross_entropy, or a sum of losses"


class Batch(Whole):
    """How many examples a step sees: a whole number, or `all`."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        name = value.name if isinstance(value, Symbol) else value
        return ALL if name == ALL else super().normal(value)

    @property
    def expects(self) -> str:
        return f"{super().expects}, or all"

    @property
    def symbols(self) -> tuple[str, ...]:
        return (ALL,)


class Metrics(EntryArgument):
    """A list of metrics, or one; `none` where it is left to the loss."""

    __slots__ = ()

    def __init__(self, doc: str, default: object = REQUIRED, keyword: bool = False) -> None:
        super().__init__(doc, Metric, default, keyword)

    def normal(self, value: Any) -> Any:
        metrics = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(metric, Metric) for metric in metrics):
            raise self.refuse(value)
        return metrics

    @property
    def expects(self) -> str:
        return "a list of metrics such as [accuracy, top(5)]"


class Augmentations(Argument):
    """Augmentations in their order: a pipeline, a list, one alone, or `none`; a tuple of them."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        steps = () if value is None else value if isinstance(value, tuple) else (value,)
        for step in steps:
            if not isinstance(step, Augmentation):
                raise self.refuse(value)
            step.verify()
        return steps

    @property
    def expects(self) -> str:
        return "a pipeline of augmentations such as flip -> rotate(10)"


# To a type checker the default of any type, as in arguments.py.
shares: Callable[..., Any] = Shares
loss_expression: Callable[..., Any] = LossExpression
batch_size: Callable[..., Any] = Batch
metric_list: Callable[..., Any] = Metrics
augmentations: Callable[..., Any] = Augmentations


class Settings(Entry):
    """What a `train` section says: one field for each setting, all given by name."""

    word: ClassVar[str] = "train"
    category: ClassVar[str] = "settings"
    net: Any = written_net("which net, with its arguments; else the file's own", None, True)
    method: Method = entry("how it is learned", Method, Supervised(), True)
    data: DataSource = entry("where examples come from", DataSource, REQUIRED, True)
    split: tuple[float, float, float] = shares(
        "shares for training, validation and test", (0.7, 0.1, 0.2), True
    )
    augment: tuple[Augmentation, ...] = augmentations(
        "how examples are changed for training, step after step", (), True
    )
    loss: LossSum = loss_expression("what is made small", REQUIRED, True)
    metrics: tuple[Metric | MetricTerm, ...] | None = metric_list(
        "figures beside the loss; [accuracy] for a classification", None, True
    )
    optimizer: Optimizer = optimizer_choice("how gradients move the weights", REQUIRED, True)
    schedule: Schedule = entry("how the learning rate changes", Schedule, Constant(), True)
    init: Pretrained | None = entry("weights to start from", Pretrained, None, True)
    freeze: tuple[str, ...] = part_names(
        "parts of the net whose weights and running statistics stay as they are", (), True
    )
    l1: float = number("times the sum of absolute weights, added to the loss", 0, True, minimum=0)
    l2: float = number("times the sum of squared weights, added to the loss", 0, True, minimum=0)
    batch: int | Literal["all"] = batch_size("how many examples are computed at once", 32, True)
    carry: bool = flag(
        "whether recurrences go on from the state in which the window before has left them",
        False,
        True,
    )
    accumulate: int = whole("of how many batches a step averages the gradients", 1, keyword=True)
    clip: float | None = number(
        "the length that all gradients together are cut down to", None, True, minimum=0
    )
    ema: float | None = number(
        "the share of the old that a running mean of the weights keeps at each step; the mean is "
        "what is evaluated and kept",
        None,
        True,
        minimum=0,
        below=1,
    )
    precision: Precision = choice(
        "how many bits the net computes with; of 16, weights and losses keep 32",
        get_args(Precision),
        "float32",
        keyword=True,
    )
    fast: bool = flag(
        "whether the backend rearranges and compiles the net, which starts slowly", False, True
    )
    epochs: int = whole("how often every example is seen", 10, keyword=True)
    steps: int | None = whole("how many steps are taken, in place of epochs", None, keyword=True)
    early_stopping: Patience | None = entry("when to stop before the end", Patience, None, True)
    seed: int = whole("where all chance starts", 0, keyword=True, minimum=0)


# What holds for a whole run, so that a phase cannot change it.
OF_RUN = ("net", "method", "data", "split", "carry", "init", "metrics", "precision", "seed")


class Phase(Record):
    """A stretch of a run with settings of its own; `name` is empty where there are no phases."""

    name: str
    settings: Settings


class Training(Record):
    """A train section: the settings of the run, and its phases, at least one, in order."""

    settings: Settings
    phases: tuple[Phase, ...]

    @staticmethod
    def in_one(settings: Settings) -> Training:
        """A run without phases."""
        return Training(settings, (Phase("", settings),))
