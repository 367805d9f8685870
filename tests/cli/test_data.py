"""`netdsl data`: figures of a source, and sheets whose pixels are the examples'."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris

from netdsl.catalog.sources import Npz
from netdsl.cli.main import main
from netdsl.data.arrays import arrays
from netdsl.data.bundled import digits, iris
from netdsl.data.sheet import sheet
from netdsl.diagnostics import UserError

SPEC = """\
net Digits {{
  input image: 8x8x1
  flatten -> dense(10) -> softmax
}}

train {{
  data      = digits
  loss      = cross_entropy
  optimizer = adam
  augment   = {augment}
}}
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digits.net").write_text(SPEC.format(augment="none"), encoding="utf-8")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["data", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_figures_are_those_of_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "digits.net")
    bundled = load_digits()
    assert found["examples"] == len(bundled.target) == sum(found["shares"].values())
    image, label = found["fields"]
    assert (image["kind"], image["shape"], image["least"], image["largest"]) == (
        "image",
        [8, 8, 1],
        bundled.images.min() / 16,
        bundled.images.max() / 16,
    )
    assert label["target"]
    counts = np.bincount(bundled.target)
    assert [found["count"] for found in found["classes"]] == counts.tolist()
    for one in found["classes"]:
        assert one["count"] == one["train"] + one["validation"] + one["test"]


def test_shares_are_those_of_the_section(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "digits.net", "--set", "train.split=[0.5, 0.25, 0.25]")
    assert found["shares"] == {"train": 899, "validation": 449, "test": 449}


def test_what_people_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "digits.net"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "digits: 1797 examples, 1258 train, 180 validation, 359 test"
    assert any("image" in line and "8 x 8 x 1" in line and "main" in line for line in lines)


def cells(path: Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float32)


@pytest.mark.parametrize("augment", ["none", "flip(chance=1)"])
def test_a_sheet_is_a_picture(augment: str) -> None:
    Path("digits.net").write_text(SPEC.format(augment=augment), encoding="utf-8")
    assert main(["data", "digits.net", "-o", "sheet.png"]) == 0
    pixels = cells(Path("sheet.png"))
    assert pixels.shape[1] == 1500
    assert pixels.min() == 0
    assert np.mean(pixels == 255) > 0.3


def shown(data: Any, versions: Any = None) -> list[Any]:
    """What each row of a sheet of pictures shows."""
    figure = sheet(data, np.arange(len(data)), 0, versions)
    return [(axes.get_ylabel(), axes.get_images()[0].get_array()) for axes in figure.axes]


def test_a_row_shows_examples_of_its_class() -> None:
    data = digits()
    rows = shown(data)
    assert [name for name, _ in rows] == list(data.classes)
    images, labels = data.fields["image"].values, data.fields["label"].values
    for number, (_, strip) in enumerate(rows):
        # A picture has an edge of one pixel.
        for first in range(0, strip.shape[1], 10):
            picture = strip[1:9, first + 1 : first + 9, :1]
            same = np.all(np.isclose(images, picture), axis=(1, 2, 3))
            assert set(labels[same]) == {number}


def test_versions_stand_beside_their_original() -> None:
    def darker(pictures: Any, number: int) -> Any:
        return pictures / (number + 2)

    for _, strip in shown(digits(), darker):
        original = strip[1:9, 1:9]
        for number in range(4):
            first = 10 * (number + 1) + 1
            np.testing.assert_allclose(
                strip[1:9, first : first + 8], original / (number + 2), atol=1e-6
            )


def test_a_table_is_a_histogram_of_each_column() -> None:
    figure = sheet(iris(), np.arange(150), 0)
    assert len(figure.axes) == 4
    for axes, name in zip(figure.axes, load_iris().feature_names, strict=True):
        assert axes.get_xlabel() == name.removesuffix(" (cm)")
        # Classes stand on one another, so that the last one reaches the count of all.
        tops = [sum(bar.get_height() for bar in bars) for bars in axes.containers]
        assert sum(tops) == 150


def test_sequences_are_lines(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((12, 9, 2)).astype(np.float32)
    np.savez("s.npz", x=values, y=np.arange(12) % 3)
    figure = sheet(arrays(Npz("s.npz"), tmp_path), np.arange(12), 0)
    for axes in figure.axes:
        lines = np.stack([line.get_ydata() for line in axes.get_lines()], axis=-1)
        (example,) = np.flatnonzero((values == lines).all(axis=(1, 2)))
        assert axes.get_ylabel() == str(example % 3)


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    np.savez("t.npz", x=np.arange(40).reshape(10, 4), y=np.arange(10) % 2)
    with pytest.raises(UserError, match="pictures, tables and sequences; x is 4 of int"):
        sheet(arrays(Npz("t.npz"), tmp_path), np.arange(10), 0)


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["digits.net", "-o", "sheet.doc"], 2, "-o takes a file that ends in .png, .pdf, .svg"),
        (["digits.net", "-o", "nowhere/s.png"], 1, "nowhere/s.png: No such file or directory"),
        (
            ["digits.net", "-o", "s.png", "--set", "train.augment=color_jitter(0, 0, 0.5)"],
            1,
            "saturation and hue need red, green and blue",
        ),
    ],
)
def test_mistakes(
    arguments: list[str], status: int, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", *arguments]) == status
    assert expected in capsys.readouterr().err
    assert not list(Path().glob("*.png"))
