"""Keras in double precision, where rounding must not hide a difference or make one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def double() -> Iterator[None]:
    """Models that are made within this block have double precision, and so has what they do.

    On JAX, which has no doubles unless the whole process is set so, nothing changes.
    """
    if keras.config.backend() == "jax":
        yield
        return
    usual = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(usual)
