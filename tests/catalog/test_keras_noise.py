"""Noise in Keras, in training: its scale, and over what a draw is spread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from keras.ops import convert_to_numpy

from netdsl.tensor import TensorType
from tests.catalog.keras_engine import gradients
from tests.catalog.keras_rows import Built
from tests.catalog.torch_rows import record

Array = npt.NDArray[np.float32]
BATCH, SHAPE = 64, (8, 9, 16)


def trained(call: str, *inputs: Array) -> Array:
    """The output of a call in training."""
    built = Built(record(call), tuple(TensorType(array.shape[1:]) for array in inputs))
    outputs = [convert_to_numpy(built.model(list(inputs), training=True)) for _ in range(2)]
    assert (outputs[0] != outputs[1]).any(), "each call draws anew"
    return outputs[0]


def ones(*shape: int) -> Array:
    return np.ones((BATCH, *shape), np.float32)


@pytest.mark.parametrize(
    ("call", "shape", "spread"),
    [
        ("dropout(0.2)", SHAPE, ()),
        ("dropout", (100,), ()),
        ("spatial_dropout(0.25)", SHAPE, (1, 2)),
        ("spatial_dropout(0.25)", (9, 40), (1,)),
        ("spatial_dropout(0.25)", (3, 2, 4, 40), (1, 2, 3)),
        ("drop_path(0.4)", SHAPE, (1, 2, 3)),
        ("drop_path(0.4)", (5,), (1,)),
    ],
)
def test_a_share_is_dropped_and_the_rest_scaled(
    call: str, shape: tuple[int, ...], spread: tuple[int, ...]
) -> None:
    """The draws are one for each number, but along the axes of `spread`."""
    rate = record(call).rate
    output = trained(call, ones(*shape))
    np.testing.assert_allclose(np.unique(output), [0, 1 / (1 - rate)], rtol=1e-6)
    assert (output == output.max(axis=spread, keepdims=True)).all()
    draws = output.max(axis=spread, keepdims=True) == 0
    # Five standard deviations of the share of that many draws.
    assert abs(draws.mean() - rate) < 5 * (rate * (1 - rate) / draws.size) ** 0.5
    for axis in set(range(output.ndim)) - set(spread):
        assert draws.std(axis=axis).any(), f"one draw for all of axis {axis}"


def test_gaussian_noise_has_the_deviation_given() -> None:
    noise = trained("gaussian_noise(0.3)", ones(*SHAPE)) - 1
    assert abs(noise.mean()) < 5 * 0.3 / noise.size**0.5
    assert noise.std() == pytest.approx(0.3, rel=0.02)


def test_gradients_flow_through_a_sample() -> None:
    built = Built(record("sample(it, b)"), (TensorType((6,)), TensorType((6,))))
    mean, logvar = 2 * ones(6), 3 * ones(6)
    drawn, (to_mean, to_logvar) = gradients(built.model, [mean, logvar], [], 1.0, training=True)
    np.testing.assert_array_equal(to_mean, 1)
    np.testing.assert_allclose(to_logvar, (drawn - mean) / 2, atol=1e-5)


def test_a_sample_has_the_mean_and_the_variance_given() -> None:
    mean, logvar = 2 * ones(*SHAPE), np.log(0.25) * ones(*SHAPE)
    drawn = trained("sample(it, b)", mean, logvar.astype(np.float32))
    assert drawn.mean() == pytest.approx(2, abs=5 * 0.5 / drawn.size**0.5)
    assert drawn.std() == pytest.approx(0.5, rel=0.02)
