"""Finished layers as arguments of blocks: they are applied anew at each use."""

from __future__ import annotations

from netdsl.graph import Graph, unrolled
from tests.elaborate.specs import body, weight_names, words

UNIT = "block unit(norm = batchnorm) { conv(8, 3, pad=same) -> norm -> relu }"
FINISHED = "unit(norm=batchnorm(eps=1e-3)) -> unit(norm=batchnorm(eps=1e-3))"


def bodies(statements: str) -> list[Graph]:
    """The bodies of the blocks that statements use, in order of execution."""
    nodes = unrolled(body(statements, "8 x 8 x 8", UNIT).graph.nodes)
    return [node.work for node in nodes if isinstance(node.work, Graph)]


def test_a_finished_layer_is_applied_with_weights_of_its_own_in_each_use() -> None:
    assert weight_names(FINISHED, items=UNIT) == [
        "unit1.conv1",
        "unit1.batchnorm1",
        "unit2.conv1",
        "unit2.batchnorm1",
    ]


def test_equal_layers_as_arguments_share_a_body() -> None:
    first, second = bodies(FINISHED)
    assert first is second


def test_different_layers_as_arguments_do_not() -> None:
    first, second = bodies("unit(norm=batchnorm(eps=1e-3)) -> unit(norm=batchnorm(eps=1e-4))")
    assert first is not second


def test_layers_of_different_kinds() -> None:
    statements = "unit(norm=groupnorm(4)) -> unit(norm=identity) -> unit"
    assert words(statements, items=UNIT) == (
        "conv groupnorm relu conv identity relu conv batchnorm relu"
    )
