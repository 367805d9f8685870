"""Which softmax or sigmoid is folded into a loss: through moves alone, inside blocks too."""

from __future__ import annotations

from typing import Any

import pytest

from netdsl.analyze.fold import folded
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.activation import Relu, Sigmoid, Softmax
from netdsl.catalog.layers.scaling import Identity, Rescale
from netdsl.catalog.layers.shape import Flatten, Permute, Reshape
from netdsl.graph import Graph, Node, Port, Run, Written
from netdsl.source import Source, Span
from netdsl.tensor import TensorType

WRITTEN = Written(Span(Source("test.net", ""), 0, 0), {})
VECTOR = (10,)


def node(work: Layer | Graph, value: int, *taps: tuple[int, ...]) -> Node:
    """A node that takes the value before its first output."""
    outputs = tuple(range(value, value + 1 + len(taps)))
    return Node("step", False, None, work, (value - 1,), outputs, taps, WRITTEN)


def body(
    nodes: list[Node | Run], shape: tuple[int, ...] = VECTOR, result: int | None = None
) -> Graph:
    """A graph of one port; types follow from the layers, blocks keep theirs."""
    types = [TensorType(shape)]
    for item in nodes:
        if isinstance(item, Node) and isinstance(item.work, Layer):
            types.append(item.work.infer(types[-1]))
        elif isinstance(item, Node):
            types += [types[-1]] * len(item.outputs)
        else:
            types += [types[-1]] * (item.result - item.entry)
    last = len(types) - 1 if result is None else result
    definition: Any = None
    port = Port("it", types[0], "input")
    return Graph("body", definition, {}, (port,), tuple(nodes), tuple(types), last, (), {}, {})


def chain(*layers: Layer | Graph, shape: tuple[int, ...] = VECTOR) -> Graph:
    return body([node(layer, index) for index, layer in enumerate(layers, start=1)], shape)


def found(graph: Graph, word: str = "softmax") -> bool:
    return folded(graph, graph.result, word) is not None


def test_at_the_end() -> None:
    assert found(chain(Relu(), Softmax()))
    assert found(chain(Relu(), Sigmoid()), "sigmoid")
    assert not found(chain(Relu(), Softmax()), "sigmoid")
    assert not found(chain(Softmax(), Relu()))
    assert not found(chain())


@pytest.mark.parametrize(
    ("shape", "move", "folds"),
    [
        (VECTOR, Identity(), True),
        (VECTOR, Flatten(), True),
        ((1, 1, 10), Flatten(), True),
        ((3, 3, 10), Flatten(), False),
        ((4, 4, 10), Reshape(sizes=(16, 10)), True),
        ((4, 4, 10), Reshape(sizes=(10, 16)), False),
        ((4, 5, 10), Permute(axes=(1, 0, 2)), True),
        ((4, 5, 10), Permute(axes=(2, 0, 1)), False),
        ((10, 10), Permute(axes=(1, 0)), False),
        (VECTOR, Rescale(factor=2), False),
    ],
)
def test_moves_that_keep_the_classes_last(shape: tuple[int, ...], move: Layer, folds: bool) -> None:
    assert found(chain(Softmax(), move, shape=shape)) is folds


def test_a_sigmoid_is_found_through_any_move() -> None:
    assert found(chain(Sigmoid(), Permute(axes=(2, 0, 1)), shape=(4, 5, 10)), "sigmoid")


def test_inside_a_block_and_before_it() -> None:
    assert found(chain(chain(Relu(), Softmax())))
    assert found(chain(Softmax(), chain(Identity())))
    assert found(chain(Softmax(), chain(chain(Identity())), Flatten()))
    assert not found(chain(Softmax(), chain(Relu())))


def test_a_member_of_a_block() -> None:
    inner = chain(Softmax(), Relu())
    outer = chain(inner, Relu())
    # The first tap is the value 1 of the body; the second goes down into its first node.
    assert found(body([node(inner, 1, (1,))], result=2))
    deep = body([Node("step", False, None, outer, (0,), (1, 2), ((1, 1),), WRITTEN)], result=2)
    use = folded(deep, 2, "softmax")
    assert use is not None
    assert use.graph is inner
    assert isinstance(use.node.work, Softmax)


def test_the_result_of_a_run() -> None:
    rounds = (node(Relu(), 1), node(Softmax(), 2))
    assert found(body([Run(rounds, 3, 0, 2, 3)]))
