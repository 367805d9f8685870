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
from netdsl.zoo import bundled_nets
from tests.conftest import REPOSITORY

SPECS = REPOSITORY / "specs"
FILES = sorted(SPECS.glob("*.net"))
STD = sorted((SPECS / "std").glob("*.net"))


@cache
def reference(name: str) -> dict[str, Any]:
    """The figures of tests/reference/NAME.json."""
    path = REPOSITORY / "tests" / "reference" / f"{name}.json"
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


@cache
def zoo() -> dict[str, str]:
    """The bundled names, each with its file and net."""
    return {name: entry.net for name, entry in bundled_nets().items()}


@cache
def references(library: str) -> dict[str, str]:
    """Each key of tests/reference/LIBRARY.json that a bundled name has, with its file and net."""
    keys: dict[str, str] = {}
    for entry in bundled_nets().values():
        before, _, key = (entry.reference or "").partition(":")
        if before == library:
            keys[key] = entry.net
    return keys


PAPERS = references("papers")


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
