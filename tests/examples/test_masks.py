"""Nets that say of each pixel which shape it is of, over photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import jaccard_score

from netdsl.cli.main import main
from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

# The least iou on the test share at the end, and after the few epochs of a short training. Calling
# all of it background reaches 0.2.
CASES = {"unet": (0.9, 0.45), "segnet": (0.85, 0.45), "fcn": (0.8, 0.4)}
SHORT = {} if WHOLE else {"train.epochs": "2"}


@pytest.fixture(scope="module", params=CASES)
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Plan, dict[str, Any]]:
    """The name of an example, its run, its plan and its result."""
    run = tmp_path_factory.mktemp("masks") / "run"
    spec = open_spec(str(REPOSITORY / f"examples/masks/{request.param}.net"), SHORT, None)
    begun = session.start(spec, "torch", run, "cpu")
    begun.train(Silent())
    return request.param, run, begun.plan, begun.finish()


def test_it_reaches_what_its_comment_says(
    trained: tuple[str, Path, Plan, dict[str, Any]],
) -> None:
    name, _, _, found = trained
    assert found["iou"] >= CASES[name][0 if WHOLE else 1]
    by_class = {kind: figures["iou"] for kind, figures in found["classes"].items()}
    assert list(by_class) == ["background", "disc", "triangle", "square"]
    assert np.mean(list(by_class.values())) == pytest.approx(found["iou"], abs=1e-9)


def test_its_masks_are_what_its_figures_count(
    trained: tuple[str, Path, Plan, dict[str, Any]], tmp_path: Path
) -> None:
    """Masks of the test share as files, judged by scikit-learn, on the other backend."""
    _, run, plan, found = trained
    rows = plan.split.test
    np.savez(tmp_path / "test.npz", image=plan.data.fields["image"].array[rows])
    predict = ["predict", str(run), str(tmp_path / "test.npz"), "--backend", "keras"]
    assert main([*predict, "-o", str(tmp_path / "masks"), "--plain"]) == 0
    masks = [np.asarray(Image.open(tmp_path / f"masks/test_{n}.png")) for n in range(len(rows))]
    right = plan.data.fields["mask"].array[rows]
    each = jaccard_score(right.ravel(), np.stack(masks).ravel(), average=None)
    # A pixel that two classes share may fall either way.
    told = [figures["iou"] for figures in found["classes"].values()]
    assert each == pytest.approx(told, abs=1e-3)
