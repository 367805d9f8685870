"""`netdsl sweep`: trainings of a grid, left and gone on with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netdsl.cli.main import main
from netdsl.runs import pool, sweep
from netdsl.runs.summary import summary
from tests.conftest import REPOSITORY, Golden
from tests.runs.folders import write

SPEC = (REPOSITORY / "examples" / "iris.net").read_text(encoding="utf-8")
OPTIONS = ["--set", "train.epochs=3", "--device", "cpu"]


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("iris.net").write_text(SPEC, encoding="utf-8")


class Trainings:
    """In place of `netdsl train`: run folders by hand; what `fails` names fails."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.fails: set[str] = set()

    def run(self, jobs: list[Any], at_once: int) -> None:
        for job in jobs:
            command = job.command()
            if command is None:
                job.ends(None, "")
                continue
            self.begun.append(command[5:])
            job.begins()
            if job.name in self.fails:
                job.ends(1, "Iris on iris: 5 train\nerror: loss is nan in epoch 2\n")
                continue
            kept = 1 + int(job.name) % 3
            write(job.path, kept=kept, tested=True)
            job.ends(0, "Iris on iris: 5 train\n")


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    found = Trainings()
    monkeypatch.setattr(pool, "run", found.run)
    return found


GRID = [
    "sweep",
    "iris.net",
    "--set",
    "train.batch=16,32",
    "--set",
    "train.optimizer=[sgd(lr=0.1), adam]",
]


def test_what_is_shown_and_kept(
    trainings: Trainings, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    trainings.fails = {"02"}
    assert main([*GRID, *OPTIONS, "--backend", "keras"]) == 1
    out, err = capsys.readouterr()
    golden("runs/sweep.txt", out)
    assert err == "1 of 4 runs failed; the same command tries them again\n"
    told = json.loads(Path("sweeps/Iris-1/sweep.json").read_text(encoding="utf-8"))
    assert told["monitor"] == "val_loss"
    assert told["request"]["values"]["train.batch"] == ["16", "32"]
    assert [run["state"] for run in told["runs"]] == ["finished", "failed", "finished", "finished"]
    assert told["runs"][1]["message"] == "error: loss is nan in epoch 2"
    assert told["runs"][0]["set"] == {
        "train.batch": "16",
        "train.optimizer": "sgd(lr=0.1)",
        "train.epochs": "3",
    }
    assert told["runs"][0]["figures"]["val_loss"] == 0.5
    first = trainings.begun[0]
    assert first[0] == str(Path("iris.net").resolve())
    assert first[1:] == [
        *["--out", "sweeps/Iris-1/01", "--set", "train.batch=16"],
        *["--set", "train.optimizer=sgd(lr=0.1)", "--set", "train.epochs=3"],
        *["--backend", "keras", "--device", "cpu"],
    ]


def test_the_same_command_trains_what_is_not_finished(
    trainings: Trainings, capsys: pytest.CaptureFixture[str]
) -> None:
    trainings.fails = {"02"}
    assert main([*GRID, *OPTIONS]) == 1
    # One run was begun, one ended before there was anything to go on with.
    shutil.rmtree("sweeps/Iris-1/03")
    write(Path("sweeps/Iris-1/03"), epochs=1, tested=False)
    Path("sweeps/Iris-1/03/state.safetensors").touch()
    (Path("sweeps/Iris-1/04") / "test.json").unlink()
    trainings.fails, trainings.begun = {"03"}, []
    capsys.readouterr()
    assert main([*GRID, *OPTIONS]) == 1
    assert capsys.readouterr().out.startswith("4 runs in sweeps/Iris-1, 1 of them finished\n")
    assert [command[:2] for command in trainings.begun] == [
        [str(Path("iris.net").resolve()), "--out"],
        ["--resume", "sweeps/Iris-1/03"],
        [str(Path("iris.net").resolve()), "--out"],
    ]
    trainings.fails, trainings.begun = set(), []
    shutil.rmtree("sweeps/Iris-1/03")
    assert main(["sweep", "--resume", "sweeps/Iris-1", "--device", "cpu"]) == 0
    assert [command[2] for command in trainings.begun] == ["sweeps/Iris-1/03"]


def test_another_command_is_another_sweep(
    trainings: Trainings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*GRID, *OPTIONS]) == 0
    assert main([*GRID, *OPTIONS, "--random", "2", "--seed", "3"]) == 0
    assert len(list(Path("sweeps/Iris-2").glob("*.log"))) == 0
    assert sorted(path.name for path in Path("sweeps").iterdir()) == ["Iris-1", "Iris-2"]
    assert len(trainings.begun) == 6
    capsys.readouterr()
    assert main([*GRID, *OPTIONS, "--set", "train.seed=1", "--out", "sweeps/Iris-1"]) == 1
    assert "is of another sweep, with other values" in capsys.readouterr().err
    Path("iris.net").write_text(SPEC + "\n# changed\n", encoding="utf-8")
    assert main([*GRID, *OPTIONS, "--out", "sweeps/Iris-1"]) == 1
    assert "the spec has changed since sweeps/Iris-1 was begun" in capsys.readouterr().err
    assert main(["sweep", "--resume", "sweeps/Iris-1"]) == 1
    assert "the spec has changed since sweeps/Iris-1 was begun" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["sweep"], 2, "give a SPEC and --set, or --resume"),
        (["sweep", "--resume", "s", "--set", "a=1"], 2, "keeps what it was asked for"),
        (["sweep", "iris.net", "--set", "batch"], 2, "--set takes name=value"),
        (["sweep", "iris.net", "--set", "train.bach=1,2"], 1, "did you mean batch?"),
        (["sweep", "iris.net", "--set", "train.batch=1,,2"], 1, "is not a value of the language"),
        (["sweep", "iris.net", "--out", "full"], 1, "there is something in full already"),
        (["sweep", "--resume", "full"], 1, "is no folder of a sweep"),
        (["sweep", "--resume", "damaged"], 1, "sweep.json is damaged"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    arguments: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, file in (("full", "thesis.txt"), ("damaged", sweep._FILE)):
        Path(name).mkdir()
        Path(name, file).write_text("{", encoding="utf-8")
    assert main(arguments) == status
    assert told in capsys.readouterr().err
    assert not Path("sweeps").exists()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "netdsl", "sweep", *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}


def test_a_sweep_that_is_killed_or_interrupted_goes_on() -> None:
    """Trains two nets for long; kill -9 of the sweep, then Ctrl-C, then a shorter end."""
    long = ["iris.net", "--set", "train.seed=1,2", "--jobs", "2", "--out", "s", "--device", "cpu"]
    long += ["--set", "train.epochs=2000", "--set", "train.early_stopping=none"]
    logs = [Path("s/01/log.jsonl"), Path("s/02/log.jsonl")]

    def wait_for(epochs: int) -> list[int]:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            done = [len(log.read_bytes().splitlines()) if log.exists() else 0 for log in logs]
            if min(done) >= epochs:
                return done
            time.sleep(0.05)
        raise AssertionError(f"never: {epochs} epochs")

    with subprocess.Popen(command(*long), env=environment(), stderr=subprocess.DEVNULL) as killed:
        wait_for(1)
        killed.kill()
    # What it started goes on; the same command waits for it, and Ctrl-C starts nothing more.
    assert [summary(log.parent).state for log in logs] == ["running", "running"]
    with subprocess.Popen(command(*long), env=environment(), stdout=subprocess.PIPE) as second:
        assert second.stdout is not None
        assert second.stdout.readline() == b"2 runs in s\n"
        orphans = _processes("s/01", "s/02")
        assert len(orphans) == 2
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
        before = wait_for(1)
        done = wait_for(max(before) + 5)
        second.send_signal(signal.SIGINT)
        assert second.wait(timeout=60) == 130
    assert _processes("s/01", "s/02") == []
    for log, least in zip(logs, done, strict=True):
        found = summary(log.parent)
        assert found.state == "stopped"
        epochs = [entry["epoch"] for entry in found.log]
        assert epochs == list(range(1, len(epochs) + 1))
        assert len(epochs) >= least
    told = json.loads(Path("s/sweep.json").read_text(encoding="utf-8"))
    assert [run["state"] for run in told["runs"]] == ["stopped", "stopped"]


def _processes(*names: str) -> list[int]:
    """The processes whose command lines name one of these folders as their own argument."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().decode().split("\0")
            here = os.readlink(path.parent / "cwd") == str(Path.cwd())
        except OSError:
            continue
        if here and "train" in arguments and set(names) & set(arguments):
            found.append(int(path.parent.name))
    return found


def test_a_sweep_from_its_command_to_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--set", "train.optimizer=[sgd(lr=0.1), sgd(lr=-1)]", *OPTIONS, "--jobs", "2"]
    assert main(["sweep", "iris.net", *arguments]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^run 01 .* finished  val_loss [\d.]+  ", out, re.MULTILINE)
    assert re.search(r"^run 02 .* failed\n    error\[wrong-value\]: ", out, re.MULTILINE)
    assert out.splitlines()[-2].startswith("01 ")
    assert summary(Path("sweeps/Iris-1/01")).state == "finished"
