"""Going on after a stop gives the weights of a run that never stopped; the best weights stay."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from netdsl.backends.engine import Array
from netdsl.catalog.augmentations import Mixup, Noise
from netdsl.catalog.optimizers import Adam, Sgd
from netdsl.catalog.settings import Patience
from netdsl.diagnostics import UserError
from netdsl.training import loop
from netdsl.training.interrupt import Interruptions
from netdsl.training.plan import Plan
from netdsl.training.run import RunFolder
from tests.training.nets import Silent, engine, plan


def begun(made: Plan, path: Path) -> RunFolder:
    path.mkdir()
    run = RunFolder(path)
    loop.begin(made, partial(engine, made), run)
    return run


def train(made: Plan, run: RunFolder, listener: Silent | None = None) -> None:
    """Trains with a fresh engine, as a new process would."""
    loop.train(made, partial(engine, made), run, listener or Silent())


def same(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(values, other[name]) for name, values in one.items()
    )


class PressesCtrlC(Silent):
    """Sends the signal of Ctrl-C to this process in the middle of an epoch, or at its end."""

    def __init__(self, epoch: int, in_the_middle: bool, times: int = 1) -> None:
        super().__init__()
        self.at = epoch
        self.in_the_middle = in_the_middle
        self.times = times

    def examples_done(self, count: int) -> None:
        if self.epoch == self.at and self.in_the_middle:
            os.kill(os.getpid(), signal.SIGINT)

    def epoch_ends(self, entry: dict[str, object]) -> None:
        super().epoch_ends(entry)
        if self.epoch == self.at and not self.in_the_middle:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("optimizer", [Adam(0.02), Sgd(0.1, momentum=0.9)])
@pytest.mark.parametrize(("in_the_middle", "finished"), [(True, 1), (False, 2)])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    tmp_path: Path, optimizer: Adam | Sgd, in_the_middle: bool, finished: int
) -> None:
    made = plan(optimizer=optimizer, early_stopping=Patience(3))
    whole, stopped = begun(made, tmp_path / "whole"), begun(made, tmp_path / "stopped")
    train(made, whole)
    with pytest.raises(KeyboardInterrupt):
        train(made, stopped, PressesCtrlC(2, in_the_middle))
    assert stopped.state().epoch == finished
    assert [entry["epoch"] for entry in stopped.log()] == list(range(1, finished + 1))
    train(made, stopped)
    assert same(whole.state().weights, stopped.state().weights)
    assert same(whole.state().optimizer, stopped.state().optimizer)
    assert same(whole.weights(), stopped.weights())
    without_time = [[{**entry, "seconds": 0} for entry in run.log()] for run in (whole, stopped)]
    assert without_time[0] == without_time[1]


def test_what_was_augmented_goes_on_as_if_it_was_not_stopped(tmp_path: Path) -> None:
    made = plan(augment=(Noise(0.1), Mixup()))
    whole, stopped = begun(made, tmp_path / "whole"), begun(made, tmp_path / "stopped")
    train(made, whole)
    with pytest.raises(KeyboardInterrupt):
        train(made, stopped, PressesCtrlC(2, True))
    train(made, stopped)
    assert same(whole.state().weights, stopped.state().weights)


def test_ctrl_c_twice_while_files_are_written(tmp_path: Path) -> None:
    made = plan()
    run = begun(made, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        train(made, run, PressesCtrlC(2, in_the_middle=False, times=2))
    assert run.state().epoch == 2
    assert not [path for path in run.path.iterdir() if path.name.startswith(".")]


def test_a_death_between_log_and_state_is_mended(tmp_path: Path) -> None:
    made = plan(epochs=2)
    run = begun(made, tmp_path / "run")
    train(made, run)
    expected = [entry["loss"] for entry in run.log()]
    run.append_log({"epoch": 3, "loss": 0.0})
    with (run.path / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"epoch": 4, "lo')
    longer = plan(epochs=3)
    train(longer, run)
    losses = [entry["loss"] for entry in run.log()]
    assert losses[:2] == expected
    assert len(losses) == 3
    assert losses[2] != 0.0


def test_a_run_that_is_done_stays(tmp_path: Path) -> None:
    made = plan(epochs=2)
    run = begun(made, tmp_path / "run")
    train(made, run)
    before = (run.path / "state.safetensors").read_bytes()
    train(made, run)
    assert (run.path / "state.safetensors").read_bytes() == before


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy"])
def test_early_stopping_keeps_the_best_weights(tmp_path: Path, monitor: str) -> None:
    made = plan(optimizer=Adam(0.1), epochs=60, early_stopping=Patience(2, monitor=monitor))
    run = begun(made, tmp_path / "run")
    train(made, run)
    log = run.log()
    figures = [entry[monitor] for entry in log]
    best = figures.index(min(figures) if monitor == "val_loss" else max(figures))
    assert len(log) == best + 3 < 60
    assert [entry["epoch"] for entry in log if entry["kept"]][-1] == best + 1
    kept = engine(made)
    kept.put_weights(run.weights())
    name = monitor.removeprefix("val_")
    assert kept.evaluate(made.split.validation)[name] == figures[best]
    assert not same(run.weights(), run.state().weights)


def test_without_early_stopping_the_last_weights_are_kept(tmp_path: Path) -> None:
    made = plan()
    run = begun(made, tmp_path / "run")
    train(made, run)
    assert same(run.weights(), run.state().weights)


@pytest.mark.parametrize("batch", [7, 2, "all"])
def test_sizes_of_batches(tmp_path: Path, batch: int | str) -> None:
    made = plan(batch=batch)
    run = begun(made, tmp_path / "run")
    train(made, run)
    assert len(run.log()) == 4


def test_divergence_is_told_and_what_was_finished_stays(tmp_path: Path) -> None:
    made = plan(optimizer=Sgd(1e30))
    run = begun(made, tmp_path / "run")
    with pytest.raises(UserError, match="training diverged"):
        train(made, run)
    assert run.state().epoch == len(run.log())


def test_the_log_is_one_json_object_for_each_epoch(tmp_path: Path) -> None:
    made = plan(epochs=2)
    run = begun(made, tmp_path / "run")
    train(made, run)
    lines = (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    entry = json.loads(lines[1])
    assert list(entry) == [
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "rate",
        "seconds",
        "kept",
    ]


def test_ctrl_c_has_its_old_meaning_again_afterwards(tmp_path: Path) -> None:
    before: object = signal.getsignal(signal.SIGINT)
    made = plan(epochs=1)
    train(made, begun(made, tmp_path / "run"))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_deferred_block_ends_before_it_is_interrupted() -> None:
    done: list[str] = []
    interruptions = Interruptions()
    press: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGINT)  # noqa: E731
    with pytest.raises(KeyboardInterrupt), interruptions.watched():
        with interruptions.deferred():
            press()
            press()
            done.append("written")
        done.append("never")
    assert done == ["written"]
