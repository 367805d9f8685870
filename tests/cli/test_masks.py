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


def test_where_nothing_is_seen_the_picture_stays(
    run: Path, pictures: Path, tmp_path: Path, capsys: Capture
) -> None:
    told(capsys, run, pictures, "-o", tmp_path / "over")
    told(capsys, run, pictures, "-o", tmp_path / "masks", "--plain")
    given = np.round(np.load(pictures)["image"] * 255)
    for number in range(3):
        over = np.asarray(Image.open(tmp_path / "over" / f"some_{number}.png"), np.float64)
        background = np.asarray(Image.open(tmp_path / "masks" / f"some_{number}.png")) == 0
        np.testing.assert_allclose(over[background], given[number][background], atol=1)
        assert not background.all()
        assert (over != given[number]).any(axis=-1)[~background].all()


def test_nothing_is_written_where_two_would_have_one_name(
    run: Path, pictures: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "twice"
    assert main(["predict", str(run), str(pictures), str(pictures), "-o", str(out)]) == 1
    assert "two pictures would be called some_0.png" in capsys.readouterr().err
    assert not out.exists()
    assert main(["predict", str(run), str(pictures), "-o", str(tmp_path / "all.png")]) == 1
    assert "name a folder" in capsys.readouterr().err
