"""Each optimizer in Keras against PyTorch's over many steps, in double precision."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import torch

from netdsl.backends.engine import Task
from netdsl.backends.keras.optimizers import KerasOptimizer
from netdsl.backends.keras.precision import DOUBLES
from netdsl.backends.torch.optimizers import optimizer
from netdsl.catalog.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd
from tests.catalog.keras_rows import Array

CASES: list[Optimizer] = [
    Sgd(0.1),
    Sgd(0.1, weight_decay=0.05),
    Sgd(0.1, momentum=0.9),
    Sgd(0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
    Adagrad(),
    Adagrad(0.1, 0.2, eps=1e-3, weight_decay=0.05),
    RmsProp(),
    RmsProp(0.02, 0.9, 0.5),
    RmsProp(0.02, 0.9, centered=True, eps=1e-3),
    RmsProp(0.02, 0.9, 0.5, centered=True, weight_decay=0.05),
    Adam(),
    Adam(0.05, 0.8, 0.95, eps=1e-3, weight_decay=0.05),
    Adam(0.05, 0.0, 0.0),
    AdamW(),
    AdamW(0.05, 0.8, 0.95, eps=1e-3, weight_decay=0.2),
]
STEPS = 60
SHAPES = ((4, 3), (3,))


def task(record: Optimizer) -> Task:
    """A task of which only the optimizer counts."""
    return Task((), "output", (), frozenset(), None, record, (), 1)


def gradients() -> list[list[Array]]:
    """For each step a gradient for each weight, of sizes that differ from step to step."""
    generator = np.random.default_rng(1)
    return [
        [generator.standard_normal(shape) * 10 ** generator.uniform(-3, 1) for shape in SHAPES]
        for _ in range(STEPS)
    ]


@pytest.mark.parametrize("record", CASES, ids=repr)
def test_the_formula_is_pytorchs(record: Optimizer) -> None:
    starts = [np.random.default_rng(0).standard_normal(shape) for shape in SHAPES]
    theirs = [torch.nn.Parameter(torch.from_numpy(start.copy())) for start in starts]
    ours = [keras.Variable(start, dtype="float64") for start in starts]
    named = {str(index): weight for index, weight in enumerate(theirs)}
    peer, made = optimizer(record, named), KerasOptimizer(task(record))
    made.build(ours)
    for drawn in gradients():
        for weight, gradient in zip(theirs, drawn, strict=True):
            weight.grad = torch.from_numpy(gradient)
        peer.step()
        made.apply([keras.ops.convert_to_tensor(gradient) for gradient in drawn], ours)
    for start, weight, variable in zip(starts, theirs, ours, strict=True):
        moved = weight.detach().numpy() - start
        found = keras.ops.convert_to_numpy(variable) - start
        # The rate of Keras is a number in single precision, and on JAX everything is.
        rounding = 0 if DOUBLES else STEPS * 1e-7
        assert np.abs(found - moved).max() <= 1e-6 * np.abs(moved).max() + rounding
        assert np.abs(moved).min() > 0


@pytest.mark.parametrize("record", CASES, ids=repr)
def test_what_is_held_has_pytorchs_names_and_numbers(record: Optimizer) -> None:
    start, gradient = np.ones((2, 3)), np.full((2, 3), 0.5)
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    weight.grad = torch.from_numpy(gradient)
    peer = optimizer(record, {"weight": weight})
    peer.step()
    made = KerasOptimizer(task(record))
    variable = keras.Variable(start, dtype="float64")
    made.build([variable])
    made.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    held = {name: keras.ops.convert_to_numpy(slots[0]) for name, slots in made.held.items()}
    if made.counts:
        held["step"] = np.asarray(keras.ops.convert_to_numpy(made.iterations))
    state = peer.state_dict()["state"].get(0, {})
    wanted = {name: value.numpy() for name, value in state.items() if value is not None}
    assert held.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(held[name], values, rtol=1e-6)
