"""Pictures and masks belong together by name; a mask's numbers are classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netdsl.catalog.arguments import Rejection
from netdsl.catalog.sources import Masks
from netdsl.data.fields import Array, DataSet
from netdsl.data.read import read
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError
from tests.data.photographs import photograph

RANDOM = np.random.default_rng(0)
NUMBERS = [RANDOM.integers(0, 4, (8, 12), dtype=np.uint8) for _ in range(3)]


def pair(folder: Path, index: int, form: str = "palette") -> None:
    for name in ("images", "masks"):
        (folder / name).mkdir(exist_ok=True)
    photograph("china.jpg").resize((12, 8)).save(folder / f"images/{index}.jpg")
    mask = Image.fromarray(NUMBERS[index])
    if form == "palette":
        mask = mask.convert("P")
        mask.putdata(NUMBERS[index].reshape(-1).tolist())
        mask.putpalette([200, 3, 7] * 256)
    mask.save(folder / f"masks/{index}.png")


def masks(folder: Path, **given: Any) -> DataSet:
    return read(Masks(images="images", masks="masks", **given), folder, 0)


def every(data: DataSet, name: str = "mask") -> Array:
    values = data.fields[name].values
    assert isinstance(values, Streamed)
    found, good = values.read(np.arange(len(data)))
    assert good.all()
    return found


@pytest.mark.parametrize("form", ["palette", "grey"])
def test_numbers_of_pixels_are_classes(tmp_path: Path, form: str) -> None:
    for index in range(3):
        pair(tmp_path, index, form)
    data = masks(tmp_path)
    assert (data.main, data.target, data.classes) == ("image", "mask", ("0", "1", "2", "3"))
    assert str(data.fields["mask"].type) == "8 x 12 of int"
    assert str(data.fields["image"].type) == "8 x 12 x 3"
    assert np.array_equal(every(data), np.stack(NUMBERS))


def test_pixels_that_do_not_count(tmp_path: Path) -> None:
    pair(tmp_path, 0, "grey")
    data = masks(tmp_path, ignore=3)
    assert data.classes == ("0", "1", "2")
    assert np.array_equal(every(data)[0] == -100, NUMBERS[0] == 3)


def test_classes_have_names(tmp_path: Path) -> None:
    for index in range(3):
        pair(tmp_path, index)
    names = ("sky", "sea", "sand", "palm")
    assert masks(tmp_path, names=names).classes == names
    assert masks(tmp_path, names=names, classes=4).classes == names
    with pytest.raises(UserError, match="names for 4 classes, but classes=5"):
        masks(tmp_path, names=names, classes=5)
    with pytest.raises(UserError, match=r"has the class 3, but there are 3, counted from 0"):
        every(masks(tmp_path, names=names[:3]))
    for wrong in ("sky", ("sky", "sky"), ("sky", 1), ()):
        with pytest.raises(Rejection, match="a list of different texts in quotes"):
            Masks.arguments()["names"].normal(wrong)


def test_a_resized_mask_takes_the_nearest_class(tmp_path: Path) -> None:
    pair(tmp_path, 0)
    data = masks(tmp_path, size=(4, 6))
    with Image.fromarray(NUMBERS[0]) as expected:
        nearest = np.asarray(expected.resize((6, 4), Image.Resampling.NEAREST))
    assert np.array_equal(every(data)[0], nearest)
    assert every(data, "image").shape == (1, 4, 6, 3)


def test_wrong_masks(tmp_path: Path) -> None:
    pair(tmp_path, 0)
    pair(tmp_path, 1)
    with pytest.raises(UserError, match=r"has the class 3, but there are 2, counted from 0"):
        every(masks(tmp_path, classes=2))
    photograph("china.jpg").save(tmp_path / "masks/1.png")
    with pytest.raises(UserError, match=r"1\.png is a mask in colours"):
        masks(tmp_path)
    (tmp_path / "masks/1.png").unlink()
    with pytest.raises(UserError, match=r"masks has no file beside 1\.jpg of the same name"):
        masks(tmp_path)
    (tmp_path / "masks/notes.txt").write_text("")
    with pytest.raises(UserError, match=r"notes\.txt is no picture"):
        masks(tmp_path)
    with pytest.raises(UserError, match="elsewhere is no directory"):
        read(Masks(images="elsewhere", masks="masks"), tmp_path, 0)
