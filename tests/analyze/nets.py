"""Nets from text, and their figures."""

from __future__ import annotations

import netdsl
from netdsl.analyze.analysis import Analysis, analyze
from netdsl.analyze.cost import Cost, Costs
from netdsl.graph import ElaboratedNet, Graph
from tests.conftest import REPOSITORY


def net(text: str, name: str = "", sizes: dict[str, int] | None = None) -> ElaboratedNet:
    """The net of a spec without mistakes; `name` where there are several."""
    return netdsl.load(
        f"spec.net:{name}" if name else "spec.net", text=text, sizes=sizes
    ).elaborated


def chain(shape: str, steps: str, number: str = "float") -> Graph:
    """The graph of steps on one input."""
    return net(f"net Chain {{\n  input x: {shape} of {number}\n  {steps}\n}}").graph


def cost(text: str, name: str = "") -> Cost:
    """What a net costs."""
    return Costs().graph(net(text, name).graph)


def bundled(spec: str) -> Analysis:
    """The figures of a net of the repository's specs, such as `vgg.net:VGG16`."""
    return analyze(netdsl.load(str(REPOSITORY / "specs" / spec)).elaborated)
