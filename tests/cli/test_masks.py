"""`netdsl predict` with -o for a net that has a class for each pixel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netdsl.cli.main import main

# Hardly trained, so that chance has it see every class.
SPEC = """
net Pixels {
  input image: 16 x 16 x 3
  conv(8, 3, pad=same) -> relu -> conv(4, 1) -> softmax
}

train {
  data      = shapes(photographs(16), most=2, times=1)
  loss      = cross_entropy
  optimizer = sgd(lr=1e-6)
  epochs    = 1
}
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pixels")
    spec = folder / "pixels.net"
    spec.write_text(SPEC, encoding="utf-8")
    assert main(["train", str(spec), "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("new") / "some.npz"
    np.savez(file, image=np.random.default_rng(0).random((3, 16, 16, 3)).astype(np.float32))
    return file


def told(capsys: Capture, *arguments: object) -> Any:
    capsys.readouterr()
    assert main(["predict", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_plain_classes_are_those_that_are_counted(
    run: Path, pictures: Path, tmp_path: Path, capsys: Capture
) -> None:
    answers = told(capsys, run, pictures, "-o", tmp_path / "masks", "--plain")
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [
        f"some_{number}.png" for number in range(3)
    ]
    for number, answer in enumerate(answers):
        mask = np.asarray(Image.open(tmp_path / "masks" / f"some_{number}.png"))
        assert mask.shape == (16, 16)
        found = sorted(count for count in np.bincount(mask.ravel()) if count)
        assert found == sorted(count for count in answer["pixels"].values() if count)


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_where_nothing_is_seen_the_picture_stays(
    backend: str, run: Path, pictures: Path, tmp_path: Path, capsys: Capture
) -> None:
    told(capsys, run, pictures, "-o", tmp_path / "over", "--backend", backend)
    told(capsys, run, pictures, "-o", tmp_path / "masks", "--plain")
    given = np.round(np.load(pictures)["image"] * 255)
    for number in range(3):
        over = np.asarray(Image.open(tmp_path / "over" / f"some_{number}.png"), np.float64)
        background = np.asarray(Image.open(tmp_path / "masks" / f"some_{number}.png")) == 0
        np.testing.assert_allclose(over[background], given[number][background], atol=1)
        assert not background.all()
        assert (over != given[number]).any(axis=-1)[~background].all()


FOLDERS = """
net Halves {
  input image: 12 x 12 x 3
  conv(8, 3, pad=same) -> relu -> conv(3, 1) -> softmax
}

train {
  data      = masks("pictures", "truth", size=12, names=["night", "day", "never"])
  split     = [0.5, 0.25, 0.25]
  loss      = cross_entropy
  metrics   = [iou]
  optimizer = adam(lr=0.03)
  batch     = 4
  epochs    = 10
}
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures that are bright on one side of a line, whose rim no mask says anything of."""
    folder = tmp_path_factory.mktemp("folders")
    generator = np.random.default_rng(0)
    for name in ("pictures", "truth"):
        (folder / name).mkdir()
    for number in range(40):
        mask = np.zeros((24, 24), np.uint8)
        mask[:, 2 * int(generator.integers(2, 10)) :] = 1
        pixels = (60 + 130 * mask[..., None] + generator.integers(0, 40, (24, 24, 3))).astype("u1")
        Image.fromarray(pixels).save(folder / f"pictures/{number}.jpg")
        mask[:2] = 255
        Image.fromarray(mask).save(folder / f"truth/{number}.png")
    (folder / "halves.net").write_text(FOLDERS, encoding="utf-8")
    return folder


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_folders_from_files_to_files(
    folders: Path, tmp_path: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    spec = str(folders / "halves.net")
    assert main(["train", spec, "--out", str(run), "--backend", backend, "--workers", "0"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("iou", "night", "day", "never"))
    assert main(["eval", str(run), "--json", "--workers", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["iou"] > 0.9
    # Ten pictures of the test share, without the rows that count nowhere: of 12 rows the first.
    assert sum(kind["examples"] for kind in found["classes"].values()) == 10 * 11 * 12
    assert found["classes"]["day"]["iou"] > 0.9
    assert found["classes"]["never"]["iou"] is None
    pictures = [str(folders / f"pictures/{number}.jpg") for number in range(3)]
    answers = told(capsys, run, *pictures, "-o", tmp_path / "made", "--plain")
    for number, answer in enumerate(answers):
        made = np.asarray(Image.open(tmp_path / f"made/{number}.png"))
        truth = np.asarray(Image.open(folders / f"truth/{number}.png"))[::2, ::2]
        assert (made == truth)[1:].mean() > 0.95
        assert answer["pixels"]["day"] == int((made == 1).sum())
    page = tmp_path / "page.html"
    assert main(["report", str(run), "-o", str(page), "--device", "cpu"]) == 0
    text = page.read_text(encoding="utf-8")
    assert f"{100 * found['classes']['day']['iou']:.1f} %" in text


def test_nothing_is_written_where_two_would_have_one_name(
    run: Path, pictures: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "twice"
    assert main(["predict", str(run), str(pictures), str(pictures), "-o", str(out)]) == 1
    assert "two pictures would be called some_0.png" in capsys.readouterr().err
    assert not out.exists()
    assert main(["predict", str(run), str(pictures), "-o", str(tmp_path / "all.png")]) == 1
    assert "name a folder" in capsys.readouterr().err
