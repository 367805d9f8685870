"""Runs whose states go from window to window: words and bytes, kills, what is written on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.cli.main import main
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import UserError
from netdsl.training import engines, judging, session
from tests.training.nets import Silent

# Two of six words are told apart by what was said three words before: longer ago than a window.
SENTENCE = "we row a boat they row a ship "
SPEC = """
net Writer {
  input tokens: LENGTH of int
  embedding(UNITS, 8) -> lstm(24, return=sequence)
  dense(UNITS) -> softmax
}

train {
  data      = text("t.txt", length=LENGTH, unit=KIND)
  loss      = cross_entropy
  metrics   = perplexity
  optimizer = adam(lr=0.01)
  carry     = true
  batch     = 8
  epochs    = 6
}
"""
# How long a window is, and how many units there are.
KINDS = {"word": (2, 7), "byte": (3, 256)}
Capture = pytest.CaptureFixture[str]


class Killed(Silent):
    """Has training stop in the middle of an epoch."""

    def examples_done(self, count: int) -> None:
        if self.epoch == 3:
            raise KeyboardInterrupt


def spec(folder: Path, kind: str = "word") -> str:
    """A spec beside its text."""
    length, units = KINDS[kind]
    (folder / "t.txt").write_text(SENTENCE * 150, encoding="utf-8")
    text = SPEC.replace("LENGTH", str(length)).replace("UNITS", str(units)).replace("KIND", kind)
    (folder / "writer.net").write_text(text, encoding="utf-8")
    return str(folder / "writer.net")


def started(path: str, out: Path, backend: str = "torch", **sets: str) -> session.Session:
    overrides = {f"train.{name}": value for name, value in sets.items()}
    return session.start(open_spec(path, overrides, None), backend, out, "cpu")


def trained(path: str, out: Path, backend: str = "torch", **sets: str) -> dict[str, Any]:
    begun = started(path, out, backend, **sets)
    begun.train(Silent())
    return {"log": begun.run.log(), **begun.finish()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_said_before_the_window_is_known(kind: str, tmp_path: Path) -> None:
    path = spec(tmp_path, kind)
    carried = trained(path, tmp_path / "carried")
    alone = trained(path, tmp_path / "alone", carry="false")
    # After `a` alone boat and ship are as likely: by words 2 ** (1 / 4) is the least.
    assert carried["perplexity"] < 1.1 < 1.15 < alone["perplexity"]
    on_keras = trained(path, tmp_path / "keras", "keras", epochs="1")["log"][0]
    for name in ("loss", "val_loss", "val_perplexity"):
        assert on_keras[name] == pytest.approx(carried["log"][0][name], rel=1e-4)
    for backend in ("torch", "keras", "onnx"):
        again = judging.judge(tmp_path / "carried", "cpu", open_spec, backend)
        assert again["loss"] == pytest.approx(carried["loss"], rel=1e-4)


def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    path = spec(tmp_path)
    whole = trained(path, tmp_path / "whole", epochs="4")
    with pytest.raises(KeyboardInterrupt):
        started(path, tmp_path / "killed", epochs="4").train(Killed())
    again = session.resume(tmp_path / "killed", {}, "cpu", open_spec)
    again.train(Silent())
    again.finish()
    weights = [
        (tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "killed")
    ]
    assert weights[0] == weights[1]
    assert [entry["loss"] for entry in again.run.log()] == [e["loss"] for e in whole["log"]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("writer")
    trained(spec(folder), folder / "run")
    return folder / "run"


def told(capsys: Capture, run: Path, *arguments: object) -> Any:
    capsys.readouterr()
    assert main(["predict", str(run), *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_it_writes_on_from_where_it_stands(run: Path, backend: str, capsys: Capture) -> None:
    words = SENTENCE.split()
    for begin in (words[:5], words[4:10]):
        likeliest = ["--generate", 16, "--temperature", 0, "--prompt", " ".join(begin)]
        made = told(capsys, run, *likeliest, "--backend", backend)["text"].split()
        at = words.index(begin[0])
        assert made == (words * 4)[at : at + len(begin) + 16]


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_the_windows_of_a_file_follow_one_another(run: Path, backend: str, capsys: Capture) -> None:
    new = run.parent / "new.txt"
    new.write_text(SENTENCE * 2, encoding="utf-8")
    answers = told(capsys, run, new, "--backend", backend)
    said = " ".join(answer["text"] for answer in answers).split()
    # At first it cannot know who rows.
    np.testing.assert_array_equal(said[4:], (SENTENCE * 3).split()[5 : len(said) + 1])


def test_several_processes_are_refused(tmp_path: Path) -> None:
    path = spec(tmp_path)
    made = started(path, tmp_path / "run")

    class Two:
        rank, size = 0, 2

    with pytest.raises(UserError, match="carry=true goes along a text in one process"):
        engines.Engines("torch", made.plan, "cpu", team=Two())  # type: ignore[arg-type]
