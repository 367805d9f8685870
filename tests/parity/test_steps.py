"""Steps that train a portion of the weights at a time are the steps that train all of them."""

from __future__ import annotations

import numpy as np
import pytest

import netdsl
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.parity import numbers
from netdsl.parity.steps import Steps, portions
from netdsl.training.backends import runtime

BACKENDS = ("torch", "keras")
NET = """net N {
    input x: 6 x 6 x 2
    conv(4, 3, bias=false)
    batchnorm
    relu
    conv(4, 3, bias=false)
    batchnorm
    relu
    global_avgpool
    dense(5)
    softmax
}"""


@pytest.fixture(scope="module")
def net() -> ElaboratedNet:
    return netdsl.load("test.net", text=NET).elaborated


def steps(net: ElaboratedNet, at_once: int | None) -> Steps:
    inputs, weights = numbers.inputs(net, 4, 0), numbers.weights(net.graph, 0)
    return Steps(net, BACKENDS, inputs, weights, 0, at_once)


@pytest.mark.parametrize("at_once", [1, 80, 160, 10_000])
def test_every_weight_is_in_one_portion(net: ElaboratedNet, at_once: int) -> None:
    sizes = {
        named.name: named.weight.size
        for named in named_weights(net.graph)
        if named.weight.role == "weight"
    }
    found = list(portions(net.graph, at_once))
    assert sorted(name for portion in found for name in portion) == sorted(sizes)
    for portion in found:
        layers = {name.rpartition(".")[0] for name in portion}
        assert sum(sizes[name] for name in portion) <= at_once or len(layers) == 1


@pytest.mark.parametrize("word", ["sgd", "adam"])
def test_portions_leave_what_all_at_once_leave(net: ElaboratedNet, word: str) -> None:
    whole, parts = steps(net, None), steps(net, 100)
    assert len(list(portions(net.graph, 100))) == 3
    moved, in_parts = whole.moved(word), parts.moved(word)
    assert in_parts.keys() == moved.keys()
    assert parts.gradients().keys() == whole.gradients().keys()
    for differences in (in_parts, parts.gradients()):
        assert max(each["keras"] for each in differences.values()) < 1e-9
    settled = whole.settled()
    for name, values in parts.settled().items():
        assert np.array_equal(values, settled[name])


@pytest.mark.parametrize("name", [*BACKENDS, "onnx"])
def test_some_weights_are_given(net: ElaboratedNet, name: str) -> None:
    weights = numbers.weights(net.graph, 0)
    model = runtime(name).make_model(net, "softmax1", "cpu")
    model.put_weights(weights)
    found = model.weights({"conv1.weight", "dense1.bias"})
    assert found.keys() == {"conv1.weight", "dense1.bias"}
    assert np.array_equal(found["dense1.bias"], weights["dense1.bias"])
