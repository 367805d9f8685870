"""What a person sees while a net is trained."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from netdsl.training.figures import figures_of, shown, worth
from netdsl.training.progress import TerminalProgress, result_line

ENTRY = {"epoch": 3, "loss": 0.5, "accuracy": 0.975, "val_loss": 0.25, "seconds": 1.5}


def told(terminal: bool, **further: object) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=80)
    with TerminalProgress(console, 10) as progress:
        progress.epoch_starts(3, 200)
        progress.examples_done(32)
        progress.epoch_ends(ENTRY | further)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_line_for_each_epoch() -> None:
    assert told(False) == "epoch  3/10  train 0.5000  97.50 %  validation 0.2500  1.50 s\n"


def test_figures_of_any_name_are_told_with_it() -> None:
    further = {
        "f1": 0.5,
        "val_f1": 0.25,
        "val_top5_accuracy": 0.75,
        "rate": 0.00012346,
        "kept": True,
    }
    assert told(False, phase="head", **further) == (
        "epoch  3/10  head  train 0.5000  97.50 %  f1 50.00 %  "
        "validation 0.2500  f1 25.00 %  top5_accuracy 75.00 %  rate 0.0001235  1.50 s\n"
    )


def test_figures_of_a_share() -> None:
    entry = ENTRY | {"kept": True, "rate": 0.1, "phase": "head"}
    assert figures_of(entry) == {"loss": 0.5, "accuracy": 0.975}
    assert figures_of(entry, "val_") == {"loss": 0.25}


def test_the_best_figure_is_sorted_first() -> None:
    values = [0.5, None, 0.25]
    assert sorted(values, key=lambda value: worth("val_loss", value)) == [0.25, 0.5, None]
    assert sorted(values, key=lambda value: worth("val_accuracy", value)) == [0.5, 0.25, None]


def test_a_bar_where_there_is_a_terminal() -> None:
    text = told(True)
    assert "epoch 3/10" in text
    assert " 32/200" in text


def test_a_result() -> None:
    result = {"share": "test", "examples": 7, "loss": 0.5}
    assert result_line(result) == "test: loss 0.5000 on 7 examples"
    assert result_line(result | {"accuracy": 0.5}).endswith("accuracy 50.00 % on 7 examples")
    assert result_line(result | {"f1": 0.5, "epoch": 3}) == (
        "test: loss 0.5000, f1 50.00 % on 7 examples"
    )
    assert shown("precision", None) == "none"
