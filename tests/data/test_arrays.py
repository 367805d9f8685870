"""Arrays of a numpy file: what becomes of each type, and wrong files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.backends.engine import as_numbers
from netdsl.catalog.sources import Npz
from netdsl.data.fields import DataSet
from netdsl.data.read import read
from netdsl.data.split import Split
from netdsl.data.summary import summary
from netdsl.diagnostics import UserError

LABELS = np.array([0, 2])


def arrays(folder: Path, target: str | None = None, **found: Any) -> DataSet:
    np.savez(folder / "a.npz", **found)
    return read(Npz(file="a.npz", target=target), folder, 0)


def test_bytes_are_pictures_from_0_to_1(tmp_path: Path) -> None:
    data = arrays(tmp_path, image=np.full((2, 4, 5), 51, np.uint8), label=LABELS)
    assert str(data.fields["image"].type) == "4 x 5 x 1"
    assert np.allclose(as_numbers(data.fields["image"].array), 0.2)
    assert (data.main, data.target, data.classes) == ("image", "label", ("0", "1", "2"))


def test_floats_with_two_axes_are_standardised(tmp_path: Path) -> None:
    data = arrays(tmp_path, x=np.zeros((2, 3)), y=np.array([0.5, 1.5]))
    assert data.fields["x"].standardised
    assert data.fields["y"].kind == "number"


def test_whole_numbers_stay(tmp_path: Path) -> None:
    data = arrays(tmp_path, tokens=np.array([[3, 1], [2, 0]], np.int32), label=LABELS)
    assert str(data.fields["tokens"].type) == "2 of int"


def test_a_named_target(tmp_path: Path) -> None:
    data = arrays(
        tmp_path, "mask", image=np.zeros((2, 4, 4, 3), np.uint8), mask=np.eye(2, dtype=int)
    )
    assert data.target == "mask"
    assert data.fields["mask"].values.tolist() == [[1, 0], [0, 1]]


def test_places_of_a_row_of_labels_that_do_not_count(tmp_path: Path) -> None:
    labels = np.array([[1, 0, -100], [2, -100, -100]])
    data = arrays(tmp_path, x=np.zeros((2, 3, 1)), label=labels)
    assert data.classes == ("0", "1", "2")
    told = summary(data, Split(np.arange(1), np.arange(0), np.arange(1, 2)))
    counts = [(each["count"], each["train"], each["test"]) for each in told["classes"]]
    assert counts == [(1, 1, 0), (1, 1, 0), (1, 0, 1)]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"x": np.zeros((2, 3))}, "neither label nor y"),
        ({"label": LABELS}, "nothing beside the target label"),
        ({"x": np.zeros((3, 1)), "label": LABELS}, "different numbers of examples: x 3, label 2"),
        ({"x": np.array([[1.0], [np.nan]]), "label": LABELS}, r"x\[1, 0\] is nan, not a number"),
        ({"x": np.zeros((2, 1)), "label": LABELS - 1}, "label holds -1, but classes count from 0"),
        ({"x": np.zeros((2, 1)), "label": LABELS - 100}, "label holds -100, but classes"),
        ({"x": np.zeros((2, 1)), "label": np.full((2, 3), -100)}, "label holds -100, but classes"),
        ({"x": np.array(["a", "b"]), "label": LABELS}, "x holds <U1, not numbers"),
        ({"x": np.array([None, 1]), "label": LABELS}, "no file of plain numpy arrays"),
    ],
)
def test_wrong_arrays(tmp_path: Path, found: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        arrays(tmp_path, **found)


@pytest.mark.parametrize("content", [b"", b"nothing of numpy", b"PK\x03\x04 cut off"])
def test_a_file_of_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.npz"):
        read(Npz(file="a.npz"), tmp_path, 0)


def test_an_array_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no array z; its arrays are x, label"):
        arrays(tmp_path, "z", x=np.zeros((2, 1)), label=LABELS)
