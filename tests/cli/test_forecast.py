"""`netdsl predict` of series: forecasts in the file's units, and how the series goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from netdsl.cli.main import main
from netdsl.data.fields import Array

SPEC = """
net Waves {
  input window: 8 x 1
  flatten -> dense(3)
}

train {
  data      = series("t.csv", target="level", window=8, horizon=3)
  loss      = mse
  optimizer = adam(lr=0.02)
  epochs    = 20
}
"""


def wave(begin: int, end: int) -> Array:
    """What goes on by a linear rule, in units of its own."""
    return np.asarray(50 + 7 * np.sin(0.5 * np.arange(begin, end)))


def write(path: Path, values: Array) -> Path:
    path.write_text("level\n" + "".join(f"{value:.6f}\n" for value in values), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waves")
    write(folder / "t.csv", wave(0, 600))
    write(folder / "new.csv", wave(700, 720))
    (folder / "waves.net").write_text(SPEC, encoding="utf-8")
    assert main(["train", str(folder / "waves.net"), "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_a_series_goes_on(backend: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new, chosen = str(run.parent / "new.csv"), ["--backend", backend, "--json"]
    capsys.readouterr()
    assert main(["predict", str(run), new, *chosen]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [answer["input"] for answer in told] == [f"{new}:{line}" for line in range(9, 22)]
    np.testing.assert_allclose(told[0]["value"], wave(708, 711), atol=0.1)
    assert main(["predict", str(run), new, "--generate", "10", *chosen]) == 0
    value = json.loads(capsys.readouterr().out)["value"]
    np.testing.assert_allclose(value, wave(720, 730), atol=0.2)
    assert value[:3] == pytest.approx(told[-1]["value"])
    assert main(["predict", str(run), new, "--generate", "10", *chosen[:2]]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{number:g}" for number in value]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--generate", "3"], "from the rows of a file"),
        (["new.csv", "--generate", "3", "--seed", "1"], "nothing is drawn of a series"),
        (["new.csv", "new.csv", "--generate", "3"], "one file, or with --prompt"),
    ],
)
def test_what_makes_no_sense(
    arguments: list[str],
    sentence: str,
    run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(run.parent)
    assert main(["predict", str(run), *arguments]) > 0
    assert sentence in capsys.readouterr().err
