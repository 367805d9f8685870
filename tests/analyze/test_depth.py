"""Depth in both meanings."""

from __future__ import annotations

import json

import pytest

from netdsl.analyze.cost import Costs
from netdsl.analyze.depth import Depth, depth
from tests.analyze.nets import bundled, net
from tests.conftest import REPOSITORY

KERAS = json.loads((REPOSITORY / "tests" / "reference" / "keras.json").read_text())


def found(text: str) -> Depth:
    graph = net(text.replace(";", "\n")).graph
    return depth(graph, Costs())


@pytest.mark.parametrize(
    ("spec", "reference"),
    [
        ("vgg.net:VGG16", "VGG16"),
        ("vgg.net:VGG19", "VGG19"),
        ("resnet_keras.net:ResNet50", "ResNet50"),
        ("resnet_keras.net:ResNet152", "ResNet152"),
        ("mobilenet.net", "MobileNet"),
    ],
)
def test_layers_with_weights_are_those_of_keras(spec: str, reference: str) -> None:
    assert bundled(spec).depth.layers_with_weights == KERAS[reference]["layers_with_weights"]


def test_the_longest_path_counts_every_layer_and_the_input() -> None:
    assert found("net A { input x: 4; dense(4) -> relu; dense(2) }") == Depth(2, 4)


def test_the_longer_branch_counts() -> None:
    text = "net A { input x: 4; add(it, dense(4) -> relu -> dense(4)) -> relu }"
    assert found(text) == Depth(2, 6)


def test_a_path_goes_through_blocks_and_tensor_parameters() -> None:
    text = """
block join(other: tensor) { add(it, other -> relu -> relu) }
net A { input x: 4; long = dense(4) -> relu; relu -> join(long) }
"""
    assert found(text) == Depth(1, 6)


def test_a_path_may_begin_at_a_layer_that_takes_nothing() -> None:
    assert found("net A { input x: 4; add(it, parameter(4) -> relu -> relu) }") == Depth(1, 4)


def test_rounds_that_are_not_expanded_count_all_the_same() -> None:
    text = "block unit { add(it, dense(4) -> relu) }\nnet A { input x: 4; repeat 1000 { unit } }"
    assert found(text) == Depth(1000, 3001)


def test_a_path_into_one_of_many_rounds_goes_through_the_rest() -> None:
    text = "net A { input x: 4; h = relu -> relu; repeat 100 { add(relu, h) } }"
    assert found(text) == Depth(0, 1 + 2 + 1 + 2 * 99)


def test_heads_of_training_are_in_neither() -> None:
    text = "net A { input x: 4; dense(4); auxiliary dense(4) -> dense(4) -> dense(4); relu }"
    assert found(text) == Depth(1, 3)


def test_a_further_output_may_be_the_deepest() -> None:
    assert found("net A { input x: 4; output relu -> relu -> relu as far; dense(2) }") == Depth(
        1, 4
    )


def test_members_of_blocks_are_reached_by_their_own_path() -> None:
    text = """
block inner(n) { relu as early; dense(n) -> relu -> relu }
block outer(n) { inner(n) as part; relu }
net A { input x: 4; outer(4) as o; o.part.early -> relu }
"""
    assert found(text).longest_path == 3
