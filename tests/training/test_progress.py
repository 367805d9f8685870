"""What a person sees while a net is trained."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from netdsl.training.progress import TerminalProgress, result_line, shown

ENTRY = {"epoch": 3, "loss": 0.5, "accuracy": 0.975, "val_loss": 0.25, "seconds": 1.5}


def told(terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=80)
    with TerminalProgress(console, 10) as progress:
        progress.epoch_starts(3, 200)
        progress.examples_done(32)
        progress.epoch_ends(ENTRY)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_line_for_each_epoch() -> None:
    assert told(False) == "epoch  3/10  train 0.5000  97.50 %  validation 0.2500  1.50 s\n"


def test_a_bar_where_there_is_a_terminal() -> None:
    text = told(True)
    assert "epoch 3/10" in text
    assert " 32/200" in text


def test_a_result() -> None:
    result = {"share": "test", "examples": 7, "loss": 0.5}
    assert result_line(result) == "test: loss 0.5000 on 7 examples"
    assert result_line(result | {"accuracy": 0.5}).endswith("accuracy 50.00 % on 7 examples")
    assert shown("precision", None) == "none"
