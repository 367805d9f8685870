"""Weights under the names of the language in a safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from netdsl.diagnostics import UserError
from netdsl.weights.arrays import Array
from netdsl.weights.state_dicts import is_safetensors, read_safetensors


def pack(weights: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a file with these weights."""
    from safetensors.numpy import save

    ordered = {name: np.asarray(values, order="C") for name, values in weights.items()}
    return save(ordered, dict(metadata))


def load(path: Path) -> dict[str, Array]:
    """The tensors of a file by name, floats as float32; a `UserError` where it is none."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file of weights")
    with path.open("rb") as file:
        begin = file.read(16)
    if not is_safetensors(begin):
        raise UserError(
            f"{path} is no safetensors file; `netdsl weights convert` makes one from a checkpoint "
            "of another library"
        )
    return read_safetensors(path)
