"""Initial weights: PyTorch's formulas, from the seed and the name alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from netdsl.catalog.initializers import (
    Fill,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    Ones,
    Orthogonal,
    Uniform,
    Zeros,
)
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.shape import Flatten
from netdsl.training.initial import draw, initial_weights
from tests.training.nets import chain

SHAPE = (64, 32, 3, 3)
FAN_IN, FAN_OUT = 32 * 9, 64 * 9


def drawn(initializer: Initializer) -> np.ndarray:
    return draw(initializer, SHAPE, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("initializer", "std"),
    [
        (HeNormal(), math.sqrt(2 / FAN_IN)),
        (HeUniform(), math.sqrt(2 / FAN_IN)),
        (GlorotNormal(), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (GlorotUniform(), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (LecunNormal(), math.sqrt(1 / FAN_IN)),
        (Normal(0.3), 0.3),
        (Uniform(-1, 1), 2 / math.sqrt(12)),
    ],
)
def test_deviation(initializer: Initializer, std: float) -> None:
    values = drawn(initializer)
    assert values.dtype == np.float32
    assert values.std() == pytest.approx(std, rel=0.02)
    assert abs(values.mean()) < 0.03 * std


@pytest.mark.parametrize(
    ("initializer", "bound"),
    [
        (HeUniform(), math.sqrt(6 / FAN_IN)),
        (GlorotUniform(), math.sqrt(6 / (FAN_IN + FAN_OUT))),
        (Uniform(-0.5, 0.5), 0.5),
    ],
)
def test_bounds(initializer: Initializer, bound: float) -> None:
    assert 0.99 * bound < np.abs(drawn(initializer)).max() <= bound * 1.000001


def test_constants() -> None:
    assert np.unique(drawn(Zeros())) == 0
    assert np.unique(drawn(Ones())) == 1
    assert np.unique(drawn(Fill(0.25))) == 0.25
    assert drawn(Normal(0.1, mean=5)).mean() == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (4, 2, 3, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = draw(Orthogonal(), shape, np.random.default_rng(0)).reshape(shape[0], -1)
    small = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    assert np.allclose(small, np.eye(len(small)), atol=1e-5)


def test_numbers_depend_on_seed_and_name_alone() -> None:
    conv = Conv(filters=4, kernel=3)
    short = initial_weights(chain(conv, shape=(8, 8, 1)).graph, 5)
    long = initial_weights(chain(conv, Flatten(), Dense(units=3), shape=(8, 8, 1)).graph, 5)
    other = initial_weights(chain(conv, shape=(8, 8, 1)).graph, 6)
    assert list(long) == ["conv1.weight", "conv1.bias", "dense1.weight", "dense1.bias"]
    assert np.array_equal(short["conv1.weight"], long["conv1.weight"])
    assert not np.array_equal(short["conv1.weight"], other["conv1.weight"])
