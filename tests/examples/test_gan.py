"""Digits out of noise, as a classifier sees them that was trained on digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.codes import samples
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/gan.net")


@pytest.fixture(scope="module")
def classifier() -> MLPClassifier:
    """What tells digits apart: it has seen no sample."""
    digits = load_digits()
    return MLPClassifier((100,), max_iter=300, random_state=0).fit(digits.data / 16, digits.target)


def judged(run: Path, classifier: MLPClassifier) -> tuple[float, float]:
    """The smallest share of a class among 1,000 samples, and the mean confidence."""
    made = samples(run, 1000, 1, "cpu", open_spec)
    chances = classifier.predict_proba(made.reshape(1000, 64))
    counts = np.bincount(chances.argmax(axis=1), minlength=10)
    return counts.min() / 1000, float(chances.max(axis=1).mean())


def test_its_samples_are_what_the_comment_says(tmp_path: Path, classifier: MLPClassifier) -> None:
    begun = session.start(open_spec(SPEC, {}, None), "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    share, confidence = judged(tmp_path / "run", classifier)
    assert share >= 0.03
    assert confidence >= 0.8
    assert len(list((tmp_path / "run/pictures").iterdir())) == begun.plan.epochs
