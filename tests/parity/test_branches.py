"""Nets of several inputs, outputs and shared parts compute and learn alike on every backend."""

from __future__ import annotations

import pytest

from netdsl.cli.specs import open_spec
from netdsl.training.metrics import evaluated
from netdsl.training.plan import make_plan
from tests.backends.keras.engines import on_keras, on_torch
from tests.conftest import REPOSITORY
from tests.parity.agreement import agreed

NETS = [
    "siamese.net",
    "triplet.net",
    "multitask.net",
    "inputs.net",
    "perceptron.net:Perceptron",
    "perceptron.net:Layers",
    "maxout.net",
]


@pytest.mark.parametrize("name", NETS)
def test_backends_agree(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert agreed(name, capsys)


@pytest.mark.parametrize("name", ["siamese", "triplet", "multitask", "perceptron"])
def test_figures_agree(name: str) -> None:
    spec = open_spec(str(REPOSITORY / f"examples/{name}.net"), {}, None)
    made = make_plan(spec.trained, spec.training, spec.folder)
    rows = made.split.test
    found = [
        evaluated(engine, made.task, made.metrics, made.data.classes, rows)
        for engine in (on_torch(made), on_keras(made))
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    told = [metric.figure for metric in made.metrics if metric.figure != "accuracy"]
    assert set(told) < found[0].keys()
