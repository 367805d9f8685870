"""Two tasks on one set of layers: each output has its own figures and answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import f1_score, mean_squared_error

from netdsl.cli.specs import open_spec
from netdsl.training import answering, session
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/multitask.net")


def test_both_tasks_are_learned_and_told(tmp_path: Path) -> None:
    run = tmp_path / "run"
    begun = session.start(open_spec(SPEC, {}, None), "torch", run, "cpu")
    begun.train(Silent())
    result, plan = begun.finish(), begun.plan
    images = plan.data.fields["image"].array
    labels = plan.data.fields["label"].array[plan.split.test]
    held = images[plan.split.test]
    assert result["accuracy"] >= 0.975
    assert result["decoded_mse"] <= 0.0095

    np.savez(tmp_path / "held.npz", image=held)
    told = answering.predict(run, [tmp_path / "held.npz"], "cpu", open_spec)
    digits = [int(one["outputs"]["digit"]["class"]) for one in told]
    assert digits == [int(one["class"]) for one in told]
    assert result["digit_f1"] == pytest.approx(f1_score(labels, digits, average="macro"))
    decoded = np.array([one["outputs"]["decoded"]["value"] for one in told])
    error = mean_squared_error(held.reshape(-1), decoded.reshape(-1))
    assert result["decoded_mse"] == pytest.approx(error, rel=1e-4)

    flat = images.reshape(len(images), -1)
    linear = PCA(16).fit(flat[plan.split.train])
    flat = flat[plan.split.test]
    restored = linear.inverse_transform(linear.transform(flat))
    assert error < 0.9 * mean_squared_error(flat, restored)
