"""What emitted models of Keras are: names and shapes of weights, numbers beside PyTorch's, text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import netdsl
from netdsl.backends import torch as torch_backend
from netdsl.backends.keras import build, emit, models
from netdsl.backends.keras.layouts import Array
from netdsl.backends.keras.weights import put_weights, weights_of
from netdsl.diagnostics import SpecError
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.tensor import Size
from tests.backends.torch.nets import TEXTS, bundled, inputs, small
from tests.catalog.torch_rows import from_torch
from tests.conftest import Golden

BUNDLED = [
    "alexnet.net:AlexNet",
    "googlenet.net:GoogLeNet",
    "lenet.net",
    "mobilenet.net:MobileNet",
    "nin.net:NiN",
    "resnet.net:ResNet18",
    "resnet.net:ResNet50",
    "resnet_keras.net:ResNet50",
    "vgg.net:VGG16",
]
SMALL_ENOUGH = ["lenet.net", "nin.net:NiN", "mobilenet.net:MobileNet025"]
GOLDEN_NETS = ["vgg.net:VGG16", "resnet.net:ResNet50", "googlenet.net:GoogLeNet"]
GOLDEN_SMALL = ["recursion", "choices", "levels", "members", "shared_block", "tied"]
# How far numbers may be from PyTorch's, relative to the largest.
CLOSE = 1e-4
# Draws that no two libraries share.
DRAWN = {"draws_and_places"}


def any_net(name: str) -> ElaboratedNet:
    """A small net, or one of specs/."""
    return small(name) if name in TEXTS else bundled(name)


def drawn_weights(net: ElaboratedNet) -> dict[str, Array]:
    """Random weights that keep tensors of a middling size; variances are positive."""
    generator = np.random.default_rng(0)
    found = {}
    for named in named_weights(net.graph):
        shape = named.weight.shape
        fan = max(1, int(np.prod(shape[1:])))
        values = generator.standard_normal(shape) * fan**-0.5
        positive = named.name.endswith("running_var")
        found[named.name] = (np.abs(values) + 0.5 if positive else values).astype(np.float32)
    return found


def by_name(net: ElaboratedNet, result: Any) -> dict[str, Any]:
    """What a model gave, by the names of outputs."""
    if isinstance(result, dict):
        return result
    lasting = [output.name for output in net.graph.outputs if output.kind != "auxiliary"]
    return {lasting[0]: result}


def in_torch(net: ElaboratedNet, weights: dict[str, Array], given: list[torch.Tensor]) -> Any:
    """What the module of PyTorch with these weights gives, by the names of outputs."""
    module = torch_backend.build(net).eval()
    module.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()}, strict=False)
    with torch.no_grad():
        return by_name(net, module(*given))


def check_numbers(net: ElaboratedNet) -> None:
    """With the same weights the model gives what PyTorch's module gives."""
    made, weights, given = models(net), drawn_weights(net), inputs(net)
    put_weights(made.training, net.graph, weights)
    for name, values in weights_of(made.training, net.graph).items():
        np.testing.assert_array_equal(values, weights[name])
    arrays = [from_torch(tensor).numpy() for tensor in given]
    outputs = by_name(net, made.evaluation(arrays if len(arrays) > 1 else arrays[0]))
    for name, tensor in in_torch(net, weights, given).items():
        found, wanted = keras.ops.convert_to_numpy(outputs[name]), from_torch(tensor).numpy()
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() <= CLOSE * (np.abs(wanted).max() or 1)


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.utils.clear_session()


@pytest.mark.parametrize("name", [*TEXTS, *BUNDLED])
def test_weights_and_shapes(name: str) -> None:
    net = any_net(name)
    made = models(net)
    weights = [named.weight for named in named_weights(net.graph)]
    assert made.training.count_params() == sum(weight.size for weight in weights)
    trained = sum(weight.size for weight in weights if weight.role == "weight")
    assert sum(int(np.prod(v.shape)) for v in made.training.trainable_weights) == trained
    for model, kinds in (
        (made.training, ("main", "output", "auxiliary")),
        (made.evaluation, ("main", "output")),
    ):
        outputs = [output for output in net.graph.outputs if output.kind in kinds]
        assert isinstance(model.output, dict) == (len(outputs) > 1)
        found = model.output if isinstance(model.output, dict) else {outputs[0].name: model.output}
        assert {name: tensor.shape for name, tensor in found.items()} == {
            output.name: (None, *net.graph.types[output.value].shape) for output in outputs
        }


@pytest.mark.parametrize("name", [*(name for name in TEXTS if name not in DRAWN), *SMALL_ENOUGH])
def test_numbers(name: str) -> None:
    check_numbers(any_net(name))


def test_layers_have_the_names_of_the_language() -> None:
    net = bundled("resnet.net:ResNet50")
    model = build(net)
    for name in {named.layer_name for named in named_weights(net.graph)}:
        assert model.get_layer(name).weights


@pytest.mark.parametrize("name", [*TEXTS, *BUNDLED])
def test_same_text_again(name: str) -> None:
    assert emit(any_net(name)) == emit(any_net(name))


def test_text_is_formatted_and_clean(tmp_path: Path) -> None:
    for number, name in enumerate([*TEXTS, *BUNDLED]):
        net = any_net(name)
        fold = frozenset(output.name for output in net.graph.outputs)
        (tmp_path / f"net{number}.py").write_text(emit(net), encoding="utf-8")
        (tmp_path / f"fold{number}.py").write_text(emit(net, fold), encoding="utf-8")
    for arguments in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", arguments[0], "--isolated", *arguments[1:]]
        done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*TEXTS, *BUNDLED])
def test_imports_nothing_but_keras(name: str) -> None:
    lines = re.findall(r"^(?:import|from) (\w+)", emit(any_net(name)), re.MULTILINE)
    assert set(lines) == {"keras"}


@pytest.mark.parametrize("name", [*GOLDEN_NETS, *GOLDEN_SMALL])
def test_golden(name: str, golden: Golden) -> None:
    file = re.sub(r"\W+", "_", name.replace(".net", ""))
    golden(f"keras/{file}.txt", emit(any_net(name)))


def test_size_of_resnets() -> None:
    lines = {n: len(emit(bundled(f"resnet.net:ResNet{n}")).splitlines()) for n in (50, 152)}
    assert lines[50] <= 120
    assert lines[152] <= lines[50] + 10


def test_a_long_run_is_a_loop() -> None:
    text = """
        block unit(n) { add(it, dense(n) -> relu) }
        net Long { input x: 8
          repeat 100_000 { unit(8) }
          dense(2)
        }"""
    source = emit(netdsl.load("long.net", text=text).elaborated)
    assert len(source.splitlines()) < 40
    assert "range(1, 100001)" in source


HEADS = """
    block head(classes) { dense(16) -> relu -> dense(classes) -> softmax }
    net Heads {
      input x: 8
      dense(8) -> relu
      auxiliary head(3) as side
      head(3) as class
    }"""


def test_training_and_evaluation_share_their_layers() -> None:
    net = netdsl.load("heads.net", text=HEADS).elaborated
    made = models(net, frozenset({"class", "side"}))
    (x,) = inputs(net)
    logits, found = made.training(x.numpy()), made.evaluation(x.numpy())
    assert logits.keys() == {"class", "side"}
    np.testing.assert_allclose(keras.ops.softmax(logits["class"]), found, rtol=1e-6)
    assert {id(v) for v in made.evaluation.weights} < {id(v) for v in made.training.weights}


def test_without_folds_training_gives_what_evaluation_gives() -> None:
    net = netdsl.load("heads.net", text=HEADS).elaborated
    made = models(net)
    (x,) = inputs(net)
    np.testing.assert_array_equal(made.training(x.numpy())["class"], made.evaluation(x.numpy()))
    assert build(bundled("lenet.net")).outputs


def test_logits_before_shape_layers() -> None:
    text = "net Decoder {\n input x: 8\n dense(64) -> sigmoid -> unflatten(8, 8, 1) as decoded\n}"
    net = netdsl.load("decoder.net", text=text).elaborated
    made = models(net, frozenset({"decoded"}))
    (x,) = inputs(net)
    logits = made.training(x.numpy())
    assert logits.shape == (2, 8, 8, 1)
    np.testing.assert_allclose(keras.ops.sigmoid(logits), made.evaluation(x.numpy()), rtol=1e-6)


def test_logits_of_a_net_with_one_head() -> None:
    made = models(bundled("lenet.net"), frozenset({"output"}))
    (x,) = inputs(bundled("lenet.net"))
    given = from_torch(x).numpy()
    logits, found = made.training(given), made.evaluation(given)
    np.testing.assert_allclose(keras.ops.softmax(logits), found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        # A shared block at two sizes, one that is handed into a block, and one inside of a block.
        """
        block encoder(n) { conv(n, 3, pad=same) -> relu -> conv(n, 1) }
        net Scales {
          input image: 8x8x4
          shared tower = encoder(4)
          a = tower -> global_avgpool
          b = maxpool(2) -> tower -> global_avgpool
          add(a, b) -> dense(2)
        }""",
        """
        block use(t) { t -> relu -> t }
        block tower(n) { dense(n) -> relu -> dense(n) }
        net Handed {
          input x: 8
          shared each = tower(8)
          use(each) -> dense(2)
        }""",
        """
        block tower(n) { dense(n) -> relu -> dense(n) }
        block twice(n) {
          shared inner = tower(n)
          inner -> inner
        }
        net Inside {
          input x: 8
          twice(8) -> dense(6) -> twice(6) -> dense(2)
        }""",
        # Choices by channels that flow in, a parameter called name, blocks called like variables.
        """
        block x(name, shown = true) {
          if it.channels != name or not shown { dense(name) } else { it }
          if shown { relu }
        }
        block width(n, y) {
          twin = dense(n)
          add(twin, twin) -> x(y)
        }
        net layers {
          input image: 8
          x(8) -> x(6) -> x(6, shown=false) -> width(6, 6) -> width(6, 4) -> dense(2)
        }""",
    ],
    ids=["scales", "handed", "inside", "names"],
)
def test_numbers_of_more_nets(text: str) -> None:
    check_numbers(netdsl.load("more.net", text=text).elaborated)


def test_a_size_known_only_at_run_time() -> None:
    text = """
        net Any {
          input image: ? x ? x 3
          conv(4, 3, pad=same, stride=2) -> relu -> conv(2, 1)
        }"""
    net = netdsl.load("any.net", text=text).elaborated
    assert any(isinstance(size, Size) for size in net.graph.ports[0].type.shape)
    model = build(net)
    for height, width in ((9, 12), (20, 7)):
        found = model(np.zeros((1, height, width, 3), np.float32))
        assert found.shape == (1, -(-height // 2), -(-width // 2), 2)


def test_tracebacks_show_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.layers, "Dense", None)
    with pytest.raises(TypeError) as caught:
        build(bundled("lenet.net"))
    assert "layers.Dense(" in "".join(traceback.format_exception(caught.value))


def test_a_net_in_python_has_the_weights_of_a_file(tmp_path: Path) -> None:
    net = netdsl.load("heads.net", text=HEADS)
    weights = drawn_weights(net.elaborated)
    save_file(weights, tmp_path / "heads.safetensors")
    (x,) = inputs(net.elaborated)
    found = net.keras(weights=tmp_path / "heads.safetensors")(x.numpy())
    wanted = in_torch(net.elaborated, weights, [x])["class"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_what_no_row_builds_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    net = bundled("lenet.net")
    monkeypatch.setattr("netdsl.backends.keras.rows.find", lambda layer: None)
    with pytest.raises(SpecError) as caught:
        emit(net)
    assert "Keras's backend cannot build conv" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("relu -> dense(3) as relu", "Keras names an operation of its own relu"),
        ("relu -> dense(3) as relu_1", "Keras names an operation of its own relu_1"),
        ("dense(3) as x", "an input is called x too"),
        ("dense(3) as größe", "TensorFlow's names have letters of ASCII alone"),
    ],
)
def test_names_that_keras_cannot_have_are_told(text: str, reason: str) -> None:
    net = netdsl.load("names.net", text=f"net N {{\n input x: 8\n {text}\n}}").elaborated
    with pytest.raises(SpecError) as caught:
        emit(net)
    assert reason in str(caught.value)


def test_a_net_may_be_deeper_than_python_calls() -> None:
    text = "net Deep {\n  input x: 2\n  repeat 1200 { dense(2) }\n}\n"
    keras.utils.clear_session()
    limit = sys.getrecursionlimit()
    model = netdsl.load("deep.net", text=text).keras()
    assert model.count_params() == 1200 * 6
    assert sys.getrecursionlimit() == limit
