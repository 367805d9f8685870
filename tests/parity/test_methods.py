"""The nets of the methods compute the same on every backend; their steps: tests/training."""

from __future__ import annotations

import pytest

from tests.parity.agreement import agreed


@pytest.mark.parametrize("net", ["gan.net:Painter", "hopfield.net:Digits", "style.net"])
def test_backends_agree(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert agreed(net, capsys)


def test_the_critic_agrees_but_for_the_slope(capsys: pytest.CaptureFixture[str]) -> None:
    # TensorFlow keeps the slope of `leaky_relu` in single precision.
    assert agreed("gan.net:Critic", capsys, 1e-7)
