"""Checkpoints laid upon nets: what fits, and which tensor is named where something does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import netdsl
from netdsl.api import Net
from netdsl.diagnostics import UserError
from netdsl.weights.arrays import Array
from tests.weights.nets import net_of

SPEC = """
net Own(units = 4) {
  input image: 6x6x2
  conv(3, 3) -> batchnorm
  global_avgpool -> dense(units)
}
net Wide = Own(5)
"""
MAP = {"torchvision": [["conv1", "stem"], ["batchnorm1", "bn"], ["dense1", "fc"]]}
SHAPES: dict[str, tuple[int, ...]] = {
    "fc.bias": (4,),
    "stem.weight": (3, 2, 3, 3),
    "stem.bias": (3,),
    "bn.weight": (3,),
    "bn.bias": (3,),
    "bn.running_mean": (3,),
    "bn.running_var": (3,),
    "bn.num_batches_tracked": (),
    "fc.weight": (4, 3),
}
NAMES = {"stem": "conv1", "bn": "batchnorm1", "fc": "dense1"}


def checkpoint(folder: Path, changes: Mapping[str, tuple[int, ...] | None] = {}) -> Path:
    """Tensors of these shapes, all numbers different; None leaves one out."""
    shapes = {name: shape for name, shape in {**SHAPES, **changes}.items() if shape is not None}
    path = folder / "theirs.safetensors"
    save_file({name: numbers(name, shape) for name, shape in shapes.items()}, path)
    return path


def numbers(name: str, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(len(name)).standard_normal(shape).astype(np.float32)


def misfit(net: Net, file: Path, source: str = "torchvision") -> str:
    with pytest.raises(UserError) as told:
        net.converted(source, file)
    message = str(told.value)
    assert "\n" not in message and str(file) in message
    return message.replace(str(file), "FILE")


def test_every_weight_gets_its_numbers_under_our_name(tmp_path: Path) -> None:
    found = net_of(tmp_path, SPEC, MAP).converted("torchvision", checkpoint(tmp_path))
    expected = {
        f"{NAMES[name.partition('.')[0]]}.{name.partition('.')[2]}": numbers(name, shape)
        for name, shape in SHAPES.items()
        if shape
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    assert next(iter(found)) == "conv1.weight"  # in order of execution


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"stem.weight": (3, 2, 5, 5), "fc.weight": (9, 9)},
            "FILE does not fit: stem.weight is 3 x 2 x 5 x 5, but conv1.weight of Own is "
            "3 x 2 x 3 x 3",
        ),
        (
            {"bn.running_var": None},
            "FILE does not fit: nothing in it is batchnorm1.running_var of Own, 3; the first "
            "tensor of it that is left is fc.bias, 4",
        ),
        (
            {"head.weight": (7, 2)},
            "FILE does not fit: head.weight, 7 x 2, has no place in Own",
        ),
        (
            {"stem.scale": (3,)},
            "FILE does not fit: stem.scale, 3, has no place in Own",
        ),
        (
            {"fc.weight": (5, 3), "fc.bias": (5,)},
            "FILE does not fit: fc.weight is 5 x 3, but dense1.weight of Own is 4 x 3; it fits "
            "Wide, of the same file",
        ),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(
    changes: dict[str, tuple[int, ...] | None], message: str, tmp_path: Path
) -> None:
    net = net_of(tmp_path, SPEC, MAP)
    assert misfit(net, checkpoint(tmp_path, changes)) == message


def test_a_rule_that_meets_more_on_one_side_is_told(tmp_path: Path) -> None:
    maps = {"torchvision": [["conv1", "stem"], ["batchnorm1", "bn"], ["dense#", "fc*"]]}
    net = net_of(tmp_path, SPEC, maps)
    more = {"fc1.weight": (4, 3), "fc1.bias": (4,), "fc2.weight": (4, 3), "fc2.bias": (4,)}
    file = checkpoint(tmp_path, {"fc.weight": None, "fc.bias": None, **more})
    assert misfit(net, file) == (
        "FILE does not fit: fc2.bias, 4, has no place in Own (the rule "
        '["dense#", "fc*"] meets 1 of ours and 2 of theirs)'
    )


def test_axes_of_one_at_an_end_do_not_count(tmp_path: Path) -> None:
    """A 1x1 convolution is a dense layer; a token for all examples is a vector."""
    net = net_of(tmp_path, SPEC, MAP)
    file = checkpoint(tmp_path, {"fc.weight": (4, 3, 1, 1), "fc.bias": (1, 4)})
    found = net.converted("torchvision", file)
    assert found["dense1.weight"].shape == (4, 3) and found["dense1.bias"].shape == (4,)


def test_other_axes_do(tmp_path: Path) -> None:
    file = checkpoint(tmp_path, {"fc.weight": (3, 4)})
    assert "fc.weight is 3 x 4" in misfit(net_of(tmp_path, SPEC, MAP), file)
    file = checkpoint(tmp_path, {"fc.weight": (4, 1, 3)})
    assert "fc.weight is 4 x 1 x 3" in misfit(net_of(tmp_path, SPEC, MAP), file)


def test_our_own_names_need_no_map(tmp_path: Path) -> None:
    net = net_of(tmp_path, SPEC)
    file = tmp_path / "ours.safetensors"
    renamed = {
        f"{NAMES[name.partition('.')[0]]}.{name.partition('.')[2]}": numbers(name, shape)
        for name, shape in SHAPES.items()
    }
    save_file(renamed, file)
    found = net.converted("timm", file)
    np.testing.assert_array_equal(found["dense1.weight"], numbers("fc.weight", (4, 3)))


def test_without_a_map_the_sources_that_there_are_are_told(tmp_path: Path) -> None:
    file = checkpoint(tmp_path)
    assert misfit(net_of(tmp_path, SPEC), file) == (
        "own.net has no map of torchvision's names, and those in FILE are not the net's own; "
        "own.weights.json would stand beside it"
    )
    net = net_of(tmp_path, SPEC, {"timm": MAP["torchvision"], "keras": [["conv1", "c"]]})
    assert misfit(net, file).endswith("; it has one for timm, keras")


def test_a_net_as_the_source_builds_it_is_named(tmp_path: Path) -> None:
    net = net_of(tmp_path, SPEC.replace("Own", "GoogLeNet"))
    assert misfit(net, checkpoint(tmp_path)).endswith(
        "; torchvision/googlenet is the net as torchvision builds it"
    )


def test_a_wrong_map_is_told(tmp_path: Path) -> None:
    net = net_of(tmp_path, SPEC, {"torchvision": [["conv1"]]})
    with pytest.raises(UserError, match=r"own.weights.json: torchvision, rule 1"):
        net.converted("torchvision", checkpoint(tmp_path))


def test_a_state_dict_is_no_file_of_keras(tmp_path: Path) -> None:
    net = net_of(tmp_path, SPEC, MAP)
    assert misfit(net, checkpoint(tmp_path), "keras") == (
        "FILE is not a file of Keras; write --from torchvision or --from timm"
    )


def test_an_unknown_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no source caffe; there is torchvision, timm"):
        net_of(tmp_path, SPEC, MAP).converted("caffe", checkpoint(tmp_path))


def test_the_map_of_an_imported_net_stands_beside_its_own_file(tmp_path: Path) -> None:
    net_of(tmp_path, SPEC, MAP)
    (tmp_path / "main.net").write_text('from "own.net" import Own\nnet Main = Own(4)\n')
    net = netdsl.load(str(tmp_path / "main.net"))
    assert len(net.converted("torchvision", checkpoint(tmp_path))) == 8


HEADS = """
net Plain { input x: 8
  dense(6) -> relu -> dense(3)
}
net Headed { input x: 8
  dense(6) -> relu
  auxiliary dense(3) as aux
  dense(3)
}
"""
HEAD_MAP = {"torchvision": [["dense1", "fc1"], ["dense2", "fc2"], ["aux", "aux"]]}


def linear(folder: Path, shapes: Mapping[str, tuple[int, int]]) -> Path:
    """Linear layers by name."""
    state: dict[str, Any] = {}
    for name, shape in shapes.items():
        state[f"{name}.weight"], state[f"{name}.bias"] = np.ones(shape), np.ones(shape[0])
    path = folder / "theirs.safetensors"
    save_file({name: values.astype(np.float32) for name, values in state.items()}, path)
    return path


def headed(folder: Path, name: str) -> Net:
    (folder / "heads.net").write_text(HEADS, encoding="utf-8")
    (folder / "heads.weights.json").write_text(json.dumps(HEAD_MAP), encoding="utf-8")
    return netdsl.load(f"{folder / 'heads.net'}:{name}")


def test_a_checkpoint_without_heads_names_the_net_without(tmp_path: Path) -> None:
    file = linear(tmp_path, {"fc1": (6, 8), "fc2": (3, 6)})
    assert misfit(headed(tmp_path, "Headed"), file) == (
        "FILE does not fit: it has none of the auxiliary heads of Headed, whose first weight is "
        "aux.weight, 3 x 6; it fits Plain, of the same file"
    )


def test_a_checkpoint_with_heads_names_the_net_with(tmp_path: Path) -> None:
    file = linear(tmp_path, {"fc1": (6, 8), "fc2": (3, 6), "aux": (3, 6)})
    assert misfit(headed(tmp_path, "Plain"), file) == (
        "FILE does not fit: aux.bias, 3, has no place in Plain; it fits Headed, of the same file"
    )
    assert len(headed(tmp_path, "Headed").converted("torchvision", file)) == 6


def test_a_shared_layer_has_its_weights_once(tmp_path: Path) -> None:
    text = "net Own { input x: 4\n shared twice = dense(4)\n twice -> relu -> twice\n dense(2) }"
    maps = {"torchvision": [["twice", "shared"], ["dense1", "fc"]]}
    file = linear(tmp_path, {"shared": (4, 4), "fc": (2, 4)})
    found = net_of(tmp_path, text, maps).converted("torchvision", file)
    assert list(found) == ["twice.weight", "twice.bias", "dense1.weight", "dense1.bias"]


def test_tensors_may_be_called_differently(tmp_path: Path) -> None:
    text = "net Own { input x: 4\n dense(2) }"
    maps = {"timm": [["dense1", "", {"weight": "matrix", "bias": "head.offset"}]]}
    file = tmp_path / "theirs.safetensors"
    save_file({"matrix": np.ones((2, 4)), "head.offset": np.zeros(2)}, file)
    found = net_of(tmp_path, text, maps).converted("timm", file)
    np.testing.assert_array_equal(found["dense1.weight"], np.ones((2, 4), np.float32))
