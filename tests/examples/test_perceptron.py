"""Perceptrons learn what scikit-learn's do, and what a plane does not divide needs more layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Perceptron

from netdsl.backends.engine import Array
from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.training.nets import Silent


def trained(
    folder: Path, name: str, section: str | None = None, backend: str = "torch"
) -> tuple[session.Session, dict[str, Any]]:
    """A section of an example, trained, and its result."""
    spec = open_spec(str(REPOSITORY / f"examples/{name}.net"), {}, section)
    begun = session.start(spec, backend, folder / "run", "cpu")
    begun.train(Silent())
    return begun, begun.finish()


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_its_weights_are_those_of_scikit_learn(backend: str, tmp_path: Path) -> None:
    begun, result = trained(tmp_path, "perceptron", None, backend)
    assert result["accuracy"] == 1
    weight, bias = of_scikit_learn(begun.plan)
    found = begun.run.weights()
    np.testing.assert_allclose(found["dense1.weight"], weight, rtol=1e-5)
    np.testing.assert_allclose(found["dense1.bias"], bias, rtol=1e-5)


def of_scikit_learn(plan: Plan) -> tuple[Array, Array]:
    """The weights after the same epochs: the same examples in the same order."""
    features = plan.data.fields["features"].array.astype(np.float64)
    labels = plan.data.fields["label"].array
    start = initial_weights(plan.net.graph, plan.settings.seed)
    weight, bias = start["dense1.weight"], start["dense1.bias"]
    model = Perceptron(max_iter=1, tol=None, shuffle=False)
    for epoch in range(1, plan.settings.epochs + 1):
        rows = np.concatenate(batches(plan.split.train, 1, plan.settings.seed, epoch))
        model.fit(features[rows], labels[rows], coef_init=weight, intercept_init=bias)
        weight, bias = model.coef_, model.intercept_
    return weight, bias


def test_no_line_divides_signs_but_a_hidden_layer_does(tmp_path: Path) -> None:
    _, line = trained(tmp_path / "line", "perceptron", "xor")
    _, layers = trained(tmp_path / "layers", "perceptron", "layers")
    assert line["accuracy"] < 0.75
    assert layers["accuracy"] >= 0.95


def test_maxout_reads_digits(tmp_path: Path) -> None:
    _, result = trained(tmp_path, "maxout")
    assert result["accuracy"] >= 0.98
