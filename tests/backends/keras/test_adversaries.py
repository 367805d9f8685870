"""Steps of adversaries on any engine of Keras are those of PyTorch, in single precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netdsl.backends.keras import train as keras_train
from netdsl.backends.torch import train as torch_train
from netdsl.training.initial import initial_weights
from tests.training.test_adversarial import plan_of, written


@pytest.mark.parametrize("objective", ["minimax", "non_saturating", "least_squares", "wgan_gp"])
def test_steps_are_those_of_pytorch(objective: str, tmp_path: Path) -> None:
    # Dropout that drops nothing: its chance is begun all the same.
    further, between = "critic_steps=2", "batchnorm"
    plan = plan_of(written(tmp_path, objective, further, "dropout(0)", between))
    rows = np.split(plan.split.train[:64], 4)
    weights, figures, states = [], [], []
    for backend in (torch_train, keras_train):
        engine = backend.make_engine(plan.net, plan.task, plan.examples(), "cpu")
        engine.put_weights(initial_weights(plan.net.graph, 0))
        figures.append(engine.train(rows, [1, 0.5, 1, 0.5], 3, lambda count: None))
        kept = engine.weights()
        # Keras keeps a biased running variance.
        weights.append({name: v for name, v in kept.items() if not name.endswith("running_var")})
        states.append(engine.state())
    assert figures[0] == pytest.approx(figures[1], abs=1e-4)
    assert weights[0].keys() == weights[1].keys()
    # Of numbers around 1. A bias before a batchnorm has no gradient but what rounding leaves.
    assert max(np.abs(v - weights[1][name]).max() for name, v in weights[0].items()) < 1e-5
    assert states[0].keys() == states[1].keys()
