"""`netdsl parity`: its table, its object for programs, and the place where backends diverge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netdsl
from netdsl.backends.onnx.engine import OnnxModel
from netdsl.backends.torch.engine import TorchModel
from netdsl.cli.main import main
from netdsl.graph import named_weights
from netdsl.training import backends

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("collected")

SPEC = """\
block unit(channels) { conv(channels, 3, pad=same) -> batchnorm -> relu -> dropout(0.5) }

net Many(classes = 4) {
  input image: 8 x 8 x 3
  input tokens: 6 of int

  shared tower = { conv(8, 3, pad=same) -> batchnorm }
  image -> tower -> maxpool(2) as pooled
  repeat 3 { unit(8) }
  auxiliary global_avgpool -> dense(classes) -> softmax as head
  add(it, conv(8, 1) -> drop_path(0.3)) -> global_avgpool as features
  words = tokens -> embedding(11, 5) -> gru(7)
  means = features -> dense(4)
  spreads = features -> dense(4)
  sample(means, spreads) as drawn
  concat(drawn, words) -> dense(classes) -> softmax as label
  output features -> dense(1) -> sigmoid as gate
  output features -> dense(3) as free
  label
}
"""
OPEN = """\
net Open {
  input tokens: ? of int
  embedding(5, 3) -> rnn(4)
}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "many.net"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


def told(capsys: Capture, *arguments: str, status: int = 0) -> dict[str, Any]:
    """The object for programs."""
    assert main(["parity", *arguments, "--json"]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def largest(rows: list[dict[str, Any]], backend: str) -> float:
    """The largest difference of a backend."""
    return max(float(row[backend]) for row in rows)


def trained(file: str) -> list[str]:
    """The names of all weights that are learned, in order of execution."""
    weights = named_weights(netdsl.load(file).elaborated.graph)
    return [named.name for named in weights if named.weight.role == "weight"]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_all_backends_agree(file: str, capsys: Capture, optimizer: str) -> None:
    found = told(capsys, file, "--optimizer", optimizer)
    assert found["backends"] == ["torch", "keras", "onnx"]
    assert found["diverged"] == []
    for backend in ("keras", "onnx"):
        assert 0 < largest(found["forward"] + found["outputs"], backend) < 1e-5
    # In double precision.
    assert largest(found["gradients"], "keras") < 1e-5
    assert 0 < largest(found["steps"][optimizer], "keras") < 1e-10
    # Every weight has a gradient: of the auxiliary output too, and on both ways into `sample`.
    assert [row["name"] for row in found["gradients"]] == trained(file)
    assert largest(found["gradients"], "keras") > 0


def test_the_table_has_a_row_for_each_layer(file: str, capsys: Capture) -> None:
    assert main(["parity", file, "--backend", "torch,onnx"]) == 0
    page = capsys.readouterr().out.splitlines()
    assert page[0].startswith("Many: onnx against torch")
    assert page[2].split() == ["forward", "onnx"]
    names = [line.split()[0] for line in page[3:]]
    assert names[:6] == ["tower", "pooled", "unit1", "unit2", "unit3", "conv1"]
    assert names[-1] == "largest"


def test_blocks_are_opened(file: str, capsys: Capture) -> None:
    found = told(capsys, file, "--backend", "torch,onnx", "--depth", "all")
    names = [row["name"] for row in found["forward"]]
    assert [name for name in names if name.startswith("unit2")] == [
        "unit2.conv1", "unit2.batchnorm1", "unit2.relu1", "unit2.dropout1"
    ]  # fmt: skip


def test_the_first_layer_that_diverges_is_named(
    file: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = OnnxModel.put_weights

    def other_epsilon(model: OnnxModel, weights: Mapping[str, Any]) -> None:
        """As if a backend had another epsilon in one layer."""
        name = "unit2.batchnorm1.running_var"
        put(model, {**weights, name: weights[name] + np.float32(0.01)})

    monkeypatch.setattr(OnnxModel, "put_weights", other_epsilon)
    arguments = ["parity", file, "--backend", "torch,onnx"]
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(
        "unit2.batchnorm1 is the first layer that diverges in the forward pass: torch and onnx "
    )
    assert main([*arguments, "--tolerance", "forward=0.5"]) == 0


def test_a_gradient_that_diverges_is_named(
    file: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netdsl.backends.keras.engine import KerasEngine

    state = KerasEngine.state

    def half(engine: KerasEngine) -> dict[str, Any]:
        found = state(engine)
        for weight in ("unit1.conv1.weight", "dense4.bias"):
            found[f"{weight}.momentum_buffer"] = found[f"{weight}.momentum_buffer"] / 2
        return found

    monkeypatch.setattr(KerasEngine, "state", half)
    diverged = told(capsys, file, "--backend", "torch,keras", status=1)["diverged"]
    # Gradients come from the last layer to the first.
    assert [(one["kind"], one["name"]) for one in diverged] == [("gradients", "dense4.bias")]
    assert diverged[0]["difference"] == pytest.approx(0.5)


def test_what_is_no_number_diverges(
    file: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = TorchModel.predict

    def broken(model: TorchModel, inputs: Any) -> dict[str, Any]:
        return {name: values * np.nan for name, values in predict(model, inputs).items()}

    monkeypatch.setattr(TorchModel, "predict", broken)
    found = told(capsys, file, "--backend", "onnx,torch", status=1)
    assert found["diverged"][0]["name"] == "tower"
    assert found["diverged"][0]["difference"] is None


def test_a_net_without_gradients_has_a_forward_pass(capsys: Capture) -> None:
    found = told(capsys, "perceptron")
    assert found["gradients"] == []
    assert largest(found["forward"], "keras") < 1e-6


def test_an_open_size_is_given(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "open.net"
    path.write_text(OPEN, encoding="utf-8")
    arguments = [str(path), "--backend", "torch,onnx"]
    assert main(["parity", *arguments]) == 1
    printed = capsys.readouterr().err
    assert printed == "error: tokens has an open size: give one with --size tokens=64\n"
    assert told(capsys, *arguments, "--size", "tokens=7")["diverged"] == []


def test_one_backend_is_not_enough(file: str, capsys: Capture) -> None:
    assert main(["parity", file, "--backend", "torch"]) == 1
    assert capsys.readouterr().err == "error: parity needs two backends, not torch alone\n"


def test_what_is_not_installed_is_told(
    file: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netdsl.diagnostics import UserError

    def missing() -> object:
        raise UserError("Keras is not installed")

    monkeypatch.setitem(backends.RUNTIMES, "keras", missing)
    assert main(["parity", file]) == 0
    printed = capsys.readouterr()
    assert printed.err == "keras is left out: Keras is not installed\n"
    assert printed.out.startswith("Many: onnx against torch")


@pytest.mark.parametrize("text", ["speed=1", "forward=fast", "forward=-1", ""])
def test_a_tolerance_is_a_number(file: str, capsys: Capture, text: str) -> None:
    assert main(["parity", file, "--tolerance", text]) == 2
    assert "is neither a number nor forward, gradients, weights=number" in capsys.readouterr().err
