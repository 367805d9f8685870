"""Nets of several inputs, outputs and shared parts compute and learn alike on every backend."""

from __future__ import annotations

import json

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY

NETS = [
    "siamese.net",
    "triplet.net",
    "multitask.net",
    "perceptron.net:Perceptron",
    "perceptron.net:Layers",
    "maxout.net",
]


@pytest.mark.parametrize("name", NETS)
def test_backends_agree(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(REPOSITORY / f"examples/{name}")
    assert main(["parity", spec, "--optimizer", "sgd", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for row in found["forward"] + found["outputs"]:
        assert row["keras"] < 1e-5 > row["onnx"]
    for row in found["gradients"] + found["steps"]["sgd"]:
        assert row["keras"] < 1e-9
