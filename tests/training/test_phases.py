"""Phases: each with settings of its own, one after the other, as exact after a stop as without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netdsl
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import UserError
from netdsl.training import session
from tests.training.nets import Silent

TEXT = """net Net {
  input features: 4
  dense(8) -> batchnorm as base -> relu -> dense(3) as head -> softmax
}
train {
  data      = iris
  loss      = cross_entropy
  optimizer = adam(lr=0.01)
  batch     = 20
  epochs    = 2
  ema       = 0.5
  phase head {
    freeze    = [dense1, base]
    optimizer = sgd(lr=0.1)
    schedule  = step(1, factor=0.5)
    ema       = none
  }
  phase {
    epochs         = 3
    schedule       = plateau(1, factor=0.5, monitor=val_loss)
    early_stopping = patience(2)
  }
}
"""


class StopsAfter(Silent):
    """Presses Ctrl-C at the end of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._last = epoch

    def epoch_ends(self, entry: dict[str, object]) -> None:
        super().epoch_ends(entry)
        if entry["epoch"] == self._last:
            raise KeyboardInterrupt


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.net"
    path.write_text(TEXT, encoding="utf-8")
    return path


def begun(file: Path, name: str = "run", **sets: str) -> session.Session:
    return session.start(open_spec(str(file), sets, None), "torch", file.parent / name, "cpu")


def test_each_phase_has_its_settings(file: Path) -> None:
    made = begun(file)
    assert [phase.name for phase in made.plan.phases] == ["head", "phase2"]
    assert made.plan.epochs == 5
    first = made.run.state().weights
    made.train(Silent())
    log = made.run.log()
    assert [(entry["epoch"], entry["phase"]) for entry in log] == [
        (1, "head"),
        (2, "head"),
        (3, "phase2"),
        (4, "phase2"),
        (5, "phase2"),
    ]
    assert [entry["rate"] for entry in log] == pytest.approx([0.1, 0.05, 0.01, 0.01, 0.01])
    stored = json.loads((file.parent / "run/settings.json").read_text("utf-8"))
    head, second = stored["phases"]
    assert head.keys() == {"name", "freeze", "optimizer", "schedule", "ema"}
    assert second["schedule"]["name"] == "plateau"
    assert stored["settings"]["ema"] == 0.5
    after = made.run.state()
    assert (after.phase, after.done, after.epoch) == (1, 3, 5)
    assert not np.array_equal(first["dense1.weight"], after.weights["dense1.weight"])


def test_what_a_phase_freezes_stays_until_its_end(file: Path) -> None:
    made = begun(file)
    first = made.run.state().weights
    with pytest.raises(KeyboardInterrupt):
        made.train(StopsAfter(2))
    after = made.run.state().weights
    moved = {name for name in first if not np.array_equal(first[name], after[name])}
    assert moved == {"head.weight", "head.bias"}


@pytest.mark.parametrize("epoch", [1, 2, 3, 4])
def test_a_stop_changes_nothing(file: Path, epoch: int) -> None:
    whole, stopped = begun(file, "whole"), begun(file, "stopped")
    whole.train(Silent())
    with pytest.raises(KeyboardInterrupt):
        stopped.train(StopsAfter(epoch))
    again = session.resume(file.parent / "stopped", {}, "cpu", open_spec)
    again.train(Silent())
    for one, other in (
        (whole.run.state().weights, again.run.state().weights),
        (whole.run.state().optimizer, again.run.state().optimizer),
        (whole.run.weights(), again.run.weights()),
    ):
        assert one.keys() == other.keys()
        assert all(np.array_equal(values, other[name]) for name, values in one.items())
    assert whole.finish() == again.finish()


def test_a_phase_begins_with_the_weights_that_were_kept(file: Path) -> None:
    text = TEXT.replace("    ema       = none\n", "").replace("epochs         = 3", "epochs = 1")
    file.write_text(text.replace("sgd(lr=0.1)", "sgd(lr=0.5)"), encoding="utf-8")
    made = begun(file)
    with pytest.raises(KeyboardInterrupt):
        made.train(StopsAfter(2))
    kept, last = made.run.weights(), made.run.state().weights
    assert not np.array_equal(kept["head.weight"], last["head.weight"])
    first = session.resume(
        file.parent / "run", {"train.phase2.optimizer": "sgd(0)"}, "cpu", open_spec
    )
    first.train(Silent())
    assert np.array_equal(first.run.state().weights["head.weight"], kept["head.weight"])


def test_a_phase_is_made_longer(file: Path) -> None:
    begun(file).train(Silent())
    longer = session.resume(file.parent / "run", {"train.phase2.epochs": "4"}, "cpu", open_spec)
    longer.train(Silent())
    assert longer.run.state().epoch == 6


def test_steps_end_in_the_middle_of_an_epoch(file: Path) -> None:
    text = TEXT[: TEXT.index("  phase head")] + "  steps = 7\n}\n"
    file.write_text(text, encoding="utf-8")
    made = begun(file)
    made.train(Silent())
    assert [entry["epoch"] for entry in made.run.log()] == [1, 2]
    assert int(made.run.state().optimizer["head.weight.step"]) == 7


WRONG: dict[str, tuple[str, str]] = {
    "phase { phase { } }": ("wrong-value", "a phase stands in a train section"),
    "phase {\n seed = 3 }": ("wrong-value", "seed holds for the whole run"),
    "phase {\n freez = [a] }": ("unknown-setting", "train has no setting freez"),
    "freeze = 3": ("wrong-value", "freeze expects names of layers"),
    "precision = bfloat8": ("unknown-name", "bfloat8"),
    "schedule = cosine(warmup=-1)": ("wrong-value", "warmup expects a number of at least 0"),
    "schedule = adam": ("wrong-value", "schedule expects a schedule"),
}


@pytest.mark.parametrize("written", WRONG)
def test_mistakes_are_told_at_their_place(written: str) -> None:
    code, message = WRONG[written]
    section = f"train {{\ndata = iris\nloss = mse\noptimizer = adam\n{written}\n}}\n"
    spec = netdsl.read("net.net", text=section + "net N {\n input x: 4\n dense(3)\n}\n")
    assert spec.training() is None
    (found,) = spec.diagnostics
    assert found.code == code and message in found.message
    assert found.label.span.text in written


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({"train.tail.epochs": "3"}, "there is no phase tail"),
        ({"train.batch": "all", "train.accumulate": "2"}, "accumulate needs a number"),
        ({"train.accumulate": "80"}, "accumulate=80 needs 160 examples"),
        ({"train.head.schedule": "plateau(monitor=f1)"}, "plateau cannot watch f1"),
        ({"train.phase2.early_stopping": "patience(1, monitor=val_los)"}, "cannot watch val_los"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_runs(
    file: Path, sets: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        begun(file, **sets)
    assert not (file.parent / "run").exists()
