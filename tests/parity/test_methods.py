"""The nets of the methods compute the same on every backend; their steps: tests/training."""

from __future__ import annotations

import json

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY


@pytest.mark.parametrize("net", ["gan.net:Painter", "hopfield.net:Digits", "style.net"])
def test_backends_agree(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(REPOSITORY / f"examples/{net}")
    assert main(["parity", spec, "--optimizer", "sgd", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for row in found["forward"] + found["outputs"]:
        assert row["keras"] < 1e-5 > row["onnx"]
    for row in found["gradients"] + found["steps"]["sgd"]:
        assert row["keras"] < 1e-9


def test_the_critic_agrees_but_for_the_slope(capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(REPOSITORY / "examples/gan.net:Critic")
    assert main(["parity", spec, "--optimizer", "sgd", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for row in found["forward"] + found["outputs"]:
        assert row["keras"] < 1e-5 > row["onnx"]
    # TensorFlow keeps the slope of `leaky_relu` in single precision.
    for row in found["gradients"] + found["steps"]["sgd"]:
        assert row["keras"] < 1e-7
