"""What stops a run: a full disk, a log that cannot be written, divergence, signals, another run.

Each ends with a sentence that names the file or the epoch and the way on; finished epochs are
kept, and what goes on ends as a run that was not stopped.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from netdsl.diagnostics import UserError
from netdsl.training.run import RunFolder
from tests.faults.runs import EPOCHS, Whole, check_files, check_finished, drafts, result


def started(whole: Whole, folder: Path, *options: object) -> tuple[Path, Path]:
    """A run that is begun in a folder and trains by now; its folder and its output."""
    run, output = folder / "run", folder / "output"
    spec = [whole.spec, "--backend", whole.netdsl.backend, "--out", run, "--device", "cpu"]
    whole.netdsl.start("train", *spec, *options, output=output)
    return run, output


def wait_for(path: Path, text: str) -> None:
    """Until a text stands in a file."""
    over = time.perf_counter() + 60
    while not path.is_file() or text not in path.read_text(encoding="utf-8"):
        assert time.perf_counter() < over, path.read_text(encoding="utf-8")
        time.sleep(0.001)


def goes_on(whole: Whole, run: Path, output: Path) -> None:
    """The run goes on to the end of an undisturbed one."""
    assert whole.netdsl.train("--resume", run, output=output) == 0, output.read_text("utf-8")
    assert result(run) == whole.result


def last_line(output: Path) -> str:
    return output.read_text(encoding="utf-8").splitlines()[-1]


def kept(path: Path, told: str, run: Path) -> str:
    """What a failure in training is told as."""
    way = f"finished epochs are kept: netdsl train --resume {run}"
    return f"error: {path}: {told}; {way}"


def test_a_full_disk(torch_run: Whole, tmp_path: Path) -> None:
    """The system lets no file grow beyond a limit, which the momentum of the first epoch does."""
    run, output = tmp_path / "run", tmp_path / "output"
    assert torch_run.netdsl.train(torch_run.spec, "--out", run, output=output, limit=3000) == 1
    assert last_line(output) == kept(run / "state.safetensors", "File too large", run)
    check_files(run)
    check_finished(run, output)
    assert drafts(run) == []
    # Then only the picture at the end has no place.
    assert torch_run.netdsl.train("--resume", run, output=output, limit=10_000) == 1
    assert last_line(output) == f"error: {run}/curves.png: File too large"
    assert RunFolder(run).state().epoch == EPOCHS
    goes_on(torch_run, run, output)


def test_a_disk_that_is_full_from_the_start(torch_run: Whole, tmp_path: Path) -> None:
    run, output = tmp_path / "run", tmp_path / "output"
    assert torch_run.netdsl.train(torch_run.spec, "--out", run, output=output, limit=1000) == 1
    assert last_line(output) == f"error: {run}/state.safetensors: File too large"
    assert torch_run.netdsl.train("--resume", run, output=output) == 1
    assert "is no run folder" in last_line(output)
    assert "train anew" in last_line(output)


def test_a_log_without_room(torch_run: Whole, tmp_path: Path) -> None:
    """The line that finds no room is cut off in the middle."""
    run, output = tmp_path / "run", tmp_path / "output"
    # Without momentum the state is smaller than this log.
    without = "train.optimizer=sgd(lr=0.05)"
    spec = [torch_run.spec, "--set", "train.epochs=20", "--set", without]
    assert torch_run.netdsl.train(*spec, "--out", tmp_path / "whole", output=output) == 0
    output.unlink()
    assert torch_run.netdsl.train(*spec, "--out", run, output=output, limit=3000) == 1
    assert last_line(output) == kept(run / "log.jsonl", "File too large", run)
    assert (run / "log.jsonl").stat().st_size == 3000
    check_files(run)
    check_finished(run, output)
    assert torch_run.netdsl.train("--resume", run, output=output) == 0
    assert result(run) == result(tmp_path / "whole")


def test_a_log_that_cannot_be_written(torch_run: Whole, tmp_path: Path) -> None:
    """A folder in its place, since permissions do not stop everybody."""
    run, output = started(torch_run, tmp_path)
    wait_for(output, "epoch  3/")
    os.kill(torch_run.netdsl.pid, signal.SIGTERM)
    torch_run.netdsl.wait()
    (run / "log.jsonl").rename(tmp_path / "log")
    (run / "log.jsonl").mkdir()
    assert torch_run.netdsl.train("--resume", run, output=output) == 1
    assert last_line(output) == kept(run / "log.jsonl", "Is a directory", run)
    (run / "log.jsonl").rmdir()
    (tmp_path / "log").rename(run / "log.jsonl")
    goes_on(torch_run, run, output)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal(torch_run: Whole, tmp_path: Path, number: signal.Signals, status: int) -> None:
    run, output = started(torch_run, tmp_path)
    wait_for(output, "epoch  2/")
    os.kill(torch_run.netdsl.pid, number)
    assert torch_run.netdsl.wait() == status
    way = f"netdsl train --resume {run}"
    assert last_line(output) == f"stopped; finished epochs are kept: {way}"
    check_files(run)
    check_finished(run, output)
    assert drafts(run) == []
    goes_on(torch_run, run, output)


def test_divergence(torch_run: Whole, tmp_path: Path) -> None:
    """The epochs before stay, and a lower rate goes on from them, whatever the optimizer is."""
    run, output = tmp_path / "run", tmp_path / "output"
    few = [torch_run.spec, "--set", "train.epochs=2", "--out", run]
    assert torch_run.netdsl.train(*few, output=output) == 0
    before = RunFolder(run).state()
    steep = ["--set", "train.optimizer=sgd(lr=1e30, momentum=0.9)", "--set", "train.epochs=5"]
    assert torch_run.netdsl.train("--resume", run, *steep, output=output) == 1
    assert "epoch 3: training diverged, which a lower learning rate" in last_line(output)
    assert f"finished epochs are kept: netdsl train --resume {run}" in last_line(output)
    after = RunFolder(run).state()
    assert after.epoch == 2
    assert all((after.weights[name] == values).all() for name, values in before.weights.items())
    gentle = ["--set", "train.optimizer=adam(lr=1e-4)"]
    assert torch_run.netdsl.train("--resume", run, *gentle, output=output) == 0
    assert RunFolder(run).state().epoch == 5
    assert len(RunFolder(run).log()) == 5


def test_weights_that_are_no_numbers_are_not_kept(torch_run: Whole, tmp_path: Path) -> None:
    """The figures of the only step are those before it, and there is no validation."""
    run, output = tmp_path / "run", tmp_path / "output"
    settings = ["batch=all", "split=(0.8, 0, 0.2)", "optimizer=sgd(lr=1e39)"]
    options = [item for setting in settings for item in ("--set", f"train.{setting}")]
    options += ["--set", "train.early_stopping=none"]
    assert torch_run.netdsl.train(torch_run.spec, *options, "--out", run, output=output) == 1
    assert "is not finite after epoch 1: training diverged" in last_line(output)
    assert RunFolder(run).state().epoch == 0


def test_one_run_is_trained_by_one_process(torch_run: Whole, tmp_path: Path) -> None:
    run, output = started(torch_run, tmp_path)
    wait_for(output, "epoch  1/")
    os.kill(torch_run.netdsl.pid, signal.SIGSTOP)
    with pytest.raises(UserError, match="another process trains"), RunFolder(run).held():
        pass
    os.kill(torch_run.netdsl.pid, signal.SIGCONT)
    assert torch_run.netdsl.wait() == 0
    assert result(run) == torch_run.result
