"""The object of `netdsl check --json`: its keys, types and sums."""

from __future__ import annotations

import json
from typing import Any

import pytest

import netdsl
from netdsl.analyze.analysis import analyze
from netdsl.analyze.as_json import failure, report
from netdsl.diagnostics import SpecError
from netdsl.graph import ElaboratedNet, named_weights
from tests.analyze.nets import net
from tests.conftest import REPOSITORY

NUMBER = (int, str)
# Keys in order, with the types of their values; a list has the types of its items.
SCHEMA: dict[str, Any] = {
    "net": str,
    "inputs": dict,
    "outputs": dict,
    "params": {"trainable": int, "frozen": int, "state": int, "total": int},
    "macs": NUMBER,
    "version": int,
    "diagnostics": [dict],
    "layers": [
        {
            "name": str,
            "kind": str,
            "output": list,
            "params": int,
            "macs": NUMBER,
            "line": int,
        }
    ],
    "auxiliary": dict,
    "depth": {"layers_with_weights": int, "longest_path": int},
    "receptive_field": {"size": list, "stride": list, "whole": bool},
    "memory": {
        "batch": int,
        "optimizer": str,
        "weights": int,
        "activations": int,
        "gradients": int,
        "optimizer_state": int,
        "saved": int,
        "inference": int,
        "training": int,
    },
    "method": str,
    "phases": [{"phase": str, "weights": int, "frozen": list}],
    "conditions": [str],
    "expectations": [{"name": str, "expected": object, "found": object, "met": bool}],
}


def fits(value: Any, schema: Any) -> bool:
    """Whether a value has the keys, in order, and the types of a schema."""
    if isinstance(schema, dict):
        return (
            isinstance(value, dict)
            and list(value) == list(schema)
            and all(fits(value[key], schema[key]) for key in schema)
        )
    if isinstance(schema, list):
        return isinstance(value, list) and all(fits(item, schema[0]) for item in value)
    return isinstance(value, schema)


def of(elaborated: ElaboratedNet) -> dict[str, Any]:
    """The object, as a program reads it."""
    found: dict[str, Any] = json.loads(json.dumps(report(analyze(elaborated), ())))
    return found


def bundled(spec: str) -> ElaboratedNet:
    return netdsl.load(str(REPOSITORY / "specs" / spec)).elaborated


@pytest.mark.parametrize("spec", ["vgg.net:VGG16", "resnet.net:ResNet50", "lenet.net"])
def test_schema(spec: str) -> None:
    found = of(bundled(spec))
    assert fits(found, SCHEMA)
    assert found["layers"]


def test_the_schema_refuses() -> None:
    found = of(bundled("lenet.net"))
    assert not fits(found | {"macs": 1.5}, SCHEMA)
    assert not fits({key: value for key, value in found.items() if key != "net"}, SCHEMA)
    assert not fits(found | {"layers": [{"name": "conv1"}]}, SCHEMA)


def test_vgg16() -> None:
    found = of(bundled("vgg.net:VGG16"))
    assert found["net"] == "VGG16"
    assert found["inputs"] == {"image": [224, 224, 3]}
    assert found["outputs"] == {"output": [1000]}
    assert found["params"] == {
        "trainable": 138357544,
        "frozen": 0,
        "state": 0,
        "total": 138357544,
    }
    assert (found["macs"], found["version"]) == (15470264320, 1)
    first = found["layers"][0]
    assert (first["kind"], first["output"]) == ("conv", [224, 224, 64])
    assert (first["params"], first["macs"]) == (1792, 86704128)


@pytest.mark.parametrize(
    "spec", ["resnet.net:ResNet50", "googlenet.net:GoogLeNet", "mobilenet.net", "nin.net"]
)
def test_layers_are_the_leaves_and_add_up(spec: str) -> None:
    elaborated = bundled(spec)
    found = of(elaborated)
    layers = found["layers"]
    assert sum(layer["params"] for layer in layers) == found["params"]["trainable"]
    assert sum(layer["macs"] for layer in layers) == found["macs"]
    weights = [weight.name.rpartition(".")[0] for weight in named_weights(elaborated.graph)]
    names = [layer["name"] for layer in layers]
    assert [name for name in names if name in set(weights)] == list(dict.fromkeys(weights))
    assert len(set(names)) == len(names)


def test_a_shared_layer_has_its_weights_at_its_first_use() -> None:
    text = """
block twice { shared one = conv(4, 1); one -> one }
net A { input x: 8x8x4; shared tower = { conv(4, 1); relu }; tower -> twice -> twice -> tower }
""".replace(";", "\n")
    found = of(net(text))
    assert [(layer["name"], layer["params"]) for layer in found["layers"]] == [
        ("tower.conv1", 20),
        ("tower.relu1", 0),
        ("twice1.one", 20),
        ("twice1.one", 0),
        ("twice2.one", 20),
        ("twice2.one", 0),
        ("tower.conv1", 0),
        ("tower.relu1", 0),
    ]
    assert found["params"]["trainable"] == 60
    assert sum(layer["macs"] for layer in found["layers"]) == found["macs"] == 6 * 64 * 16


def test_a_shared_layer_has_its_name_where_it_is_shared() -> None:
    text = """
block through(layer) { relu -> layer }
net A { input x: 4; shared d = dense(4); through(d) -> through(d) }
""".replace(";", "\n")
    found = [(layer["name"], layer["params"]) for layer in of(net(text))["layers"]]
    assert found == [("through1.relu1", 0), ("d", 20), ("through2.relu1", 0), ("d", 0)]


def test_heads_of_training_stand_apart() -> None:
    text = "net A {\n input x: 10\n relu\n auxiliary dense(3) -> softmax as aux\n dense(2)\n}"
    found = of(net(text))
    assert found["outputs"] == {"output": [2]}
    assert found["auxiliary"] == {"aux": [3]}
    assert [layer.get("training", False) for layer in found["layers"]] == [False, True, True, False]
    assert [layer["macs"] for layer in found["layers"]] == [0, 0, 0, 20]


def test_what_is_known_at_run_time_only_is_text() -> None:
    text = "net A {\n input x: ? x 4\n conv(8, 1) -> avgpool(2)\n expect params = 40\n}"
    found = of(net(text))
    assert found["inputs"] == {"x": ["length", 4]}
    assert found["outputs"] == {"output": ["length // 2", 8]}
    assert found["macs"] == "32 * length"
    assert found["memory"] is None
    assert found["expectations"] == [{"name": "params", "expected": 40, "found": 40, "met": True}]


def test_a_wrong_spec_has_the_same_keys() -> None:
    with pytest.raises(SpecError) as caught:
        net("net A {\n input x: 4\n conv(8, 3)\n}")
    found = failure(caught.value.diagnostics)
    assert list(found) == list(SCHEMA)
    (told,) = found["diagnostics"]
    assert (told["severity"], told["file"], told["line"], told["column"]) == (
        "error",
        "spec.net",
        3,
        2,
    )
    assert {"code", "message", "end", "help"} <= told.keys()
    json.dumps(found)
