"""What emitted modules are: names and shapes of weights, shapes that flow, numbers, text."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import netdsl
from netdsl.backends.torch import build, emit
from netdsl.backends.torch.emission.names import TAKEN
from netdsl.diagnostics import SpecError
from netdsl.graph import ElaboratedNet, named_weights
from tests.backends.torch.interpreter import Interpreter
from tests.backends.torch.nets import TEXTS, bundled, inputs, shape, small
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
GOLDEN_NETS = ["vgg.net:VGG16", "resnet.net:ResNet50", "googlenet.net:GoogLeNet"]
GOLDEN_SMALL = ["recursion", "choices", "levels", "members", "starts", "forbidden"]
COUNTER = "num_batches_tracked"


def any_net(name: str) -> ElaboratedNet:
    """A small net, or one of specs/."""
    return small(name) if name in TEXTS else bundled(name)


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    """The state of a module without PyTorch's counters."""
    return {key: v for key, v in module.state_dict().items() if not key.endswith(COUNTER)}


def by_name(net: ElaboratedNet, result: object) -> dict[str, torch.Tensor]:
    """What a module returned, by the names of outputs."""
    if isinstance(result, dict):
        return result
    assert isinstance(result, torch.Tensor)
    lasting = [output.name for output in net.graph.outputs if output.kind != "auxiliary"]
    assert len(lasting) == 1
    return {lasting[0]: result}


@pytest.mark.parametrize("name", [*TEXTS, *BUNDLED])
def test_names_and_shapes(name: str) -> None:
    net = any_net(name)
    with torch.device("meta"):
        module = build(net)
    weights = list(named_weights(net.graph))
    assert {w.name: w.weight.shape for w in weights} == {
        key: tuple(tensor.shape) for key, tensor in state(module).items()
    }
    trained = sum(w.weight.size for w in weights if w.weight.role == "weight")
    assert sum(parameter.numel() for parameter in module.parameters()) == trained
    for training in (True, False):
        module.train(training)
        result = module(*inputs(net, "meta"))
        outputs = [o for o in net.graph.outputs if training or o.kind != "auxiliary"]
        assert isinstance(result, dict) == (len(outputs) > 1)
        found = result if isinstance(result, dict) else {outputs[0].name: result}
        assert {key: tuple(tensor.shape) for key, tensor in found.items()} == {
            output.name: shape(net.graph.types[output.value]) for output in outputs
        }


@pytest.mark.parametrize("name", [*TEXTS, "lenet.net", "nin.net:NiN", "mobilenet.net:MobileNet025"])
def test_numbers(name: str) -> None:
    net = any_net(name)
    torch.manual_seed(0)
    module = build(net).eval()
    for key, buffer in module.named_buffers():
        if key.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    given = inputs(net)
    with torch.no_grad():
        found = by_name(net, module(*given))
        values = Interpreter(module.state_dict(), training=False).run(net.graph, given)
    for output in net.graph.outputs:
        if output.kind != "auxiliary":
            assert torch.equal(found[output.name], values[output.value])


@pytest.mark.parametrize("name", ["outputs", "recursion", "members"])
def test_a_training_step_reaches_every_weight(name: str) -> None:
    net = small(name)
    torch.manual_seed(0)
    module = build(net)
    outputs = module(*inputs(net))
    found = outputs.values() if isinstance(outputs, dict) else [outputs]
    sum(tensor.square().mean() for tensor in found).backward()
    assert [key for key, weight in module.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("name", [*TEXTS, *BUNDLED])
def test_same_text_again(name: str) -> None:
    assert emit(any_net(name)) == emit(any_net(name))


def test_text_is_formatted_and_clean(tmp_path: Path) -> None:
    for number, name in enumerate([*TEXTS, *BUNDLED]):
        (tmp_path / f"net{number}.py").write_text(emit(any_net(name)), encoding="utf-8")
    for arguments in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", arguments[0], "--isolated", *arguments[1:]]
        done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*TEXTS, *BUNDLED])
def test_imports_nothing_but_torch(name: str) -> None:
    lines = re.findall(r"^(?:import|from) (\w+)", emit(any_net(name)), re.MULTILINE)
    assert set(lines) == {"torch"}


@pytest.mark.parametrize("name", [*GOLDEN_NETS, *GOLDEN_SMALL])
def test_golden(name: str, golden: Golden) -> None:
    file = re.sub(r"\W+", "_", name.replace(".net", ""))
    golden(f"torch/{file}.txt", emit(any_net(name)))


def test_size_of_resnets() -> None:
    lines = {n: len(emit(bundled(f"resnet.net:ResNet{n}")).splitlines()) for n in (50, 152)}
    assert lines[50] <= 120
    assert lines[152] <= lines[50] + 10


def test_resnet_152_is_emitted_in_less_than_a_second() -> None:
    net = bundled("resnet.net:ResNet152")
    emit(net)
    start = time.process_time()
    emit(net)
    assert time.process_time() - start < 1


def test_a_long_run_is_a_loop() -> None:
    text = """
        block unit(n) { add(it, dense(n) -> relu) }
        net Long { input x: 8
          repeat 100_000 { unit(8) }
          dense(2)
        }"""
    source = emit(netdsl.load("long.net", text=text).elaborated)
    assert len(source.splitlines()) < 60
    assert "range(1, 100001)" in source


def test_public_attributes_of_modules_are_taken() -> None:
    public = {
        name
        for made in (nn.Module(), nn.Sequential(), nn.ModuleDict())
        for name in {*dir(made), *vars(made)}
        if not name.startswith("_")
    }
    assert public <= TAKEN


def test_how_weights_start() -> None:
    torch.manual_seed(0)
    module = build(small("starts"))
    weights = dict(module.named_parameters())
    assert torch.equal(weights["pair1.dense2.bias"], torch.full((8,), 0.5))
    assert torch.equal(weights["parameter1.weight"], torch.ones(8))
    assert torch.equal(weights["pair1.dense1.bias"], torch.zeros(8))
    assert weights["dense1.weight"].abs().max() <= (6 / 16) ** 0.5
    assert 0.05 < weights["pair1.dense1.weight"].std() < 0.15 < weights["pair2.dense1.weight"].std()


def test_he_normal_is_the_start() -> None:
    torch.manual_seed(0)
    module = build(bundled("nin.net:NiN"))
    weight = next(w for key, w in module.named_parameters() if key.endswith("conv1.weight"))
    assert abs(float(weight.detach().std()) / (2 / weight[0].numel()) ** 0.5 - 1) < 0.05


HEADS = """
    block head(classes) { dense(16) -> relu -> dense(classes) -> softmax }
    net Heads {
      input x: 8
      dense(8) -> relu
      auxiliary head(3) as side
      head(3) as class
    }"""


def test_logits_of_blocks() -> None:
    net = netdsl.load("heads.net", text=HEADS).elaborated
    torch.manual_seed(0)
    module = build(net, frozenset({"class", "side"}))
    (x,) = inputs(net)
    for training in (True, False):
        module.train(training)
        logits, outputs = module.logits(x), module(x)
        if not training:
            logits, outputs = {"class": logits}, {"class": outputs}
        assert logits.keys() == outputs.keys()
        for name, value in logits.items():
            assert torch.allclose(torch.softmax(value, -1), outputs[name])
            assert not torch.allclose(value, outputs[name])


def test_logits_before_shape_layers() -> None:
    text = "net Decoder {\n input x: 8\n dense(64) -> sigmoid -> unflatten(8, 8, 1) as decoded\n}"
    net = netdsl.load("decoder.net", text=text).elaborated
    module = build(net, frozenset({"decoded"}))
    (x,) = inputs(net)
    assert torch.equal(torch.sigmoid(module.logits(x)), module(x))
    assert module.logits(x).shape == (2, 1, 8, 8)


def test_without_folds_there_are_no_logits() -> None:
    assert "logits" not in emit(netdsl.load("heads.net", text=HEADS).elaborated)


def test_a_size_known_only_at_run_time() -> None:
    text = """
        net Any {
          input image: ? x ? x 3
          conv(4, 3, pad=same, stride=2) -> relu -> conv(2, 1)
        }"""
    module = build(netdsl.load("any.net", text=text).elaborated)
    for height, width in ((9, 12), (20, 7)):
        found = module(torch.zeros(1, 3, height, width))
        assert found.shape == (1, 2, -(-height // 2), -(-width // 2))


def test_tracebacks_show_the_source() -> None:
    module = build(bundled("lenet.net"))
    try:
        module(torch.zeros(1, 7, 3, 3))
    except RuntimeError:
        assert "self.conv1(" in traceback.format_exc()
    else:
        pytest.fail("a wrong input was taken")


def test_what_no_row_builds_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    net = bundled("lenet.net")
    monkeypatch.setattr("netdsl.backends.torch.rows.find", lambda layer: None)
    with pytest.raises(SpecError) as caught:
        emit(net)
    assert "PyTorch's backend cannot build conv" in str(caught.value)


def test_a_name_that_pytorch_cannot_have_is_told_with_its_place() -> None:
    text = "net Flag {\n input x: 8\n dense(8) as training -> relu\n}"
    with pytest.raises(SpecError) as caught:
        emit(netdsl.load("flag.net", text=text).elaborated)
    assert "flag.net:3:2" in str(caught.value)
    assert "under the name training" in str(caught.value)
