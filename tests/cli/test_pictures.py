"""`netdsl predict` with -o, --samples and --latent: pictures of what a net makes, and codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netdsl.cli.main import main

Capture = pytest.CaptureFixture[str]

VARIATIONAL = """
block spread(units) {
  mean = dense(units)
  logvar = dense(units)
  sample(mean, logvar)
}

net Variational {
  input image: 8x8x1
  flatten -> dense(16) -> relu as read
  spread(3) as code
  dense(64) -> unflatten(8, 8, 1) -> sigmoid as decoded
}

train {
  data      = digits
  loss      = binary_cross_entropy(decoded, image) + 0.1 * kl_divergence(code.mean, code.logvar)
  optimizer = adam(lr=1e-2)
  epochs    = 1
}
"""
# It reads its input again behind the draw.
SKIPPING = VARIATIONAL.replace(
    "dense(64) ->", "concat(it, image -> flatten) -> dense(64) ->"
).replace("Variational", "Skipping")
CLASSES = """
net Classes {
  input image: 8x8x1
  flatten -> dense(1) as one
  dense(10) -> softmax
}

train {
  data      = digits
  loss      = cross_entropy
  optimizer = sgd(lr=0.1)
  epochs    = 1
}
"""


def trained(folder: Path, name: str, text: str) -> str:
    spec = folder / f"{name}.net"
    spec.write_text(text, encoding="utf-8")
    assert main(["train", str(spec), "--out", str(folder / name)]) == 0
    return str(folder / name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("runs"), "variational", VARIATIONAL)


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("runs"), "classes", CLASSES)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("new") / "digits.npz"
    np.savez(file, image=np.random.default_rng(0).random((12, 8, 8, 1)).astype(np.float32))
    return file


def told(capsys: Capture, *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["predict", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: Capture, *arguments: str) -> str:
    capsys.readouterr()
    assert main(["predict", *arguments]) != 0
    return capsys.readouterr().err


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("backend", ["keras", "onnx"])
def test_every_backend_makes_the_same_examples(run: str, backend: str, capsys: Capture) -> None:
    asked = [run, "--samples", "5", "--seed", "3"]
    made = np.array([one["value"] for one in told(capsys, *asked)])
    assert made.shape == (5, 8, 8, 1)
    assert np.ptp(made, axis=0).max() > 0.05
    again = np.array([one["value"] for one in told(capsys, *asked, "--backend", backend)])
    np.testing.assert_allclose(again, made, atol=1e-5)
    other = np.array([one["value"] for one in told(capsys, run, "--samples", "5")])
    assert np.abs(other - made).max() > 0.05


def test_examples_are_written_as_pictures(run: str, tmp_path: Path, capsys: Capture) -> None:
    sheet, folder = tmp_path / "samples.png", tmp_path / "samples"
    made = told(capsys, run, "--samples", "5", "-o", str(sheet))
    # Three columns and two rows of digits of six times their size, and two pixels between them.
    assert pixels(sheet).shape == (2 * 50 + 2, 3 * 50 + 2)
    assert told(capsys, run, "--samples", "5", "-o", str(folder)) == made
    assert sorted(path.name for path in folder.iterdir()) == [f"{n:04}.png" for n in range(5)]
    for number, one in enumerate(made):
        values = np.array(one["value"])[..., 0]
        np.testing.assert_array_equal(pixels(folder / f"{number:04}.png"), np.round(values * 255))
    first = pixels(sheet)[2:50:6, 2:50:6]
    np.testing.assert_array_equal(first, pixels(folder / "0000.png"))


def test_codes_are_the_means_of_the_test_share(run: str, tmp_path: Path, capsys: Capture) -> None:
    found = told(capsys, run, "--latent", "-o", str(tmp_path / "latent.png"))
    assert len(found) == 359
    assert {one["class"] for one in found} == set("0123456789")
    assert {len(one["value"]) for one in found} == {3}
    height, width = pixels(tmp_path / "latent.png").shape[:2]
    assert height > 600 < width
    # The draw is its mean where nothing is learned.
    named = told(capsys, run, "--latent", "code")
    for one, other in zip(named, found, strict=True):
        assert one["class"] == other["class"]
        np.testing.assert_allclose(one["value"], other["value"], atol=1e-6)


def test_any_tensor_of_a_net_is_a_code(classes: str, tmp_path: Path, capsys: Capture) -> None:
    one = told(capsys, classes, "--latent", "one")
    assert {len(code["value"]) for code in one} == {1}
    picture = str(tmp_path / "one.svg")
    assert "one is one number" in refused(capsys, classes, "--latent", "one", "-o", picture)
    assert "did you mean one?" in refused(capsys, classes, "--latent", "ones")
    assert "no kl_divergence" in refused(capsys, classes, "--latent")


def test_restored_pictures_stand_below_those_that_are_given(
    run: str, digits: Path, tmp_path: Path, capsys: Capture
) -> None:
    sheet, folder = tmp_path / "sheet.png", tmp_path / "each"
    found = told(capsys, run, str(digits), "-o", str(sheet))
    assert [one["input"] for one in found] == [f"{digits}[{number}]" for number in range(12)]
    # Ten columns; the two that are left in rows of their own.
    seen = pixels(sheet)
    assert seen.shape == (4 * 50 + 2, 10 * 50 + 2)
    given = np.load(digits)["image"]
    for number, (top, left) in {0: (0, 0), 9: (0, 9), 10: (2, 0), 11: (2, 1)}.items():
        for row, picture in ((top, given[number]), (top + 1, np.array(found[number]["value"]))):
            place = seen[2 + 50 * row : 50 + 50 * row : 6, 2 + 50 * left : 50 + 50 * left : 6]
            np.testing.assert_array_equal(place, np.round(picture[..., 0] * 255))
    assert (seen[102:, 102:] == 255).all()
    told(capsys, run, str(digits), "-o", str(folder))
    assert sorted(path.name for path in folder.iterdir())[:3] == [
        "digits_0.png", "digits_1.png", "digits_10.png"
    ]  # fmt: skip
    assert len(list(folder.iterdir())) == 12


def test_what_cannot_be_is_told(
    run: str, classes: str, digits: Path, tmp_path: Path, capsys: Capture
) -> None:
    picture = str(tmp_path / "picture.png")
    skipping = trained(tmp_path, "skipping", SKIPPING)
    assert "its input also goes another way" in refused(capsys, skipping, "--samples", "2")
    assert "has no sample" in refused(capsys, classes, "--samples", "2")
    assert "gives neither" in refused(capsys, classes, str(digits), "-o", picture)
    assert "ends in .png" in refused(capsys, run, "--samples", "2", "-o", f"{picture}.jpg")
    assert ".pdf" in refused(capsys, run, "--latent", "-o", f"{picture}.jpg")
    assert "takes no files" in refused(capsys, run, str(digits), "--samples", "2")
    assert "two predictions" in refused(capsys, run, "--samples", "2", "--latent")
    assert "--seed" in refused(capsys, run, str(digits), "--seed", "2")
    twice = [str(digits), str(digits), "-o", str(tmp_path / "twice")]
    assert "digits_0.png" in refused(capsys, run, *twice)
    assert not (tmp_path / "picture.png").exists()
    assert not (tmp_path / "twice").exists()
