"""The bundled nets and the figures that they are held against, for the tests beside this file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import netdsl
from netdsl.analyze.cost import Cost, Costs
from netdsl.api import Spec
from netdsl.catalog.base import Layer
from netdsl.graph import ElaboratedNet, Graph, Node, unrolled
from netdsl.tensor import Dim
from tests.conftest import REPOSITORY

SPECS = REPOSITORY / "specs"
FILES = sorted(SPECS.glob("*.net"))
STD = sorted((SPECS / "std").glob("*.net"))

# Which net of tests/reference/papers.json a bundled one is.
PAPERS = {
    "AlexNet (paper, 2-GPU grouped conv2/4/5, 1000 cls)": "alexnet.net:AlexNet",
    "AlexNet (ungrouped, 96/256/384/384/256)": "alexnet.net:AlexNetOneGroup",
    "AlexNet (d2l/Mu Li: 224 in, conv1 pad 0 -> 54, flatten 5x5x256=6400, 1000 cls)": (
        "alexnet.net:AlexNetUnpadded"
    ),
    "AlexNet (torchvision, one-weird-trick 64/192/384/256/256)": "alexnet.net:AlexNetTorchvision",
    "LeNet (d2l: 28x28 pad 2)": "lenet.net:LeNet",
    "LeNet-5 (LeCun 1998, C3 partial connection table, trainable S2/S4, RBF out fixed)": (
        "lenet.net:LeNet5"
    ),
    "VGG-A": "vgg.net:VGG11",
    "VGG-B": "vgg.net:VGG13",
    "VGG-C": "vgg.net:VGG16C",
    "VGG-D": "vgg.net:VGG16",
    "VGG-E": "vgg.net:VGG19",
    "NiN CIFAR-10 (192-160-96 / 192x3 / 192-192-10)": "nin.net:NiN",
    "NiN CIFAR-100": "nin.net:NiN100",
    "GoogLeNet (Table 1, conv bias, no BN, no aux)": "googlenet.net:GoogLeNetWithoutHeads",
    "GoogLeNet + both aux heads (512 & 528 ch)": "googlenet.net:GoogLeNet",
}


@cache
def reference(name: str) -> dict[str, Any]:
    """The figures of tests/reference/NAME.json."""
    path = REPOSITORY / "tests" / "reference" / f"{name}.json"
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


@cache
def zoo() -> dict[str, str]:
    """The bundled names, each with its file and net."""
    names: dict[str, str] = json.loads((SPECS / "zoo.json").read_text(encoding="utf-8"))
    return names


@cache
def spec(file: str) -> Spec:
    """A bundled file."""
    return netdsl.read(str(SPECS / file))


@cache
def bundled(place: str) -> ElaboratedNet:
    """The net at `file.net:Net`."""
    file, _, net = place.partition(":")
    found = spec(file).elaborate(net)
    assert found is not None, spec(file).diagnostics
    return found


@cache
def cost(place: str) -> Cost:
    """What the net at `file.net:Net` costs."""
    return Costs().graph(bundled(place).graph)


def places() -> list[str]:
    """Every net of every bundled file that needs no arguments, as `file.net:Net`."""
    return [f"{file.name}:{net}" for file in FILES for net in spec(file.name).ready_names]


def shape(net: ElaboratedNet) -> tuple[Dim, ...]:
    """The shape that flows out of a net."""
    return net.graph.types[net.graph.result].shape


def layers(graph: Graph) -> Iterator[tuple[Graph, Node, Layer]]:
    """Every layer in order of execution, inside blocks too, with the graph that it is in."""
    for node in unrolled(graph.nodes):
        if isinstance(node.work, Graph):
            yield from layers(node.work)
        else:
            yield graph, node, node.work
