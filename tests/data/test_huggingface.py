"""Data sets that `datasets` has stored, without a network."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

datasets = pytest.importorskip("datasets", reason="an extra of its own: netdsl[huggingface]")

from netdsl.catalog.sources import HuggingFace, LabelledText  # noqa: E402
from netdsl.data.fields import DataSet  # noqa: E402
from netdsl.data.read import read  # noqa: E402
from netdsl.data.split import split  # noqa: E402
from netdsl.data.streamed import Streamed  # noqa: E402
from netdsl.diagnostics import UserError  # noqa: E402
from tests.data.photographs import photograph  # noqa: E402

SHARES = (0.5, 0.2, 0.3)


def read_back(folder: Path, made: Any, **given: Any) -> DataSet:
    made.save_to_disk(str(folder / "d"))
    return read(HuggingFace(name="d", **given), folder, 3, SHARES)


def pictures(count: int) -> Any:
    features = datasets.Features(
        image=datasets.Image(), label=datasets.ClassLabel(names=["roof", "sky"])
    )
    whole = photograph("china.jpg")
    rows = {
        "image": [whole.crop((i, i, i + 12, i + 10)) for i in range(count)],
        "label": [i % 2 for i in range(count)],
    }
    return datasets.Dataset.from_dict(rows, features)


def test_images_with_labels(tmp_path: Path) -> None:
    made = pictures(20)
    data = read_back(tmp_path, made)
    values = data.fields["image"].values
    assert isinstance(values, Streamed)
    assert (data.main, data.target, data.classes) == ("image", "label", ("roof", "sky"))
    rows = np.array([19, 0, 7])
    found, good = pickle.loads(pickle.dumps(values)).read(rows)
    assert good.all()
    for row, pixels in zip(rows, found, strict=True):
        assert np.array_equal(pixels, np.asarray(made[int(row)]["image"]))
    assert data.fields["label"].array.tolist() == made["label"][:]


def test_parts_are_shares(tmp_path: Path) -> None:
    parts = {"train": pictures(10), "validation": pictures(4), "test": pictures(6)}
    data = read_back(tmp_path, datasets.DatasetDict(parts))
    dealt = split(data, SHARES, 0)
    assert [len(rows) for rows in (dealt.train, dealt.validation, dealt.test)] == [10, 4, 6]
    assert len(read(HuggingFace(name="d", split="test"), tmp_path, 0)) == 6
    with pytest.raises(UserError, match="has no dev; it has train, validation, test"):
        read(HuggingFace(name="d", split="dev"), tmp_path, 0)


ROWS = {
    "review": [f"good film {i}" if i % 2 else f"bad film, bad {i}" for i in range(20)],
    "stars": [float(i) for i in range(20)],
    "liked": ["yes" if i % 2 else "no" for i in range(20)],
}


def test_texts_are_as_labelled_text(tmp_path: Path) -> None:
    made = datasets.Dataset.from_dict({name: ROWS[name] for name in ("review", "liked")})
    data = read_back(tmp_path, made, target="liked", length=5)
    lines = "\n".join(f'"{text}",{kind}' for text, kind in zip(made["review"], made["liked"],
                                                               strict=True))  # fmt: skip
    (tmp_path / "t.csv").write_text(f"review,liked\n{lines}\n", encoding="utf-8")
    source = LabelledText(file="t.csv", text="review", target="liked", length=5)
    expected = read(source, tmp_path, 3, SHARES)
    for name in ("tokens", "liked"):
        assert np.array_equal(data.fields[name].array, expected.fields[name].array)
    assert data.fields["tokens"].vocabulary == expected.fields["tokens"].vocabulary


def test_numbers_and_words_are_a_table(tmp_path: Path) -> None:
    rows = {"stars": ROWS["stars"], "kind": ROWS["liked"], "y": ROWS["stars"]}
    data = read_back(tmp_path, datasets.Dataset.from_dict(rows))
    assert [column.name for column in data.fields["features"].columns] == ["stars", "kind"]
    assert data.fields["y"].kind == "number"
    assert data.fields["features"].standardised


def test_wrong_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = datasets.Dataset.from_dict(ROWS)
    with pytest.raises(UserError, match=r"name the target.* of review, stars, liked"):
        read_back(tmp_path, made)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match=r"nobody/nothing cannot be opened: .* without a network"):
        read(HuggingFace(name="nobody/nothing"), tmp_path, 0)
