"""Examples in tar archives are read in any order and never unpacked."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netdsl.catalog.sources import Shards
from netdsl.data.examples import Examples
from netdsl.data.fields import DataSet
from netdsl.data.read import read
from netdsl.data.shards import expanded
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError
from tests.data.photographs import photograph

PATTERN = "data-{000..001}.tar"


def picture(index: int, ending: str = "PNG") -> bytes:
    file = io.BytesIO()
    photograph("china.jpg").crop((index, index, index + 12, index + 10)).save(file, ending)
    return file.getvalue()


def array(index: int) -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(index, index + 3, dtype=np.float64))
    return file.getvalue()


def example(index: int) -> dict[str, bytes]:
    return {
        "png": picture(index),
        "cls": str(index % 3).encode(),
        "json": json.dumps({"weight": index / 2, "camera": "ab"[index % 2]}).encode(),
        "wave.npy": array(index),
    }


def write(path: Path, examples: dict[int, dict[str, bytes]], mode: Any = "w") -> None:
    with tarfile.open(path, mode) as tar:
        for index, files in examples.items():
            for ending, content in files.items():
                member = tarfile.TarInfo(f"part/{index:04d}.{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


def shards(folder: Path, **given: Any) -> DataSet:
    for number in range(2):
        rows = range(number * 6, number * 6 + 6)
        write(folder / f"data-{number:03}.tar", {index: example(index) for index in rows})
    return read(Shards(files=PATTERN, **given), folder, 0)


def test_files_of_one_stem_are_an_example(tmp_path: Path) -> None:
    data = shards(tmp_path)
    assert set(data.fields) == {"image", "label", "weight", "camera", "wave"}
    assert (data.main, data.target, data.classes) == ("image", "label", ("0", "1", "2"))
    assert data.fields["label"].array.tolist() == [index % 3 for index in range(12)]
    assert data.fields["weight"].array.tolist() == [index / 2 for index in range(12)]
    rows = np.array([11, 0, 7])
    image, wave = data.fields["image"].values, data.fields["wave"].values
    assert isinstance(image, Streamed)
    assert isinstance(wave, Streamed)
    pixels, good = pickle.loads(pickle.dumps(image)).read(rows)
    assert good.all()
    for row, found in zip(rows, pixels, strict=True):
        with Image.open(io.BytesIO(picture(int(row)))) as expected:
            assert np.array_equal(found, np.asarray(expected))
    assert wave.read(rows)[0].tolist() == [[11, 12, 13], [0, 1, 2], [7, 8, 9]]
    assert wave.dtype == np.float32


def test_words_of_json_are_classes(tmp_path: Path) -> None:
    data = shards(tmp_path, target="camera")
    assert data.classes == ("a", "b")


def test_batches_by_workers(tmp_path: Path) -> None:
    data = shards(tmp_path, size=8)
    examples = Examples({name: field.values for name, field in data.fields.items()}, 2)
    batches = list(examples.batches([np.array([3, 9]), np.array([1, 2, 11])]))
    examples.close()
    assert [batch["image"].shape for batch in batches] == [(2, 8, 8, 3), (3, 8, 8, 3)]
    assert batches[1]["wave"][:, 0].tolist() == [1, 2, 11]


def test_a_picture_that_is_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = {index: {"png": picture(index), "cls": b"0"} for index in range(20)}
    whole[4]["png"] = whole[4]["png"][:-40]
    write(tmp_path / "d.tar", whole)
    data = read(Shards(files="d.tar", corrupt=0.1), tmp_path, 0)
    examples = Examples({name: field.values for name, field in data.fields.items()})
    (batch,) = examples.batches([np.arange(20)])
    assert len(batch["label"]) == 19
    assert "d.tar, byte" in capsys.readouterr().err


def test_names_with_numbers() -> None:
    assert expanded("a-{8..10}.tar") == ["a-8.tar", "a-9.tar", "a-10.tar"]
    assert expanded("{0..1}/{00..01}") == ["0/00", "0/01", "1/00", "1/01"]
    assert expanded("plain.tar") == ["plain.tar"]
    with pytest.raises(UserError, match="counts down"):
        expanded("{3..1}.tar")


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        ({1: {"png": b"", "cls": b"0"}, 2: {"cls": b"0"}}, r"0002 has no \.png, as others have"),
        ({1: {"cls": b"x", "npy": array(1)}}, "is no number of a class"),
        ({1: {"cls": b"-1", "npy": array(1)}}, "label holds -1, but classes count from 0"),
        ({1: {"cls": b"0", "npy": b"?"}}, "is no array of numbers"),
        ({1: {"cls": b"0", "npy": pickle.dumps([1])}}, "is no array of numbers"),
        ({1: {"json": b"{", "npy": array(1)}}, "is no JSON"),
        ({1: {"cls": b"0", "mp3": b""}}, r"end in \.mp3; known are pictures"),
        ({1: {"cls": b"0"}}, "holds nothing beside the target label"),
        ({1: {"npy": array(1)}}, r"holds array; name the target"),
    ],
)
def test_wrong_shards(tmp_path: Path, examples: dict[int, dict[str, bytes]], told: str) -> None:
    write(tmp_path / "d.tar", examples)
    with pytest.raises(UserError, match=told):
        read(Shards(files="d.tar"), tmp_path, 0)


def test_compressed_archives_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "d.tar", {1: example(1)}, "w:gz")
    with pytest.raises(UserError, match="tar archives that are not compressed"):
        read(Shards(files="d.tar"), tmp_path, 0)
    with pytest.raises(UserError, match=r"no\.tar: No such file"):
        read(Shards(files="no.tar"), tmp_path, 0)
