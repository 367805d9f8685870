"""Towers that share their weights tell digits apart that training has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score
from sklearn.metrics.pairwise import paired_distances
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from netdsl.backends.engine import Array
from netdsl.cli.specs import open_spec
from netdsl.training import answering, session
from netdsl.training.codes import codes
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/siamese.net")
HALF_THE_MARGIN = 2


class Run:
    """A run of the example: its folder, plan and result, and the distances of the test pairs."""

    def __init__(self, folder: Path) -> None:
        begun = session.start(open_spec(SPEC, {}, None), "torch", folder, "cpu")
        begun.train(Silent())
        self.folder, self.plan, self.result = folder, begun.plan, begun.finish()
        one, other = (codes(folder, name, "cpu", open_spec).values for name in ("one", "other"))
        self.distances: Array = paired_distances(one, other)
        self.same: Array = self.plan.data.fields["same"].array[self.plan.split.test]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("runs") / "siamese")


def test_pairs_are_told_as_the_comment_says(run: Run) -> None:
    assert run.result["accuracy"] >= 0.96
    assert run.result["auc"] >= 0.99


def test_its_figures_are_those_of_scikit_learn_over_the_distances(run: Run) -> None:
    near = run.distances < HALF_THE_MARGIN
    result, yes = run.result, run.result["classes"]["yes"]
    assert result["accuracy"] == pytest.approx(accuracy_score(run.same, near))
    assert yes["precision"] == pytest.approx(precision_score(run.same, near))
    assert yes["recall"] == pytest.approx(recall_score(run.same, near))
    assert result["auc"] == pytest.approx(roc_auc_score(run.same, -run.distances), abs=1e-6)


def test_two_pictures_are_a_pair(run: Run, tmp_path: Path) -> None:
    plan, count = run.plan, 4
    rows = plan.split.test[:count]
    files = [tmp_path / f"{at}{name}.png" for at in range(count) for name in "ab"]
    for file, picture in zip(files, pictures(plan, rows), strict=True):
        Image.fromarray(picture).save(file)
    told = answering.predict(run.folder, files, "cpu", open_spec)
    assert told[0]["input"] == f"{files[0]}, {files[1]}"
    found = [one["distance"] for one in told]
    # Sixteen levels of grey are not bytes exactly.
    np.testing.assert_allclose(found, run.distances[:count], rtol=0.05)
    assert [one["class"] for one in told] == [
        "yes" if distance < HALF_THE_MARGIN else "no" for distance in found
    ]


def pictures(plan: Plan, rows: Array) -> list[Array]:
    """The pictures of these pairs, one after the other, as bytes."""
    both = [plan.data.fields[name].array[rows] for name in ("first", "second")]
    return list(np.round(255 * np.stack(both, 1)[..., 0]).astype(np.uint8).reshape(-1, 8, 8))


def test_codes_of_triplets_have_their_class_near(tmp_path: Path) -> None:
    spec = open_spec(str(REPOSITORY / "examples/triplet.net"), {}, None)
    begun = session.start(spec, "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    result, plan = begun.finish(), begun.plan
    assert result["code_recall_at1"] >= 0.92
    found = codes(tmp_path / "run", "code", "cpu", open_spec)
    assert result["code_recall_at1"] == pytest.approx(nearest(found.values, plan), abs=1e-9)
    images = plan.data.fields["anchor"].array
    flat = images.reshape(len(images), -1)
    linear = PCA(4).fit(flat[plan.split.train]).transform(flat[plan.split.test])
    assert result["code_recall_at1"] > nearest(linear, plan) + 0.05


def nearest(values: Array, plan: Plan) -> float:
    """How often the nearest of the others is right, found for one at a time."""
    labels = plan.data.fields["label"].array[plan.split.test]
    return float(cross_val_score(KNeighborsClassifier(1), values, labels, cv=LeaveOneOut()).mean())
