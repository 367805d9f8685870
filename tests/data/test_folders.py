"""Pictures in a directory for each class: sizes, colours, depths, shares, wrong files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from netdsl.catalog.sources import Folder
from netdsl.data.fields import Array, DataSet
from netdsl.data.read import read
from netdsl.data.split import split
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError
from tests.data.photographs import photograph


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (5, 4), value: int = 51) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 255)).save(path)


def pictures(folder: Path, size: int | tuple[int, ...] | None = None, **given: Any) -> DataSet:
    return read(Folder(directory="data", size=size, **given), folder, 0)


def pixels(data: DataSet) -> Array:
    """All pictures of a data set, of which every one can be read."""
    values = data.fields["image"].values
    assert isinstance(values, Streamed)
    found, good = values.read(np.arange(len(data)))
    assert good.all()
    return found


def test_classes_are_directories(tmp_path: Path) -> None:
    picture(tmp_path / "data/dog/1.png")
    picture(tmp_path / "data/cat/1.png")
    picture(tmp_path / "data/cat/2.bmp")
    data = pictures(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.fields["label"].array.tolist() == [0, 0, 1]
    assert str(data.fields["image"].type) == "4 x 5 x 3"
    assert pixels(data)[0, 0, 0].tolist() == [51, 0, 255]


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
    assert pixels(pictures(tmp_path, 6)).shape == (2, 6, 6, 3)
    assert pixels(pictures(tmp_path, (6, 7))).shape == (2, 6, 7, 3)


@pytest.mark.parametrize("ending", ["bmp", "gif", "jpg", "png", "tif", "webp"])
def test_common_formats(tmp_path: Path, ending: str) -> None:
    whole = photograph("china.jpg").resize((60, 40))
    (tmp_path / "data/a").mkdir(parents=True)
    whole.save(tmp_path / f"data/a/1.{ending}")
    with Image.open(tmp_path / f"data/a/1.{ending}") as expected:
        assert np.array_equal(pixels(pictures(tmp_path))[0], np.asarray(expected.convert("RGB")))


def test_a_camera_that_was_turned(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photograph("china.jpg").resize((60, 40))
    turned.save(tmp_path / "data/a/1.jpg", exif=exif)
    data = pictures(tmp_path)
    assert str(data.fields["image"].type) == "60 x 40 x 3"
    with Image.open(tmp_path / "data/a/1.jpg") as opened:
        assert np.array_equal(pixels(data)[0], np.asarray(ImageOps.exif_transpose(opened)))


def test_alpha_and_palettes(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    Image.new("RGBA", (5, 4), (10, 20, 30, 0)).save(tmp_path / "data/a/1.png")
    palette = Image.new("RGB", (5, 4), (10, 20, 30)).quantize(4)
    palette.save(tmp_path / "data/a/2.png", transparency=0)
    assert (pixels(pictures(tmp_path)) == (10, 20, 30)).all()


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    values = np.array([[0, 128, 129], [40000, 65534, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "data/a/1.png")
    assert pixels(pictures(tmp_path))[0, ..., 0].tolist() == [[0, 0, 1], [156, 255, 255]]


def test_a_large_jpeg_made_small_keeps_its_looks(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    photograph("flower.jpg").save(tmp_path / "data/a/1.jpg", quality=95)
    found = pixels(pictures(tmp_path, 32))[0].astype(float)
    with Image.open(tmp_path / "data/a/1.jpg") as opened:
        whole = np.asarray(opened.resize((32, 32), Image.Resampling.BILINEAR)).astype(float)
    assert np.abs(found - whole).mean() < 1  # of 255; 2.1 without room for the resize


def shares(tmp_path: Path, *names: str) -> DataSet:
    for name in names:
        for kind in ("cat", "dog"):
            for index in range(10 if name == "train" else 3):
                picture(tmp_path / f"data/{name}/{kind}/{index}.png")
    return pictures(tmp_path)


def test_directories_that_are_shares(tmp_path: Path) -> None:
    data = shares(tmp_path, "train", "val", "test")
    parts = split(data, (0.7, 0.1, 0.2), 0)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [20, 6, 6]
    values = data.fields["image"].values
    assert isinstance(values, Streamed)
    assert all("/test/" in values.where(int(row)) for row in parts.test)
    assert data.classes == ("cat", "dog")


def test_a_test_share_alone_leaves_the_others_to_split(tmp_path: Path) -> None:
    data = shares(tmp_path, "train", "test")
    parts = split(data, (0.4, 0.1, 0.5), 0)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [16, 4, 6]
    labels = data.fields["label"].array
    assert labels[parts.validation].tolist() == [0, 0, 1, 1]


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


def test_more_bits_than_a_picture_can_mean(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    Image.fromarray(np.full((4, 4), 1 << 20, np.int32)).save(tmp_path / "data/a/1.tif")
    values = pictures(tmp_path).fields["image"].values
    assert isinstance(values, Streamed)
    assert values.read(np.array([0]))[1].tolist() == [False]


def test_the_digest_follows_files_without_reading_them(tmp_path: Path) -> None:
    picture(tmp_path / "data/a/1.png")
    picture(tmp_path / "data/a/2.png")
    first, again = pictures(tmp_path).digest(), pictures(tmp_path).digest()
    picture(tmp_path / "data/a/2.png", value=90)
    changed = pictures(tmp_path).digest()
    (tmp_path / "data/a/2.png").rename(tmp_path / "data/a/3.png")
    assert len({first, changed, pictures(tmp_path).digest()}) == 3
    assert first == again


def test_many_files_are_found_quickly(tmp_path: Path) -> None:
    picture(tmp_path / "data/a/0.png", "L", (8, 8))
    content = (tmp_path / "data/a/0.png").read_bytes()
    for index in range(1, 20_000):
        (tmp_path / f"data/a/{index}.png").write_bytes(content)
    started = time.perf_counter()
    data = pictures(tmp_path)
    assert len(data) == 20_000
    assert time.perf_counter() - started < 20  # about 2 s where nothing else runs
