"""Events of a run, read back by TensorBoard."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from netdsl.cli.main import main
from netdsl.training import curves
from netdsl.training.progress import TerminalProgress
from tests.conftest import REPOSITORY

SPEC = str(REPOSITORY / "examples" / "iris.net")
EPOCHS = ["--set", "train.epochs=3", "--device", "cpu"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and no curves, which take longer than the training here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of each scalar, as TensorBoard reads them."""
    found = EventAccumulator(str(folder))
    found.Reload()
    return {
        tag: [(event.step, event.value) for event in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def logged(run: Path, name: str) -> list[tuple[int, float]]:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [(entry["epoch"], pytest.approx(entry[name], rel=1e-6)) for entry in entries]


def test_the_scalars_are_those_of_the_log(tmp_path: Path) -> None:
    assert main(["train", SPEC, "--out", "run", *EPOCHS, "--tensorboard"]) == 0
    told = events(tmp_path / "run/tensorboard")
    assert {"loss/train", "loss/validation", "accuracy/validation", "seconds"} <= told.keys()
    assert told["loss/train"] == logged(tmp_path / "run", "loss")
    assert told["accuracy/validation"] == logged(tmp_path / "run", "val_accuracy")
    assert [step for step, _ in told["loss/train"]] == [1, 2, 3]


def test_a_run_that_goes_on_has_every_epoch_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(self: TerminalProgress, entry: dict[str, object]) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TerminalProgress, "epoch_ends", press)
        assert main(["train", SPEC, "--out", "run", *EPOCHS, "--tensorboard", "events"]) == 130
    # An epoch that was logged, and whose state was not written, is trained again.
    run = tmp_path / "run"
    entry = json.loads((run / "log.jsonl").read_text(encoding="utf-8"))
    with (run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry | {"epoch": 2, "loss": 99.0}) + "\n")
    assert main(["train", "--resume", "run", "--device", "cpu", "--tensorboard", "events"]) == 0
    told = events(tmp_path / "events/run")
    assert told["loss/train"] == logged(run, "loss")
    assert [step for step, _ in told["loss/train"]] == [1, 2, 3]
    assert len(list((tmp_path / "events/run").iterdir())) == 1


def test_a_run_that_is_done_gets_its_events_afterwards(tmp_path: Path) -> None:
    assert main(["train", SPEC, "--out", "run", *EPOCHS]) == 0
    (tmp_path / "events/run").mkdir(parents=True)
    (tmp_path / "events/run/notes.txt").write_text("mine", encoding="utf-8")
    for _ in range(2):
        assert main(["train", "--resume", "run", "--tensorboard", "events", "--device", "cpu"]) == 0
    assert len(list((tmp_path / "events/run").iterdir())) == 2
    assert events(tmp_path / "events/run")["loss/train"] == logged(tmp_path / "run", "loss")


def test_rates_are_told_where_the_log_has_them() -> None:
    from netdsl.training.tensorboard import scalars

    entry = {"epoch": 1, "loss": 0.5, "val_f1": 0.25, "rate": 0.1, "phase": "head", "kept": True}
    assert scalars(entry | {"seconds": 2.0}) == {
        "loss/train": 0.5,
        "f1/validation": 0.25,
        "rate": 0.1,
        "seconds": 2.0,
    }


def test_no_framework_is_imported_for_events() -> None:
    code = (
        "import sys; from pathlib import Path; from netdsl.training.tensorboard import _begin;"
        "_begin(Path('events'), [{'epoch': 1, 'loss': 0.5, 'seconds': 1.0}]).close();"
        "print(*{'torch', 'tensorflow', 'keras', 'jax'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=_with_netdsl())
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


def _with_netdsl() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY)}


def test_a_missing_package_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert main(["train", SPEC, "--out", "run", "--tensorboard"]) == 1
    assert capsys.readouterr().err == (
        'error: TensorBoard is not installed; install it with `pip install "netdsl[tensorboard]"`\n'
    )
    assert not (tmp_path / "run").exists()


def test_a_spec_that_is_taken_for_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--tensorboard", SPEC]) == 2
    assert "write SPEC before it" in capsys.readouterr().err
