"""Bundled nets give the same numbers on every backend.

A chosen few are measured; docs/backends_parity.md has more, `make parity-backends` measures all.
"""

from __future__ import annotations

import keras
import pytest

from netdsl.api import load
from netdsl.parity.judge import TOLERANCES
from tests.parity.backends import RESULTS, chosen, measure, names_of_nets, parse, render
from tests.parity.small import small

# Quick ones, of which each has something that the others have not: gates, maxout, inception,
# auxiliary outputs, linear bottlenecks, projections, attention, unpooling, noise of several kinds.
CHOSEN = [
    "densenet40_12",
    "fractalnet_depth5",
    "googlenet",
    "highway_mnist10",
    "lenet5",
    "mlp_maxout",
    "mobilenet_v2",
    "perceptron",
    "resnet20_cifar",
    "segnet",
    "swapout20_2",
    "vgg11_lrn",
]


@pytest.mark.parametrize("name", CHOSEN)
def test_backends_agree(name: str) -> None:
    keras.utils.clear_session()
    assert measure(name).diverged == ()


def test_what_is_written_is_within_the_tolerances() -> None:
    _, results = parse(RESULTS.read_text("utf-8"))
    assert results.keys() <= names_of_nets().keys()
    for result in results.values():
        for forward in (result.keras, result.onnx):
            assert forward <= TOLERANCES["forward"]
        if result.gradients == result.gradients:
            assert result.gradients <= TOLERANCES["gradients"]
            assert max(result.sgd, result.adam) <= TOLERANCES["weights"]


def test_what_is_written_is_read() -> None:
    text = RESULTS.read_text("utf-8")
    assert render(*parse(text)) == text


def test_names_of_one_net_are_one_line() -> None:
    assert chosen(["vgg16", "keras/VGG16", "torchvision/vgg16", "vgg.net:VGG16"]) == [
        "vgg.net:VGG16"
    ]


@pytest.mark.parametrize(
    ("name", "side"), [("resnet50", 64), ("googlenet", 96), ("mobilenet", 64), ("nin", 32)]
)
def test_inputs_are_small(name: str, side: int) -> None:
    assert small(name).elaborated.inputs[0].type.shape == (side, side, 3)
    assert small(name).name == load(name).name
