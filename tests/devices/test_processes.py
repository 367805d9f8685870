"""`netdsl train` with several processes: torchrun, `--devices`, and what becomes of a run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from netdsl.cli.main import main
from netdsl.training import curves
from netdsl.training.run import RunFolder
from tests.conftest import REPOSITORY

_SPEC = """net Tiny {
  input image: 8x8x1
  conv(4, 3, stride=2) -> relu -> flatten -> dense(10) -> softmax
}
train {
  data      = digits
  loss      = cross_entropy
  optimizer = sgd(lr=0.05, momentum=0.9)
  batch     = 256
  epochs    = 2
}
"""
_NETDSL = [sys.executable, "-m", "netdsl"]
_TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "netdsl"]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)
    path = tmp_path / "tiny.net"
    path.write_text(_SPEC, encoding="utf-8")
    return path


def begun(*words: object) -> subprocess.Popen[str]:
    """A process in the repository, whose output and error stream are one text."""
    return subprocess.Popen(
        [str(word) for word in words],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def train(*words: object) -> int:
    """`netdsl train` in this process."""
    return main(["train", *map(str, words), "--device", "cpu"])


def test_torchrun_and_going_on_with_one_process(spec: Path, tmp_path: Path) -> None:
    shared, alone = tmp_path / "shared", tmp_path / "alone"
    process = begun(*_TORCHRUN, "train", spec, "--device", "cpu", "--out", shared)
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert told.count("trained in") == 1
    assert len(re.findall("^epoch +2/2", told, re.MULTILINE)) == 1
    longer = ("--set", "train.epochs=3")
    assert train("--resume", shared, *longer) == 0
    assert train(spec, "--out", alone, *longer) == 0
    one, other = (load_file(run / "weights.safetensors") for run in (alone, shared))
    assert max(np.abs(one[name] - other[name]).max() for name in one) < 1e-5


def test_a_killed_process_and_going_on_with_two(spec: Path, tmp_path: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    long = ("--set", "train.epochs=100000")
    process = begun(*_NETDSL, "train", spec, "--devices", 2, "--device", "cpu", "--out", run, *long)
    wait_for_epoch(run, 1)
    os.kill(children(process.pid)[1], signal.SIGKILL)
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 1
    last = told.splitlines()[-1]
    assert last == (
        "error: another process of the training has ended; finished epochs are kept: "
        f"netdsl train --resume {run}"
    )
    assert told.count("error") == 1
    assert not children(process.pid)

    epochs = RunFolder(run).state().epoch + 2
    longer = ("--set", f"train.epochs={epochs}")
    process = begun(*_NETDSL, "train", "--resume", run, "--devices", 2, "--device", "cpu", *longer)
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert [entry["epoch"] for entry in RunFolder(run).log()] == list(range(1, epochs + 1))
    assert train(spec, "--out", again, *longer) == 0
    loss, other = (RunFolder(path).log()[-1]["loss"] for path in (run, again))
    assert loss == pytest.approx(other, rel=1e-3)


def test_control_c_ends_all_with_one_message(spec: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    long = ("--set", "train.epochs=100000")
    process = begun(*_NETDSL, "train", spec, "--devices", 2, "--device", "cpu", "--out", run, *long)
    wait_for_epoch(run, 1)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 130, told
    assert told.splitlines()[-1] == (
        f"stopped; finished epochs are kept: netdsl train --resume {run}"
    )
    assert "Traceback" not in told
    assert not children(process.pid)


def test_a_mistake_is_told_once(spec: Path) -> None:
    spec.write_text(_SPEC.replace("digits", 'csv("nowhere.csv", target="y")'), encoding="utf-8")
    process = begun(*_NETDSL, "train", spec, "--devices", 2, "--device", "cpu")
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 1
    assert told.count("nowhere.csv") == 1
    assert "Traceback" not in told


def test_a_strategy_needs_several_devices(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(spec, "--strategy", "fsdp") == 1
    told = capsys.readouterr().err
    assert told == "error: --strategy needs several devices: --devices 2, or torchrun\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--devices", "3"], "torchrun has started 2 processes here, --devices says 3"),
        (["--backend", "keras"], "torchrun starts processes for PyTorch alone"),
        ([], 'Lightning Fabric is not installed; install it with `pip install "netdsl[devices]"`'),
    ],
)
def test_what_torchrun_cannot_do(
    words: list[str],
    sentence: str,
    spec: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    assert train(spec, *words) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {sentence}")
    assert told.count("\n") == 1


def wait_for_epoch(run: Path, epoch: int) -> None:
    """Until a run has kept so many epochs."""
    until = time.monotonic() + 60
    log = run / "log.jsonl"
    while not (log.is_file() and log.read_text("utf-8").count("\n") >= epoch):
        assert time.monotonic() < until
        time.sleep(0.02)


def children(parent: int) -> list[int]:
    """The processes that a process has started, oldest first."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True)
    return sorted(map(int, found.stdout.split()))
