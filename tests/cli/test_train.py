"""The commands train, eval and predict: what they print, and how they end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from netdsl.cli import specs
from netdsl.cli.main import main
from netdsl.training import backends, curves
from netdsl.training.progress import TerminalProgress
from netdsl.training.spec import Spec
from tests.training.nets import HandBackend, spec


@pytest.fixture(autouse=True)
def points(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Any request loads a small net for points, trained by a backend written by hand."""

    def open_spec(request: str, overrides: Mapping[str, str], section: str | None) -> Spec:
        changes = {name: int(overrides.get(f"train.{name}", 2)) for name in ("epochs", "seed")}
        made = spec(tmp_path, **changes)
        return Spec(None, overrides, section, made.net, made.training, made.sources)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(specs, "open_spec", open_spec)
    monkeypatch.setattr(backends, "backend", lambda name: HandBackend)
    monkeypatch.setattr(backends, "runtime", lambda name: HandBackend)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)


def test_training_tells_every_epoch_and_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "points.net", "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Points on spirals: 84 train, 12 validation, 24 test; run runs/Points-1"
    assert lines[1].startswith("epoch 1/2  train ")
    assert "validation" in lines[2]
    assert "the weights of epoch 2 are kept" in lines[3]
    assert lines[4].startswith("test: loss ")
    assert lines[4].endswith("% on 24 examples")


def test_the_commands_that_follow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "points.net", "--out", "run", "--seed", "3"]) == 0
    stored = json.loads((tmp_path / "run/settings.json").read_text(encoding="utf-8"))
    assert stored["settings"]["seed"] == 3
    assert main(["train", "--resume", "run", "--set", "train.epochs=3"]) == 0
    capsys.readouterr()
    assert main(["eval", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 24
    assert main(["eval", "run"]) == 0
    assert "precision" in capsys.readouterr().out
    (tmp_path / "new.csv").write_text("x,y\n0.5,0.5\n", encoding="utf-8")
    assert main(["predict", "run", "new.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["input"] == "new.csv:2"
    assert main(["predict", "run", "new.csv"]) == 0
    assert capsys.readouterr().out.startswith("new.csv:2: ")


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def press(self: TerminalProgress, entry: dict[str, object]) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TerminalProgress, "epoch_ends", press)
        assert main(["train", "points.net", "--out", "run"]) == 130
    assert "netdsl train --resume run" in capsys.readouterr().err
    assert main(["train", "--resume", "run"]) == 0
    assert len((tmp_path / "run/log.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train"], "give a SPEC to train, or --resume"),
        (["train", "a.net", "--resume", "run"], "give a SPEC to train, or --resume"),
        (["train", "--resume", "run", "--out", "other"], "keeps its folder"),
        (["train", "a.net", "--set", "epochs"], "--set takes name=value, not epochs"),
        (["train", "a.net", "--backend", "abacus"], "'abacus' is not"),
    ],
)
def test_mistakes_of_the_command_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_mistakes_of_a_run_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "nowhere"]) == 1
    assert capsys.readouterr().err == ("error: nowhere is no run folder: it has no settings.json\n")
