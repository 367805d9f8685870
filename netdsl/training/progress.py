"""What a person sees while a net is trained, and the table of its test result."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from netdsl.training.run import Entry

_PERCENT = ("accuracy", "precision", "recall")


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
        line = f"epoch {entry['epoch']:{width}}/{self._epochs}  train {_figures(entry, '')}"
        if "val_loss" in entry:
            line += f"  validation {_figures(entry, 'val_')}"
        self._console.print(f"{line}  {entry['seconds']:.2f} s", highlight=False)


def result_table(result: Mapping[str, Any]) -> Table:
    """The result on the test share: overall, and for each class."""
    table = Table(title=f"Test: {_figures(result, '')} on {result['examples']} examples")
    table.add_column("class")
    for name in ("examples", "precision", "recall"):
        table.add_column(name, justify="right")
    for name, figures in result.get("classes", {}).items():
        table.add_row(
            name,
            str(figures["examples"]),
            shown("precision", figures["precision"]),
            shown("recall", figures["recall"]),
        )
    return table


def shown(name: str, value: float | None) -> str:
    """A figure as people read it: shares in percent, others with four digits."""
    if value is None:
        return "none"
    return f"{100 * value:.2f} %" if name in _PERCENT else f"{value:.4f}"


def _figures(entry: Mapping[str, Any], prefix: str) -> str:
    names = ("loss", "accuracy")
    return "  ".join(
        f"{name} {shown(name, entry[prefix + name])}" for name in names if prefix + name in entry
    )
