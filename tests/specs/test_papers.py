"""Every row of tests/reference/papers.json has a bundled name, or a reason here why it has none.

Rows of PyramidNet without a name are proved from its parameters in test_pyramidnet.py.
"""

from __future__ import annotations

import pytest

from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from tests.specs.bundled import PAPERS, bundled, layers, reference
from tests.specs.test_pyramidnet import CALLS as BY_PARAMETERS

# A net under a second heading, with a figure or a rounding that changes nothing: the row it equals.
SAME = {
    'WRN-40-4 C10 vs "8.7M"': "WRN-40-4 C10, projection",
}

# Sums over some weights of a net that is bundled; the first is found in test_figures.py.
WEIGHTS_OF_1001 = "pre-act ResNet-1001 C10, conv+fc weights only (no BN, no bias)"
PARTS = {"AlexNet (d2l/Mu Li, convs + dense1 + dense2 only)", WEIGHTS_OF_1001}

FLOAT = "a sum of floats that loses channels; the widths are found in whole numbers"
LITERAL = "a reading of the paper's formula after which no width ever grows"
ROUNDED = "multiplied widths are rounded to the nearest, not down"
OTHER_WIDTHS = {
    "PyramidNet-110 basic add a=48 C10, eq.(2) floor on running integer": LITERAL,
    "PyramidNet-110 basic mul a=4.75 C10, floor widths": ROUNDED,
    "PyramidNet-110 basic mul a=8 C10, floor widths": ROUNDED,
    "PyramidNet-110 basic mul a=27 C10, floor widths": ROUNDED,
    "PyramidNet-110 a=48 basic C10, floor of NAIVE float running sum": FLOAT,
    "PyramidNet-110 a=84 basic C10, floor of NAIVE float running sum": FLOAT,
    "PyramidNet-164 a=48 bottleneck C10, floor of NAIVE float running sum": FLOAT,
    "PyramidNet-200 a=240 bottleneck C10, floor of NAIVE float running sum": FLOAT,
    "PyramidNet-236 a=220 bottleneck C10, floor of NAIVE float running sum": FLOAT,
    "PyramidNet-272 a=200 bottleneck C10, floor of NAIVE float running sum": FLOAT,
}


def test_every_row_has_a_net_or_a_reason() -> None:
    without = {key for key in reference("papers") if key not in PAPERS}
    assert without == {*SAME, *PARTS, *OTHER_WIDTHS, *BY_PARAMETERS}


@pytest.mark.parametrize(("row", "other"), SAME.items())
def test_a_second_heading_is_of_the_same_net(row: str, other: str) -> None:
    rows = reference("papers")
    assert other in PAPERS
    assert [rows[row][name] for name in ("params", "macs")] == [
        rows[other][name] for name in ("params", "macs")
    ]


def test_the_matrices_and_kernels_of_the_net_of_1001_layers_are_as_published() -> None:
    net = bundled(PAPERS["pre-act ResNet-1001 bottleneck C10, projection (1x1, no BN) "
                         "[KaimingHe/resnet-1k-layers]"])  # fmt: skip
    sizes = [
        weight.size
        for graph, node, layer in layers(net.graph)
        if isinstance(layer, Conv | Dense)
        for weight in layer.weights(*graph.input_types(node))
        if weight.name == "weight"
    ]
    assert sum(sizes) == reference("papers")[WEIGHTS_OF_1001]["params"]
