"""State dicts of PyTorch in files: safetensors, and what `torch.save` writes.

The latter are pickles. They are read by `torch.load(weights_only=True)`, which builds tensors and
plain containers and refuses everything else before it runs.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.weights.arrays import Array, as_numbers, from_bfloat16

# The kinds of numbers of safetensors, as numpy reads their bytes.
_KINDS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
# Under these keys training scripts keep the state dict beside other things.
_WRAPPERS = ("state_dict", "model")
# What DataParallel puts before every name.
_PARALLEL = "module."


def is_safetensors(begin: bytes) -> bool:
    """Whether a file that begins so is one: after eight bytes of length stands a JSON object."""
    return begin[8:9] == b"{"


def read_safetensors(path: Path) -> dict[str, Array]:
    """The tensors of a safetensors file in order of their names, floats as float32."""
    safetensors = need("safetensors")
    try:
        parts = safetensors.deserialize(path.read_bytes())
    except safetensors.SafetensorError as error:
        raise UserError(f"{path} is damaged or cut off: {error}") from None
    # The library gives them in any order; a message should name the same one every time.
    return {
        name: _from_safetensors(path, name, part) for name, part in sorted(parts, key=_by_number)
    }


def _by_number(part: tuple[str, Any]) -> list[tuple[int, str]]:
    """Orders tensors by the numbers in their names: layer2 before layer10."""
    pieces = re.split(r"(\d+)", part[0])
    return [(int(piece) if piece.isdecimal() else 0, piece) for piece in pieces]


def _from_safetensors(path: Path, name: str, part: Mapping[str, Any]) -> Array:
    kind = part["dtype"]
    if kind not in _KINDS:
        raise UserError(f"{path}: {name} holds numbers of the kind {kind}, which is not read")
    values = np.frombuffer(part["data"], _KINDS[kind]).reshape(part["shape"])
    return from_bfloat16(values) if kind == "BF16" else as_numbers(values)


def read_torch(path: Path) -> dict[str, Array]:
    """The tensors of a state dict that `torch.save` wrote, floats as float32."""
    torch = need("torch")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it has to say of a file's age is no matter here
            found = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch and its unpickler raise of every kind
        raise UserError(_refused(path, error)) from None
    return {name: _from_torch(path, name, value) for name, value in _state(path, found).items()}


def _refused(path: Path, error: Exception) -> str:
    """Why a file is not read, in a sentence."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "weights_only" in str(error) or "Unsupported global" in str(error):
        return (
            f"{path} holds more than tensors, and to read that would run code that comes with it; "
            "save the model's state_dict() alone, best as safetensors"
        )
    return f"{path} is damaged, cut off, or no file of torch.save: {reason}"


def _state(path: Path, found: Any) -> dict[str, Any]:
    """The state dict itself, its names without what DataParallel puts before them."""
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise UserError(f"{path} holds no state dict, a dictionary of tensors by name")
    if found and all(name.startswith(_PARALLEL) for name in found):
        return {name.removeprefix(_PARALLEL): value for name, value in found.items()}
    return dict(found)


def _from_torch(path: Path, name: str, value: Any) -> Array:
    torch = need("torch")
    if not isinstance(value, torch.Tensor):
        raise UserError(
            f"{path}: {name} is no tensor but of the type {type(value).__name__}; save the model's "
            "state_dict() alone, or under the key state_dict or model"
        )
    if value.layout != torch.strided or value.is_quantized or value.is_complex():
        raise UserError(f"{path}: {name} is a tensor of a kind that is not read ({value.dtype})")
    plain = value.detach()
    floats: Array = (plain.float() if plain.is_floating_point() else plain).numpy()
    return floats
