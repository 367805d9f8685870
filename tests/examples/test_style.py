"""A photograph in the style of another: the loss falls as the comment says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netdsl.cli.specs import open_spec
from netdsl.training import session
from tests.conftest import REPOSITORY
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/style.net")


@pytest.mark.skipif(not WHOLE, reason="takes half a minute: make examples")
def test_the_loss_falls_as_the_comment_says(tmp_path: Path) -> None:
    begun = session.start(open_spec(SPEC, {}, None), "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    first, *_, last = begun.run.log()
    assert last["loss"] < first["loss"] / 100
    with Image.open(tmp_path / f"run/pictures/{last['epoch']:04}.png") as picture:
        pixels = np.asarray(picture, np.float64) / 255
    fields = begun.plan.data.fields
    content, style = (fields[name].array[0] / 255 for name in ("content", "style"))
    # Its colours are those of the style.
    means = [one.mean(axis=(0, 1)) for one in (pixels, content, style)]
    assert np.abs(means[0] - means[2]).max() < np.abs(means[1] - means[2]).max() / 2


def test_a_few_steps_lessen_the_loss(tmp_path: Path) -> None:
    sets = {"train.steps": "5", "train.schedule": "constant"}
    begun = session.start(open_spec(SPEC, sets, None), "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    told = begun.run.log()[0]["loss"]
    assert begun.finish()["loss"] < told / 2
