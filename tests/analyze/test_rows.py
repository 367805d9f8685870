"""The rows of the table: collapsed, opened, alike neighbours as one."""

from __future__ import annotations

import time

import pytest

from netdsl.analyze.cost import Costs
from netdsl.analyze.rows import Row, rows
from tests.analyze.nets import bundled, net

Line = tuple[int, str, int, str, int]


def lines(text: str, depth: int | None = 1) -> list[Line]:
    """Indent, first name, count, call and weights of each row."""
    graph = net(text.replace(";", "\n")).graph
    return [line(row) for row in rows(graph, Costs(), depth)]


def line(row: Row) -> Line:
    name = row.names[0] if row.names else ""
    return row.depth, name, row.count, row.call, row.cost.weights


BLOCKS = """
block unit(channels, stride = 1) { conv(channels, 3, stride=stride, pad=same) -> relu }
net A {
  input image: 8x8x4
  unit(4); unit(4); unit(4)
  unit(8, stride=2)
  { maxpool(2); unit(8) } as tail
}
"""


def test_blocks_are_one_row_each_and_equal_neighbours_one() -> None:
    assert lines(BLOCKS) == [
        (0, "unit1", 3, "unit(4)", 444),
        (0, "unit4", 1, "unit(8, stride=2)", 296),
        (0, "tail", 1, "{ maxpool … unit }", 584),
    ]


def test_a_level_opened_shows_one_of_equal_neighbours() -> None:
    assert lines(BLOCKS, 2) == [
        (0, "unit1", 3, "unit(4)", 444),
        (1, "conv1", 1, "conv(4, 3, stride=1, pad=same)", 148),
        (1, "relu1", 1, "relu", 0),
        (0, "unit4", 1, "unit(8, stride=2)", 296),
        (1, "conv1", 1, "conv(8, 3, stride=2, pad=same)", 296),
        (1, "relu1", 1, "relu", 0),
        (0, "tail", 1, "{ maxpool … unit }", 584),
        (1, "maxpool1", 1, "maxpool(2)", 0),
        (1, "unit1", 1, "unit(8)", 584),
    ]


def test_all_opens_everything() -> None:
    assert lines(BLOCKS, None)[-2:] == [
        (2, "conv1", 1, "conv(8, 3, stride=1, pad=same)", 584),
        (2, "relu1", 1, "relu", 0),
    ]
    assert lines(BLOCKS, 3) == lines(BLOCKS, None)


def test_a_group_of_equals_says_what_it_holds() -> None:
    text = "net A { input x: 4; { dense(4); dense(4) } as stage }"
    assert lines(text) == [(0, "stage", 1, "{ 2 dense(4) }", 40)]


def test_rounds_of_several_layers_stand_under_their_number() -> None:
    text = "net A { input x: 4; repeat 1000 { dense(4); relu }; dense(2) }"
    assert lines(text) == [
        (0, "", 1000, "", 20_000),
        (1, "dense1", 1, "dense(4)", 20),
        (1, "relu1", 1, "relu", 0),
        (0, "dense1001", 1, "dense(2)", 10),
    ]


def test_a_block_repeated_is_one_row() -> None:
    text = "block unit { dense(4) -> relu }; net A { input x: 4; unit; repeat 100_000 { unit } }"
    graph = net(text.replace(";", "\n")).graph
    started = time.perf_counter()
    (row,) = rows(graph, Costs())
    assert time.perf_counter() - started < 2
    assert (row.count, row.call, row.cost.weights) == (100_001, "unit", 100_001 * 20)


def test_a_shared_layer_has_its_weights_in_the_row_of_its_first_use() -> None:
    text = "net A { input x: 4; shared d = dense(4); d -> relu -> d }"
    assert lines(text) == [
        (0, "d", 1, "dense(4)", 20),
        (0, "relu1", 1, "relu", 0),
        (0, "d", 1, "dense(4)", 0),
    ]


@pytest.mark.parametrize("spec", ["resnet.net:ResNet50", "googlenet.net:GoogLeNet", "nin.net"])
def test_the_rows_of_the_first_level_add_up(spec: str) -> None:
    analysis = bundled(spec)
    found = [row for row in rows(analysis.net.graph, analysis.costs) if row.depth == 0]
    assert sum(row.cost.weights for row in found) == analysis.cost.weights
    assert sum(row.cost.macs for row in found) == analysis.cost.macs


def test_what_exists_in_training_only_has_no_multiply_adds_when_opened() -> None:
    analysis = bundled("googlenet.net:GoogLeNet")
    found = [row for row in rows(analysis.net.graph, analysis.costs, None) if row.training]
    assert found
    assert all(row.cost.macs == 0 for row in found)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("let n = 2 * 4; conv(n, (3, 1), bias=false)", "conv(8, (3, 1), bias=false)"),
        ("conv(8, kernel=3)", "conv(8, 3)"),
        ("conv(8, 3, init=normal(0.5), pad=same)", "conv(8, 3, init=normal(0.5), pad=same)"),
        ("flatten -> unflatten(8, 8, 4)", "unflatten(8, 8, 4)"),
        ("h = conv(4, 3); crop(like=h)", "crop(like=h)"),
        ("resize(4, mode=nearest)", "resize(4, mode=nearest)"),
        ("default dropout(rate=0.25); dropout", "dropout(0.25)"),
        ("add(it, relu)", "add"),
        ("pad(((0, 1), 2))", "pad(((0, 1), 2))"),
    ],
)
def test_calls_have_their_values(written: str, shown: str) -> None:
    found = [row[3] for row in lines(f"net A {{ input x: 8x8x4; {written} }}")]
    assert found[-1] == shown
