"""`netdsl train`, `eval` and `predict` with Keras: runs as PyTorch's, and runs that change over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from netdsl.cli import train
from netdsl.cli.main import main
from netdsl.diagnostics import UserError
from netdsl.training import curves
from netdsl.training.backends import BACKENDS, backend
from tests.backends.keras.engines import difference
from tests.conftest import REPOSITORY

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

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
# Further arguments of every training.
CPU = ("--device", "cpu")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec in an empty folder, which is the current one; no curves, which take long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)
    (tmp_path / "points.net").write_text(SPEC, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> None:
    assert main([*arguments, *CPU]) == 0


def log(name: str) -> list[dict[str, Any]]:
    """The log of a run, without times."""
    lines = Path(name, "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{**json.loads(line), "seconds": 0} for line in lines]


def settings(name: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(Path(name, "settings.json").read_text(encoding="utf-8"))
    return stored


# Where a batchnorm stands the running variance of Keras is another, so that `val_loss` is too.
EXAMPLES = ["digits", "iris", "spirals"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_loss_of_the_first_epoch_is_pytorchs(name: str, folder: Path) -> None:
    text = (REPOSITORY / f"examples/{name}.net").read_text(encoding="utf-8")
    # Noise is drawn by each backend in its own way.
    (folder / "example.net").write_text(text.replace("dropout(0.5) -> ", ""), encoding="utf-8")
    for chosen in ("torch", "keras"):
        run("train", "example.net", "--backend", chosen, "--out", chosen,
            "--set", "train.epochs=1")  # fmt: skip
    one, other = settings("torch"), settings("keras")
    assert (one.pop("backend"), other.pop("backend")) == ("torch", "keras")
    assert one == other
    (first,), (found,) = log("torch"), log("keras")
    assert found["loss"] == pytest.approx(first["loss"], rel=1e-5)
    assert found["val_loss"] == pytest.approx(first["val_loss"], rel=0.01)


def test_a_longer_run_equals_one_that_goes_on() -> None:
    run("train", "points.net", "--backend", "keras", "--out", "whole")
    run("train", "points.net", "--backend", "keras", "--out", "parts", "--set", "train.epochs=2")
    run("train", "--resume", "parts", "--set", "train.epochs=4")
    for name in ("weights.safetensors", "state.safetensors"):
        one, other = load_file(Path("whole", name)), load_file(Path("parts", name))
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[tensor], other[tensor]) for tensor in one)
    assert log("whole") == log("parts")


@pytest.mark.parametrize(("first", "second"), [("torch", "keras"), ("keras", "torch")])
def test_either_backend_uses_what_the_other_trained(
    first: str, second: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("train", "points.net", "--backend", first, "--out", "run", "--set", "train.epochs=2")
    np.savez("new.npz", point=np.random.default_rng(0).normal(size=(70, 2)))
    figures, answers = [], []
    for chosen in (first, second):
        capsys.readouterr()
        run("eval", "run", "--backend", chosen, "--json")
        figures.append(json.loads(capsys.readouterr().out))
        run("predict", "run", "new.npz", "--backend", chosen, "--json")
        answers.append(json.loads(capsys.readouterr().out))
    assert figures[0].pop("loss") == pytest.approx(figures[1].pop("loss"), rel=1e-5)
    assert figures[0] == figures[1]
    for one, other in zip(*answers, strict=True):
        assert one["class"] == other["class"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)


def test_a_run_goes_on_with_another_backend(capsys: pytest.CaptureFixture[str]) -> None:
    text = SPEC.replace(" -> dropout(0.1)", "").replace("batchnorm", "layernorm")
    Path("points.net").write_text(text, encoding="utf-8")
    run("train", "points.net", "--backend", "torch", "--out", "whole")
    run("train", "points.net", "--backend", "torch", "--out", "parts", "--set", "train.epochs=2")
    capsys.readouterr()
    run("train", "--resume", "parts", "--backend", "keras", "--set", "train.epochs=4")
    told = "keras goes on from what torch trained: with its weights and the optimizer's state"
    assert told in capsys.readouterr().out.splitlines()
    assert settings("parts")["backend"] == "keras"
    one, other = (load_file(Path(name, "state.safetensors")) for name in ("whole", "parts"))
    assert difference(one, other) <= 1e-3
    for entry, wanted in zip(log("parts"), log("whole"), strict=True):
        assert entry["loss"] == pytest.approx(wanted["loss"], rel=1e-4)


def test_the_command_line_knows_every_backend() -> None:
    assert tuple(BACKENDS) == train.BACKENDS


# The libraries ask in several ways what is there, so that it must be missing in all of them.
BLOCKER = """
import sys
from importlib.machinery import PathFinder
from netdsl.cli.main import main

class Without(PathFinder):
    names = ()

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in cls.names:
            return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


def in_a_process(code: str, **environment: str) -> str:
    """What a fresh interpreter prints that runs this; `Without.names` cannot be imported in it."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKER + code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


COMMANDS = """
np = __import__("numpy")
np.savez("new.npz", point=np.zeros((3, 2)))
for line in (
    "train points.net --backend {0} --out run --set train.epochs=1",
    "train --resume run --set train.epochs=2",
    "eval run --json",
    "predict run new.npz",
    "export points.net --to {1} -o code.py",
    "parity points.net --backend {2}",
):
    assert main(line.split()) == 0, line
print("done")
"""


@pytest.mark.parametrize(
    ("name", "code", "compared", "missing"),
    [
        ("keras", "keras", "keras,onnx", ["torch"]),
        ("torch", "torch", "torch,onnx", ["keras", "tensorflow"]),
        ("keras:torch", "keras", "torch,keras:torch", ["tensorflow"]),
    ],
)
def test_one_backend_needs_no_other(
    name: str, code: str, compared: str, missing: list[str]
) -> None:
    commands = COMMANDS.format(name, code, compared)
    told = in_a_process(f"Without.names = {missing}\n{commands}")
    assert told.splitlines()[-1] == "done"


EMITTED = """
import netdsl
net = netdsl.load("points.net")
print(net.keras().count_params())
from netdsl.backends.keras import emit
source = {}
exec(emit(net.elaborated), source)
training, evaluation = source["points"]()
print(evaluation.count_params())
"""


def test_emitted_code_runs_on_pytorch() -> None:
    told = in_a_process(f"Without.names = ['tensorflow']\n{EMITTED}", KERAS_BACKEND="torch")
    ours, theirs = told.splitlines()
    assert ours == theirs


MISSING = """
from netdsl.training.backends import backend
for name, Without.names in {0}.items():
    try:
        backend(name)
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_what_is_missing_is_told_in_one_sentence() -> None:
    blocked = {"keras": ["tensorflow"], "keras:jax": ["jax"], "keras:torch": ["torch"]}
    assert in_a_process(MISSING.format(blocked), KERAS_BACKEND="tensorflow").splitlines() == [
        'UserError TensorFlow is not installed; install it with `pip install "netdsl[keras]"`',
        "UserError JAX is not installed; install it with `pip install jax`",
        'UserError PyTorch is not installed; install it with `pip install "netdsl[torch]"`',
    ]
    assert in_a_process(MISSING.format({"keras": ["keras"]})).splitlines() == [
        'UserError Keras is not installed; install it with `pip install "netdsl[keras-any]"`'
    ]


def test_keras_cannot_change_what_it_runs_on() -> None:
    with pytest.raises(UserError, match="Keras runs on tensorflow in this process and cannot"):
        backend("keras:torch")
