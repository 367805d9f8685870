"""Large arrays stay in their files and give what they would give from memory."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.catalog.sources import Npz
from netdsl.data import arrays, mapped
from netdsl.data.fields import DataSet
from netdsl.data.read import read
from netdsl.data.scaling import standardise
from netdsl.data.streamed import Streamed

RANDOM = np.random.default_rng(0)
FOUND: dict[str, Any] = {
    "image": RANDOM.integers(0, 256, (30, 4, 5), dtype=np.uint8),
    "features": RANDOM.normal(5, 3, (30, 3)),
    "tokens": RANDOM.integers(0, 9, (30, 7)).astype(np.int32),
    "label": RANDOM.integers(0, 3, 30),
}


def save(folder: Path, form: str) -> str:
    if form == "npz":
        np.savez(folder / "a.npz", **FOUND)
        return "a.npz"
    (folder / "a").mkdir()
    for name, values in FOUND.items():
        np.save(folder / "a" / f"{name}.npy", values)
    return "a"


def streamed(data: DataSet, name: str) -> Streamed:
    values = data.fields[name].values
    assert isinstance(values, Streamed)
    return values


@pytest.mark.parametrize("form", ["npz", "directory"])
def test_mapped_as_in_memory(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = save(tmp_path, form)
    expected = read(Npz(file=file), tmp_path, 0)
    for module in (arrays, mapped):
        monkeypatch.setattr(module, "LARGE", 1)
    data = read(Npz(file=file), tmp_path, 0)
    rows = np.array([29, 3, 3, 0])
    train = np.arange(20)
    scaled, scalings = standardise(data, train)
    others, expected_scalings = standardise(expected, train)
    assert (data.target, data.classes) == (expected.target, expected.classes)
    for name in ("image", "features", "tokens"):
        values = pickle.loads(pickle.dumps(streamed(scaled, name)))
        found, good = values.read(rows)
        assert good.all()
        assert data.fields[name].kind == expected.fields[name].kind
        assert found.dtype == values.dtype == others.fields[name].array.dtype
        assert np.allclose(found, others.fields[name].array[rows], atol=1e-6)
    (one, other) = (found["features"] for found in (scalings, expected_scalings))
    assert np.allclose(one.mean, other.mean)
    assert np.allclose(one.deviation, other.deviation)


def test_rows_that_are_no_numbers_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "LARGE", 1)
    x = np.ones((4, 2))
    x[2, 1] = np.nan
    np.savez(tmp_path / "a.npz", x=x, label=np.arange(4))
    values = streamed(read(Npz(file="a.npz"), tmp_path, 0), "x")
    assert values.read(np.arange(4))[1].tolist() == [True, True, False, True]
    assert values.where(2).endswith("a.npz: x[2]")


def test_compressed_arrays_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LARGE", 1)
    np.savez_compressed(tmp_path / "a.npz", **FOUND)
    assert isinstance(read(Npz(file="a.npz"), tmp_path, 0).fields["image"].values, np.ndarray)


def test_moments_of_many_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mapped, "LARGE", 1)
    monkeypatch.setattr("netdsl.data.scaling._PIECE", 7)
    np.savez(tmp_path / "a.npz", x=FOUND["features"] + 1e6, label=FOUND["label"])
    _, scalings = standardise(read(Npz(file="a.npz"), tmp_path, 0), np.arange(30))
    expected = (FOUND["features"] + 1e6).astype(np.float32).astype(np.float64)
    assert np.allclose(scalings["x"].mean, expected.mean(axis=0), rtol=1e-12)
    assert np.allclose(scalings["x"].deviation, expected.std(axis=0), rtol=1e-9)
