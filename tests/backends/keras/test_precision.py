"""Double precision holds within its block alone, whatever was made before."""

from __future__ import annotations

import keras
import pytest

from netdsl.backends.keras.precision import double


def type_of_weights() -> str:
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    kind: str = layer.kernel.dtype
    return kind


@pytest.mark.parametrize("before", [False, True])
def test_double_precision_is_a_block(before: bool) -> None:
    keras.utils.clear_session()
    if before:
        assert type_of_weights() == "float32"
    with double():
        assert type_of_weights() == "float64"
    assert type_of_weights() == "float32"


def test_a_policy_of_the_users_comes_back() -> None:
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        with double():
            assert type_of_weights() == "float64"
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(usual)
