"""From the text of a spec to a trained net and its predictions, nothing replaced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import netdsl
from netdsl.cli.main import main
from netdsl.graph import named_weights
from netdsl.training import curves

SPEC = """\
block head(classes) { dense(classes) -> softmax }

net Points(width = 8) {
  input point: 2
  repeat 2 { dense(width) -> batchnorm -> relu -> dropout(0.1) }
  auxiliary head(2) as aux
  dense(width) -> relu -> head(2)
}

train {
  data           = circles(n=100)
  loss           = cross_entropy(output, label) + 0.3 * cross_entropy(aux, label)
  optimizer      = adamw(lr=1e-2)
  epochs         = 4
  early_stopping = patience(5)
}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The spec in an empty folder, which is the current one; no curves, which take long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)
    (tmp_path / "points.net").write_text(SPEC, encoding="utf-8")
    return "points.net"


def test_a_net_is_trained_judged_and_used(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", file, "--out", "run", "--set", "width=6", "--device", "cpu"]) == 0
    graph = netdsl.load(file, set={"width": "6"}).elaborated.graph
    weights = load_file(tmp_path / "run/weights.safetensors")
    assert weights.keys() == {named.name for named in named_weights(graph)}
    assert weights["aux.dense1.weight"].shape == (2, 6)
    capsys.readouterr()
    assert main(["eval", "run", "--json", "--device", "cpu"]) == 0
    test = json.loads((tmp_path / "run/test.json").read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out).items() <= test.items()
    np.savez(tmp_path / "new.npz", point=np.zeros((3, 2)))
    assert main(["predict", "run", "new.npz", "--json", "--device", "cpu"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [answer["input"] for answer in told] == ["new.npz[0]", "new.npz[1]", "new.npz[2]"]


def test_a_longer_run_equals_one_that_goes_on(file: str, tmp_path: Path) -> None:
    short = ["--set", "train.epochs=2"]
    assert main(["train", file, "--out", "whole", "--device", "cpu"]) == 0
    assert main(["train", file, "--out", "parts", "--device", "cpu", *short]) == 0
    longer = ["--set", "train.epochs=4"]
    assert main(["train", "--resume", "parts", "--device", "cpu", *longer]) == 0
    one, other = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "parts"))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_mistake_in_the_section_is_a_diagnostic(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", file, "--set", "train.batch=0"]) == 1
    assert "batch expects a whole number of at least 1, or all" in capsys.readouterr().err
