"""The depth of a net in both meanings that people quote, of the net as it is evaluated.

Layers with weights: what Keras' documentation calls depth, each layer of the catalogue that has
weights or state counted once. Layers on the longest path: every layer and the input. Heads that
exist in training only are in neither.
"""

from __future__ import annotations

from netdsl.analyze.cost import Costs
from netdsl.analyze.paths import Algebra, Paths
from netdsl.catalog.base import Layer
from netdsl.graph import Graph
from netdsl.record import Record
from netdsl.tensor import TensorType


class Depth(Record):
    """How many layers have weights, and how many lie on the longest path with its input."""

    layers_with_weights: int
    longest_path: int


class _Longest(Algebra[int]):
    """Counts layers."""

    def start(self, flowing: TensorType) -> int:
        return 0

    def source(self, layer: Layer, made: TensorType) -> int:
        return 1

    def layer(
        self, layer: Layer, inputs: tuple[TensorType, ...], index: int, made: TensorType
    ) -> int:
        return 1

    def then(self, first: int, second: int) -> int:
        return first + second

    def join(self, one: int, other: int) -> int:
        return max(one, other)

    def power(self, step: int, count: int) -> int:
        return step * count


def depth(graph: Graph, costs: Costs) -> Depth:
    """The depth of a net; a path ends in any output of the evaluation net."""
    paths = Paths(_Longest())
    ends = {output.value for output in graph.outputs if output.kind != "auxiliary"}
    longest = 0
    for value in ends or {graph.result}:
        for port, layers in paths.to(graph, (value,)).items():
            longest = max(longest, layers + (port >= 0))
    return Depth(costs.graph(graph).layers, longest)
