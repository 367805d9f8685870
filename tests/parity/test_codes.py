"""Autoencoders and nets for masks compute and learn alike on every backend.

Through draws, indices of pools and sums of scores too.
"""

from __future__ import annotations

import pytest

from netdsl.api import load
from netdsl.graph import named_weights
from tests.conftest import REPOSITORY
from tests.parity.agreement import agreed

EXAMPLES = [
    *("autoencoder", "convolutional_autoencoder", "denoising", "vae"),
    *("masks/unet", "masks/segnet", "masks/fcn"),
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_backends_agree(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = agreed(f"{name}.net", capsys)
    # Of a variational one they are of both ways into the draw.
    graph = load(str(REPOSITORY / f"examples/{name}.net")).elaborated.graph
    weights = [named.name for named in named_weights(graph) if named.trained]
    assert [row["name"] for row in found["gradients"]] == weights
