"""Counts and costs of the bundled nets are those of tests/reference, integer for integer."""

from __future__ import annotations

from typing import Any

import pytest

from netdsl.analyze.cost import Costs
from netdsl.analyze.depth import depth
from netdsl.catalog.layers.norm import BatchNorm
from tests.specs.bundled import PAPERS, bundled, cost, layers, reference, zoo

KERAS = [name for name in zoo() if name.startswith("keras/")]
TORCHVISION = [name for name in zoo() if name.startswith("torchvision/")]
ROWS = [key for key in PAPERS if "per_layer" in reference("papers")[key]]


def figures(name: str) -> dict[str, Any]:
    """The reference figures of a bundled name such as `keras/VGG16`."""
    library, _, key = name.partition("/")
    found: dict[str, Any] = reference(library)[key]
    return found


@pytest.mark.parametrize("name", KERAS)
def test_keras_counts_the_same(name: str) -> None:
    found, expected = cost(zoo()[name]), figures(name)
    assert found.trainable == expected["trainable"]
    assert found.total == expected["total"]
    assert found.macs == expected["macs"]


@pytest.mark.parametrize("name", KERAS)
def test_the_input_and_the_layers_with_weights_are_keras(name: str) -> None:
    net, expected = bundled(zoo()[name]), figures(name)
    assert net.inputs[0].type.shape == tuple(expected["input"][-3:])
    # Where Keras has no constructor, its layers are not counted.
    found = depth(net.graph, Costs()).layers_with_weights
    assert found == expected.get("layers_with_weights", found)


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_counts_the_same(name: str) -> None:
    place, expected = zoo()[name], figures(name)
    found = cost(place)
    assert found.weights == expected["params"]
    assert found.macs == expected["macs"]
    # PyTorch's batchnorm keeps one number more: how many batches it has seen.
    counters = sum(isinstance(layer, BatchNorm) for *_, layer in layers(bundled(place).graph))
    assert found.state + counters == expected["buffers"]


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_input_is_torchvision_s(name: str) -> None:
    _, channels, height, width = figures(name)["input"]
    assert bundled(zoo()[name]).inputs[0].type.shape == (height, width, channels)


@pytest.mark.parametrize("key", PAPERS)
def test_the_nets_of_the_papers_count_the_same(key: str) -> None:
    found, expected = cost(PAPERS[key]), reference("papers")[key]
    assert found.weights == expected["params"]
    assert found.total == expected.get("keras_total_4C", found.total)
    # Where the heads are counted with the weights, no multiply-adds are given.
    assert found.macs == expected.get("macs", found.macs)


def weighted_rows(place: str) -> list[dict[str, object]]:
    """Output, weights, all numbers and multiply-adds of each layer that has weights."""
    rows: list[dict[str, object]] = []
    for graph, node, layer in layers(bundled(place).graph):
        inputs = graph.input_types(node)
        sizes = {weight.name: weight.size for weight in layer.weights(*inputs)}
        if sizes:
            shape = graph.types[node.outputs[0]].shape
            rows.append(
                {
                    "out": [shape[-1], *shape[:-1]],
                    "weights": sizes["weight"],
                    "params": sum(sizes.values()),
                    "macs": layer.macs(*inputs),
                }
            )
    return rows


@pytest.mark.parametrize("key", ROWS)
def test_each_layer_of_the_papers_tables(key: str) -> None:
    expected = reference("papers")[key]["per_layer"]
    found = weighted_rows(PAPERS[key])
    assert found == [{name: row[name] for name in found[0]} for row in expected]


def test_the_published_totals_of_the_net_without_padding_leave_out_the_classes() -> None:
    expected = reference("papers")["AlexNet (d2l/Mu Li, convs + dense1 + dense2 only)"]
    rows = weighted_rows("alexnet.net:AlexNetUnpadded")[:-1]
    assert [row["macs"] for row in rows] == [row["macs"] for row in expected["per_layer"]]
    assert sum(int(str(row["params"])) for row in rows) == expected["params"]


def test_local_normalisation_adds_nothing_to_vgg_a() -> None:
    assert cost("vgg.net:VGG11LRN") == cost("vgg.net:VGG11")


def test_heads_cost_weights_but_no_multiply_adds() -> None:
    with_heads, without = cost("googlenet.net:GoogLeNet"), cost(PAPERS[
        "GoogLeNet (Table 1, conv bias, no BN, no aux)"
    ])  # fmt: skip
    assert with_heads.weights > without.weights
    assert with_heads.macs == without.macs
