"""The rows of the references that have no bundled name come out of PyramidNet's parameters."""

from __future__ import annotations

import re

import pytest

import netdsl
from netdsl.analyze.cost import Costs
from tests.specs.bundled import PAPERS, SPECS, reference

CIFAR = re.compile(
    r"PyramidNet-(\d+) (basic|bottleneck) (add|mul) a=([\d.]+) (C\d+), (floor|round) widths"
)
IMAGENET = re.compile(r"PyramidNet-200 ImageNet a=(\d+), (floor|round) widths")


def call(key: str) -> str:
    """The net of a row as a spec writes it; empty where the row is of no net that is built."""
    if found := IMAGENET.fullmatch(key):
        alpha, rounding = found.groups()
        return f"ForImageNet({alpha}, width={rounding}ed)"
    if not (found := CIFAR.fullmatch(key)):
        return ""
    depth, unit, growth, alpha, data, rounding = found.groups()
    if (growth, rounding) == ("mul", "floor"):
        return ""  # powers of floats fall short of whole numbers, which the authors round
    width = "times" if growth == "mul" else f"{rounding}ed"
    layers = 2 if unit == "basic" else 3
    return f"ForCifar({depth}, {alpha}, {data[1:]}, {width}, {unit}, {layers})"


CALLS = {key: call(key) for key in reference("papers") if key not in PAPERS and call(key)}


def test_rows_of_each_kind_are_here() -> None:
    text = " ".join(CALLS)
    assert all(word in text for word in ("C100", "bottleneck", "mul", "ImageNet", "floor", "round"))


@pytest.mark.parametrize("key", CALLS)
def test_a_row_comes_out_of_the_parameters(key: str) -> None:
    text = f"""
from "pyramidnet.net" import PyramidNet as ForCifar, basic, bottleneck, floored
from "pyramidnet_rounded.net" import rounded, times
from "pyramidnet_imagenet.net" import PyramidNet as ForImageNet

net Row = {CALLS[key]}
"""
    net = netdsl.load(str(SPECS / "row.net"), text=text).elaborated
    found, expected = Costs().graph(net.graph), reference("papers")[key]
    assert (found.weights, found.macs) == (expected["params"], expected["macs"])
