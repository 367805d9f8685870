"""States go from window to window on every engine of Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netdsl.catalog.losses import CrossEntropy, LossSum, LossTerm
from netdsl.catalog.optimizers import Sgd
from netdsl.catalog.sources import Text
from netdsl.training.plan import Plan
from tests.backends.keras.engines import difference, epoch, on_keras, on_torch, plan

WRITER = """\
  input tokens: 5 of int
  embedding(9, 6)
  lstm(8, return=sequence) -> gru(7, return=sequence, bias=double)
  dense(9) -> softmax
"""
LANES = 4


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    """Settings over 70 windows of training, which do not come out even in the lanes."""
    (folder / "t.txt").write_text("a rat sat on a hat. " * 25 + "\n", encoding="utf-8")
    given = {
        "data": Text(file="t.txt", length=5, vocabulary=9),
        "loss": LossSum((LossTerm(CrossEntropy()),)),
        "optimizer": Sgd(lr=0.5),
        "batch": LANES,
        "carry": True,
    }
    return {"base": folder, **given, **changes}


def writer(folder: Path, body: str = WRITER, **changes: Any) -> Plan:
    """The plan of a net with these settings."""
    return plan(body, **settings(folder, **changes))


def test_epochs_and_evaluations_are_those_of_pytorch(tmp_path: Path) -> None:
    made = writer(tmp_path)
    assert len(made.split.train) % LANES and len(made.split.test) % LANES
    engines = [on_torch(made), on_keras(made)]
    for number in (1, 2):
        one, other = (epoch(engine, made, number) for engine in engines)
        assert other == pytest.approx(one, rel=1e-5)
        one, other = (engine.evaluate(made.split.test) for engine in engines)
        assert other == pytest.approx(one, rel=1e-5)
        watched = engines[1].evaluate(made.split.test, lambda outputs, fields: None)
        assert watched == pytest.approx(one, rel=1e-5)
    one, other = (engine.weights() for engine in engines)
    assert difference(one, other) < 1e-4


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_other_precisions_are_close(tmp_path: Path, precision: str) -> None:
    wanted = epoch(on_torch(writer(tmp_path)), writer(tmp_path))["loss"]
    made = writer(tmp_path, precision=precision)
    for start in (on_torch, on_keras):
        assert epoch(start(made), made)["loss"] == pytest.approx(wanted, rel=0.02)
