"""What stands in an ONNX model: names, sizes, weights, and nothing that no output needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

import netdsl
from netdsl.backends.onnx import build, rows
from netdsl.backends.onnx.layers.pool import maxpool
from netdsl.backends.onnx.model import OPSET
from netdsl.backends.onnx.model import build as build_with
from netdsl.catalog.layers.activation import Relu
from netdsl.catalog.layers.pool import MaxPool
from netdsl.diagnostics import SpecError
from netdsl.graph import ElaboratedNet
from netdsl.training.initial import initial_weights
from tests.backends.onnx.nets import Both
from tests.catalog.onnx_rows import check, execute


def of(text: str) -> ElaboratedNet:
    """The net of a text."""
    return netdsl.load("test.net", text=text).elaborated


def model_of(text: str) -> onnx.ModelProto:
    """The model of a net with fresh weights, which is legal."""
    net = of(text)
    model = build(net, initial_weights(net.graph, 0))
    check(model)
    return model


def shapes(values: Any) -> dict[str, list[int | str]]:
    """The shapes of a model's inputs or outputs by name: numbers, and names of open sizes."""
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in values
    }


def kinds(model: onnx.ModelProto) -> list[str]:
    """The operators of a model in order."""
    return [node.op_type for node in model.graph.node]


SEVERAL = """
block unit(n) { conv(n, 3, pad=same) -> relu }
net Several {
  input image: ? x 8 x 3
  input words: ? of int
  image -> unit(4) -> unit(4) as seen
  auxiliary conv(7, 1) -> global_avgpool as side
  maxpool(2, pad=same) as small
  words -> embedding(5, 4)
  output global_avgpool -> dense(2) as said
  seen -> global_avgpool -> dropout(0.5) -> dense(3) as class
}"""


def test_inputs_and_outputs_have_their_names_and_open_sizes() -> None:
    graph = model_of(SEVERAL).graph
    assert graph.name == "Several"
    assert shapes(graph.input) == {"image": ["batch", 3, "height", 8], "words": ["batch", "words"]}
    assert shapes(graph.output) == {"said": ["batch", 2], "class": ["batch", 3]}
    numbers = [value.type.tensor_type.elem_type for value in graph.input]
    assert numbers == [onnx.TensorProto.FLOAT, onnx.TensorProto.INT64]


def test_an_open_size_of_an_output_is_told_as_an_expression() -> None:
    text = "net Test { input image: ? x 8 x 3\nmaxpool(2) as half }"
    assert shapes(model_of(text).graph.output) == {"half": ["batch", 3, "height // 2", 4]}


def test_an_open_size_called_batch_is_not_that_of_the_batch() -> None:
    text = "net Test { input batch: ? of int\nembedding(5, 2) }"
    assert shapes(model_of(text).graph.input) == {"batch": ["examples", "batch"]}


def test_logits_go_through_what_moves_numbers_behind_the_activation() -> None:
    net = of(
        "net Test { input image: 4x4x3\nconv(5, 1) -> softmax as class\nreshape(16, 5) as flat }"
    )
    weights = initial_weights(net.graph, 0)
    image = {"image": np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)}
    model = build_with(net, weights, {"flat": "softmax"})
    check(model)
    logits = execute(model, image)["flat"]
    powers = np.exp(logits)
    assert np.allclose(
        powers / powers.sum(axis=-1, keepdims=True),
        execute(build(net, weights), image)["flat"],
        atol=1e-6,
    )
    assert logits.min() < 0


def test_weights_have_the_language_s_names_and_those_of_training_are_absent() -> None:
    held = {tensor.name for tensor in model_of(SEVERAL).graph.initializer}
    assert {name for name in held if not name.startswith("constant/")} == {
        "unit1.conv1.weight",
        "unit1.conv1.bias",
        "seen.conv1.weight",
        "seen.conv1.bias",
        "embedding1.weight",
        "said.weight",
        "said.bias",
        "class.weight",
        "class.bias",
    }


def test_nodes_are_named_by_layer_and_operator() -> None:
    names = [node.name for node in model_of(SEVERAL).graph.node]
    assert names[:3] == ["unit1.conv1/Conv", "unit1.relu1/Relu", "seen.conv1/Conv"]
    assert len(set(names)) == len(names)


def test_what_no_output_needs_is_absent() -> None:
    assert "MaxPool" not in kinds(model_of(SEVERAL))
    assert "Dropout" not in kinds(model_of(SEVERAL))


def test_places_of_a_pool_are_computed_where_they_are_used() -> None:
    plain = model_of("net Test { input image: 8x8x3\nmaxpool(2) }")
    assert kinds(plain) == ["MaxPool"]
    assert len(plain.graph.node[0].output) == 1
    told = model_of("net Test { input image: 8x8x3\nmaxpool(2) as p\noutput p.indices as places }")
    assert kinds(told) == ["MaxPool", "Mod"]


@pytest.mark.parametrize("rounds", [3, 300])
def test_a_loop_of_an_auxiliary_output_is_absent(rounds: int) -> None:
    model = model_of(
        "block unit(n) { dense(n) -> relu }\n"
        f"net Test {{ input x: 4\nauxiliary {{ relu -> repeat {rounds} {{ unit(4) }} }} as side\n"
        f"repeat {rounds} {{ unit(4) }}\n}}"
    )
    assert kinds(model) == ["Gemm", "Relu"] * rounds
    assert model.graph.node[-2].name == f"unit{rounds}.dense1/Gemm"


def test_a_shared_layer_has_its_weights_once() -> None:
    model = model_of(
        "net Twice { input x: 8\nshared tower = dense(8)\ntower -> relu -> tower -> relu }"
    )
    assert kinds(model) == ["Gemm", "Relu", "Gemm", "Relu"]
    assert [tensor.name for tensor in model.graph.initializer] == ["tower.weight", "tower.bias"]
    assert [node.name for node in model.graph.node][::2] == ["tower/Gemm", "tower/Gemm2"]


def test_shared_layers_of_one_name_are_told_apart_where_blocks_use_them() -> None:
    net = of(
        "block use(f) { f -> relu }\n"
        "net Two { input x: 4\nshared t = dense(4)\nuse(t)\nshared t = dense(3)\nuse(t) }"
    )
    both = Both(net)
    assert {"t.weight", "t2.weight"} < both.weights.keys()
    assert both.difference() <= 1e-6


def test_an_output_may_be_an_input_or_another_output() -> None:
    model = model_of(
        "net Same { input x: 4\noutput relu as y\noutput identity as same\nrelu as x }"
    )
    given = np.array([[-1, 0, 1, 2]], np.float32)
    found = execute(model, {"x": given})
    assert list(found) == ["y", "same", "x2"]
    assert np.array_equal(found["same"], given)
    assert np.array_equal(found["y"], np.maximum(given, 0))
    assert np.array_equal(found["x2"], found["y"])


def test_the_model_says_what_it_needs() -> None:
    model = model_of("net Test { input x: 4\nrelu }")
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert model.ir_version == onnx.helper.find_min_ir_version_for(model.opset_import)
    assert model.producer_name == "netdsl"


def test_a_layer_without_a_row_is_told_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "find", lambda layer: None if layer is Relu else maxpool)
    with pytest.raises(SpecError) as told:
        model_of("net Test {\n  input image: 8x8x3\n  maxpool(2) -> relu -> relu\n}")
    first, second = told.value.diagnostics
    assert first.code == second.code == "backend"
    assert first.message == "ONNX's backend cannot build relu"
    assert [found.label.span.column for found in (first, second)] == [17, 25]


def test_two_rows_of_a_layer_are_an_error() -> None:
    assert rows.find(MaxPool) is maxpool
    with pytest.raises(ValueError, match="maxpool already has a row for ONNX"):
        rows.row(MaxPool)(maxpool)
