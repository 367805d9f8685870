"""Numbers of checkpoints as numpy's arrays, whatever the kind of file."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


def as_numbers(values: Array) -> Array:
    """Whole numbers and truth values as they are, all others as float32."""
    return values if values.dtype.kind in "iub" else values.astype(np.float32, copy=False)


def from_bfloat16(bits: npt.NDArray[np.uint16]) -> Array:
    """The float32 numbers whose upper halves these bits are."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def written(shape: tuple[int, ...]) -> str:
    """A shape as messages show it, `64 x 3 x 7 x 7`."""
    return " x ".join(map(str, shape)) or "a single number"
