"""Pictures in a directory for each class: sizes, colours, wrong files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netdsl.catalog.sources import Folder
from netdsl.data.fields import DataSet
from netdsl.data.read import read
from netdsl.diagnostics import UserError


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (5, 4), value: int = 51) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 255)).save(path)


def pictures(folder: Path, size: int | tuple[int, ...] | None = None) -> DataSet:
    return read(Folder(directory="data", size=size), folder, 0)


def test_classes_are_directories(tmp_path: Path) -> None:
    picture(tmp_path / "data/dog/1.png")
    picture(tmp_path / "data/cat/1.png")
    picture(tmp_path / "data/cat/2.bmp")
    data = pictures(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.fields["label"].values.tolist() == [0, 0, 1]
    assert str(data.fields["image"].type) == "4 x 5 x 3"
    assert np.allclose(data.fields["image"].values[0, 0, 0], [0.2, 0, 1])


def test_grey_where_all_are(tmp_path: Path) -> None:
    picture(tmp_path / "data/a/1.png", "L")
    assert str(pictures(tmp_path).fields["image"].type) == "4 x 5 x 1"
    picture(tmp_path / "data/b/1.png")
    assert str(pictures(tmp_path).fields["image"].type) == "4 x 5 x 3"


def test_pictures_are_resized_where_the_spec_says_so(tmp_path: Path) -> None:
    picture(tmp_path / "data/a/1.png")
    picture(tmp_path / "data/a/2.png", size=(9, 9))
    with pytest.raises(UserError, match=r"2\.png has 9 x 9 pixels, but .*1\.png has 4 x 5"):
        pictures(tmp_path)
    assert str(pictures(tmp_path, 6).fields["image"].type) == "6 x 6 x 3"
    assert str(pictures(tmp_path, (6, 7)).fields["image"].type) == "6 x 7 x 3"


def test_wrong_directories(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="data is no directory"):
        pictures(tmp_path)
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError, match="holds no directory"):
        pictures(tmp_path)
    (tmp_path / "data/a").mkdir()
    with pytest.raises(UserError, match="a holds no picture"):
        pictures(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "broken.png"])
def test_files_that_are_no_pictures(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "data/a/1.png")
    (tmp_path / "data/a" / name).write_text("not a picture", encoding="utf-8")
    with pytest.raises(UserError, match=f"{name} is no picture"):
        pictures(tmp_path)


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    Image.fromarray(np.full((4, 4), 40000, np.uint16)).save(tmp_path / "data/a/1.png")
    with pytest.raises(UserError, match="more than eight bits a pixel"):
        pictures(tmp_path)
