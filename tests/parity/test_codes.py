"""Autoencoders and nets for masks compute and learn alike on every backend.

Through draws, indices of pools and sums of scores too.
"""

from __future__ import annotations

import json

import pytest

from netdsl.api import load
from netdsl.cli.main import main
from netdsl.graph import named_weights
from tests.conftest import REPOSITORY

EXAMPLES = [
    *("autoencoder", "convolutional_autoencoder", "denoising", "vae"),
    *("masks/unet", "masks/segnet", "masks/fcn"),
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_backends_agree(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(REPOSITORY / f"examples/{name}.net")
    assert main(["parity", spec, "--optimizer", "sgd", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for row in found["forward"] + found["outputs"]:
        assert row["keras"] < 1e-5 > row["onnx"]
    # In double precision. Of a variational one they are of both ways into the draw.
    weights = [named.name for named in named_weights(load(spec).elaborated.graph) if named.trained]
    assert [row["name"] for row in found["gradients"]] == weights
    for row in found["gradients"] + found["steps"]["sgd"]:
        assert row["keras"] < 1e-9
