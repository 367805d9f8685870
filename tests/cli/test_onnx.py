"""ONNX on the command line: a trained net exported, judged and used by onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file

import netdsl
from netdsl.backends.onnx import files
from netdsl.cli.main import main
from netdsl.training import curves
from netdsl.training.initial import initial_weights

SPEC = """\
net Points(width = 8) {
  input point: 2
  dense(width) -> batchnorm -> relu -> dropout(0.1) -> dense(2) -> softmax
}

train {
  data      = circles(n=100)
  loss      = cross_entropy
  optimizer = adamw(lr=1e-2)
  epochs    = 2
  seed      = 5
}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The spec in an empty folder, which is the current one; no curves, which take long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)
    (tmp_path / "points.net").write_text(SPEC, encoding="utf-8")
    return "points.net"


def weights_in(path: str) -> dict[str, Any]:
    """The weights in a file, without fixed numbers that layers bring."""
    found = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    return {name: values for name, values in found.items() if "/" not in name}


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether all weights are equal."""
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[n], theirs[n]) for n in ours)


def test_a_run_is_judged_and_used(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", file, "--out", "run", "--device", "cpu"]) == 0
    np.savez("new.npz", point=np.random.default_rng(0).normal(size=(3, 2)))
    told = {}
    for backend in ("torch", "onnx"):
        capsys.readouterr()
        options = ["--backend", backend, "--json", "--device", "cpu"]
        assert main(["eval", "run", *options]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert main(["predict", "run", "new.npz", *options]) == 0
        told[backend] = figures, json.loads(capsys.readouterr().out)
    (expected, answers), (figures, found) = told["torch"], told["onnx"]
    assert figures.pop("loss") == pytest.approx(expected.pop("loss"), rel=1e-5)
    assert figures == expected
    assert [answer["class"] for answer in found] == [answer["class"] for answer in answers]
    assert main(["export", file, "--to", "onnx", "-o", "x.onnx", "--weights",
                 "run/weights.safetensors"]) == 0  # fmt: skip
    assert same(weights_in("x.onnx"), load_file("run/weights.safetensors"))


def test_weights_start_as_those_of_a_training(file: str) -> None:
    assert main(["export", file, "--to", "onnx", "-o", "x.onnx", "--set", "width=3"]) == 0
    graph = netdsl.load(file, set={"width": "3"}).elaborated.graph
    assert same(weights_in("x.onnx"), initial_weights(graph, 5))


def test_without_a_section_the_seed_is_zero(file: str) -> None:
    Path(file).write_text(SPEC.partition("train")[0], encoding="utf-8")
    assert main(["export", file, "--to", "onnx", "-o", "x.onnx"]) == 0
    graph = netdsl.load(file).elaborated.graph
    assert same(weights_in("x.onnx"), initial_weights(graph, 0))


def test_large_weights_have_a_file_of_their_own(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["export", file, "--to", "onnx", "--set", "width=300", "-o"]
    assert main([*arguments, "one.onnx"]) == 0
    monkeypatch.setattr(files, "_MOST_BYTES", 1000)
    assert main([*arguments, "two.onnx"]) == 0
    assert Path("two.onnx").stat().st_size < 4000 < Path("two.onnx.data").stat().st_size
    assert not Path("one.onnx.data").exists()
    assert same(weights_in("one.onnx"), weights_in("two.onnx"))


def test_a_model_needs_a_file(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file, "--to", "onnx"]) == 1
    told = capsys.readouterr().err
    assert told == "error: an ONNX model goes into a file: name it with -o FILE\n"


def test_source_code_takes_no_weights(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file, "--to", "torch", "--weights", "x.safetensors"]) == 1
    assert capsys.readouterr().err.startswith("error: source code has no weights; in Python, ")


def test_another_backend_is_unknown(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", file, "--out", "run", "--device", "cpu"]) == 0
    capsys.readouterr()
    assert main(["eval", "run", "--backend", "caffe"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: there is no backend caffe; there is torch") and "onnx" in told
