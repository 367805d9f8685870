"""State dicts in files: every kind is read, none runs code, and damaged ones are told."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn

from netdsl.diagnostics import UserError
from netdsl.weights.checkpoints import StateDict, read

STATE = {
    "stem.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 8,
    "bn.running_mean": torch.tensor([0.5, -1.5]),
    "bn.num_batches_tracked": torch.tensor(7),
}


def saved(value: Any, **options: Any) -> bytes:
    """What `torch.save` writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def tensors(file: Path) -> dict[str, Any]:
    found = read(file)
    assert isinstance(found, StateDict)
    return dict(found.tensors)


FORMS: dict[str, Callable[[dict[str, Tensor]], bytes]] = {
    "safetensors": save,
    "torch": saved,
    "older torch": lambda state: saved(state, _use_new_zipfile_serialization=False),
    "state_dict": lambda state: saved({"epoch": 3, "state_dict": state}),
    "model": lambda state: saved({"model": state}),
    "parallel": lambda state: saved({f"module.{name}": value for name, value in state.items()}),
    "parameters": lambda state: saved({n: nn.Parameter(v, False) for n, v in state.items()}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", [".pth", ".bin"])
def test_every_form_is_read_whatever_its_ending(form: str, ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"weights{ending}"
    file.write_bytes(FORMS[form](STATE))
    found = tensors(file)
    assert list(found) == ["stem.weight", "bn.running_mean"] or form == "safetensors"
    assert set(found) == {"stem.weight", "bn.running_mean"}
    np.testing.assert_array_equal(found["stem.weight"], STATE["stem.weight"].numpy())


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("form", ["safetensors", "torch"])
def test_floats_are_read_as_float32(kind: torch.dtype, form: str, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(FORMS[form]({"w": STATE["stem.weight"].to(kind), "n": torch.tensor([3, 4])}))
    found = tensors(file)
    assert found["w"].dtype == np.float32
    np.testing.assert_array_equal(found["w"], STATE["stem.weight"].numpy())
    assert found["n"].dtype == np.int64


class Hostile:
    """A pickle of it writes a file when it is loaded without care."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self._file, "executed")


HOSTILE: dict[str, Callable[[Any], bytes]] = {
    "pickle": pickle.dumps,
    "pickle, protocol 2": lambda value: pickle.dumps(value, protocol=2),
    "torch": saved,
    "older torch": lambda value: saved(value, _use_new_zipfile_serialization=False),
}


@pytest.mark.parametrize("form", HOSTILE)
def test_code_in_a_file_is_not_run(form: str, tmp_path: Path) -> None:
    mark, file = tmp_path / "mark", tmp_path / "weights.pth"
    file.write_bytes(HOSTILE[form]({"stem.weight": Hostile(mark)}))
    with pytest.raises(UserError, match="would run code") as told:
        read(file)
    assert not mark.exists()
    assert str(file) in str(told.value) and "\n" not in str(told.value)


def test_such_a_file_would_run_its_code(tmp_path: Path) -> None:
    """The test above can fail: loaded without care, the file is written."""
    mark, file = tmp_path / "mark", tmp_path / "weights.pth"
    file.write_bytes(saved({"stem.weight": Hostile(mark)}))
    torch.load(file, weights_only=False)
    assert mark.read_text() == "executed"


def archive(name: str) -> bytes:
    """A zip archive that has nothing to do with weights."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, "text")
    return buffer.getvalue()


def script() -> bytes:
    """A compiled module."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no checkpoint"),
        (b"hello, world, this is text", "is no checkpoint"),
        (saved(STATE)[:300], "damaged or cut off"),
        (save(STATE)[:-3], "damaged or cut off"),
        (save(STATE)[:40], "damaged or cut off"),
        (saved([1, 2]), "holds no state dict"),
        (saved({"epoch": 3}), "epoch is no tensor but of the type int; save"),
        (saved({"w": torch.zeros(2).to_sparse()}), "a kind that is not read"),
        (saved({"w": torch.zeros(2, dtype=torch.complex64)}), "a kind that is not read"),
        (saved(nn.Linear(2, 2)), "would run code"),
        (script(), "would run code"),
        (archive("text.txt"), "no file of torch.save"),
        (archive("x/data.pkl"), "no file of torch.save"),
    ],
)
def test_what_is_no_state_dict_is_told_in_a_sentence(
    content: bytes, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(content)
    with pytest.raises(UserError, match=why) as told:
        read(file)
    assert str(told.value).startswith(str(file)) and "\n" not in str(told.value)


def test_numbers_of_a_strange_kind_are_told(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(save({"w": torch.zeros(2).to(torch.float8_e4m3fn)}))
    with pytest.raises(UserError, match="w holds numbers of the kind F8_E4M3"):
        read(file)
