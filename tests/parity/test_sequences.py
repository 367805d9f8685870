"""Nets over sequences compute the same on every backend: outputs, gradients, a step of training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY

# Every recurrence, both ways and stacked, with states handed over and positions that do not count.
EVERYTHING = """
net Everything {
  input tokens: ? of int
  real = not_equal(0)
  embedding(7, 6)
  lstm(5, bidirectional=true, return=sequence, mask=real, peephole=true) as encoded
  gru(8, return=sequence, mask=real, reset_after=false)
  attention(2, mask=real)
  rnn(4, activation=relu, mask=real, bias=double) as gathered

  input before: ? of int
  embedding(7, 6)
  lstm(10, return=sequence, initial=[encoded.state, encoded.cell])
  attention(2, causal=true)
  gru(4, initial=gathered) -> dense(3) -> softmax
}
"""
CASES = {
    "windows": ["--set", "units=12"],
    "characters": ["--set", "units=12", "--size", "tokens=9"],
    "gpt": ["--set", "width=16", "--set", "depth=1", "--set", "context=9"],
    "reverse": ["--size", "tokens=9", "--size", "before=7"],
    "series": [],
}


@pytest.mark.parametrize("name", CASES)
def test_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    check([str(REPOSITORY / f"examples/{name}.net"), *CASES[name]], capsys)


def test_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "everything.net").write_text(EVERYTHING, encoding="utf-8")
    sizes = ["--size", "tokens=9", "--size", "before=5"]
    check([str(tmp_path / "everything.net"), *sizes], capsys)


def check(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`netdsl parity` finds every number within its bounds, those of training far within."""
    assert main(["parity", *arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"keras", "onnx"} < told["forward"][0].keys()
    for found in (told["gradients"], told["steps"]["sgd"]):
        assert found
        assert max(weight["keras"] for weight in found) < 1e-7
