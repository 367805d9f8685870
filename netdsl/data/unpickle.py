"""Reads a pickle of plain values and numpy arrays of bytes without running anything of it.

A pickle is a program. Here the only names that it can call are stand-ins of our own, which keep
what they are given; any other name ends reading.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from netdsl.data.streamed import Array


class _Dtype:
    """In place of `numpy.dtype`: the name of a type, such as `u1`."""

    def __init__(self, name: object = "", *rest: object) -> None:
        self.name = name.decode("latin-1") if isinstance(name, bytes) else name

    def __setstate__(self, state: object) -> None:
        return None


class _Held:
    """In place of `numpy.ndarray`: its shape and its bytes."""

    def __init__(self, *given: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


def _encode(text: object, encoding: object = "latin-1") -> bytes:
    """In place of `_codecs.encode`, by which Python 3 writes bytes for Python 2."""
    if not isinstance(text, str) or encoding not in ("latin-1", "latin1"):
        raise pickle.UnpicklingError("it holds bytes that are written in an unknown way")
    return text.encode("latin-1")


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Held,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Held,
    ("numpy._core.multiarray", "_reconstruct"): _Held,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of that name; `UnpicklingError` for any other."""
        found = _STAND_INS.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return found


def plain(content: bytes) -> Any:
    """The value of a pickle: numbers, texts, bytes, lists, dictionaries, arrays of bytes.

    Texts of Python 2 are bytes. Raises `ValueError` for anything else.
    """
    try:
        return _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle fails in many ways
        raise ValueError(str(error) or type(error).__name__) from error


def array_of_bytes(value: Any) -> Array:
    """The array that a stand-in holds; `ValueError` where it is none of bytes."""
    state = value.state if isinstance(value, _Held) else None
    if not isinstance(state, tuple) or len(state) != 5:
        raise ValueError("there is no array of numpy")
    _, shape, dtype, by_columns, content = state
    if not isinstance(dtype, _Dtype) or dtype.name != "u1" or not isinstance(content, bytes):
        raise ValueError("the array does not hold bytes")
    values = np.frombuffer(content, np.uint8)
    return values.reshape(shape, order="F" if by_columns else "C")
