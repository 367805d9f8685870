"""What a person sees while a net is trained, and the table of its test result."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from netdsl.training.figures import VALIDATION, figures_of, shown
from netdsl.training.run import Entry

# Figures that everybody expects are shown without their names, in this order.
_KNOWN = ("loss", "accuracy")
# What stands in a result beside its figures.
_OF_RESULT = frozenset({"epoch", "share", "examples", "classes", "confusion"})


class TerminalProgress:
    """A bar for the epoch that runs, where there is a terminal, and a line for each that is done.

    Used as a context manager, so that the bar goes away however training ends.
    """

    def __init__(self, console: Console, epochs: int) -> None:
        self._console = console
        self._epochs = epochs
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def epoch_starts(self, epoch: int, examples: int) -> None:
        """See `Listener.epoch_starts`."""
        self._bar.reset(self._task, total=examples, description=f"epoch {epoch}/{self._epochs}")

    def examples_done(self, count: int) -> None:
        """See `Listener.examples_done`."""
        self._bar.advance(self._task, count)

    def epoch_ends(self, entry: Entry) -> None:
        """See `Listener.epoch_ends`."""
        width = len(str(self._epochs))
        line = f"epoch {entry['epoch']:{width}}/{self._epochs}"
        if entry.get("phase"):
            line += f"  {entry['phase']}"
        line += f"  train {_told(figures_of(entry))}"
        if "val_loss" in entry:
            line += f"  validation {_told(figures_of(entry, VALIDATION))}"
        if entry.get("rate") is not None:
            line += f"  rate {entry['rate']:.4g}"
        line += f"  {entry['seconds']:.2f} s"
        self._console.print(line, highlight=False, soft_wrap=True)


def result_line(result: Mapping[str, Any]) -> str:
    """The figures of a result in one line."""
    names = [name for name in result if name not in _OF_RESULT]
    figures = [f"{name} {shown(name, result[name])}" for name in names]
    return f"{result['share']}: {', '.join(figures)} on {result['examples']} examples"


def result_table(result: Mapping[str, Any]) -> Table:
    """What became of each class."""
    first = next(iter(result["classes"].values()))
    table = Table("class")
    for name in first:
        table.add_column(name, justify="right")
    for name, figures in result["classes"].items():
        count, *shares = figures.items()
        table.add_row(name, str(count[1]), *(shown(*share) for share in shares))
    return table


def _told(figures: Mapping[str, float]) -> str:
    """Loss and accuracy, as far as they are there, then the others with their names."""
    known = [shown(name, figures[name]) for name in _KNOWN if name in figures]
    others = [
        f"{name} {shown(name, value)}" for name, value in figures.items() if name not in _KNOWN
    ]
    return "  ".join([*known, *others])


def show_result(console: Console, result: Mapping[str, Any]) -> None:
    """Prints the figures and, for a classification, the table of classes."""
    console.print(result_line(result), highlight=False, soft_wrap=True)
    if "classes" in result:
        console.print(result_table(result))
