"""Keras in double precision, where rounding must not hide a difference or make one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

# On JAX and PyTorch Keras computes products of doubles in single precision.
DOUBLES = keras.config.backend() == "tensorflow"


@contextmanager
def double() -> Iterator[None]:
    """Models that are made within this block have double precision, and so has what they do.

    Where Keras has no `DOUBLES`, nothing changes.
    """
    if not DOUBLES:
        yield
        return
    # The policy, which layers go by, follows the type of numbers only until a first layer is made.
    usual, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(usual)
        keras.config.set_dtype_policy(policy)
