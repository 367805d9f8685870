"""How many bits Keras computes with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from netdsl.catalog.settings import Precision

# On JAX and PyTorch Keras computes products of doubles in single precision.
DOUBLES = keras.config.backend() == "tensorflow"


@contextmanager
def double() -> Iterator[None]:
    """Models that are made within this block have double precision, and so has what they do.

    Rounding then neither hides a difference nor makes one. Where Keras has no `DOUBLES`, nothing
    changes.
    """
    with computing("float64" if DOUBLES else "float32"):
        yield


@contextmanager
def computing(precision: Precision) -> Iterator[None]:
    """Models that are made within this block have that precision.

    With 16 bits products are computed in them; weights have 32 (Micikevicius et al., 2018).
    """
    if precision == "float32":
        yield
        return
    # The policy, which layers go by, follows the type of numbers only until a first layer is made.
    usual, policy = keras.config.floatx(), keras.config.dtype_policy()
    if precision == "float64":
        keras.config.set_floatx(precision)
        keras.config.set_dtype_policy(precision)
    else:
        keras.config.set_dtype_policy(f"mixed_{precision}")
    try:
        yield
    finally:
        keras.config.set_floatx(usual)
        keras.config.set_dtype_policy(policy)


def shortened(precision: Precision) -> Precision:
    """The precision of a fast net: GPUs multiply 16 bits many times faster than 32."""
    try:
        there = bool(keras.distribution.list_devices("gpu"))
    except (NotImplementedError, RuntimeError):
        return precision
    return "bfloat16" if there and precision == "float32" else precision
