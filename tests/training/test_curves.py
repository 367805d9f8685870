"""The picture of the curves: what is seen of short runs."""

from __future__ import annotations

import pytest

from netdsl.training.curves import plotted


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_epochs_are_whole_and_a_single_one_is_seen(count: int) -> None:
    log = [{"epoch": epoch, "loss": 1 / epoch, "val_loss": 1.0} for epoch in range(1, count + 1)]
    (axes,) = plotted(log, kept=count).axes
    low, high = axes.get_xlim()
    shown = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert shown
    assert all(tick == round(tick) for tick in shown)
    training, validation, _ = axes.lines
    assert (training.get_marker() == "o") == (validation.get_marker() == "o") == (count == 1)
