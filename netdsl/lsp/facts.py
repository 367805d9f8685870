"""What flows where: the uses of layers and blocks by the place where they are written.

From: the graphs of a check. To: for each source its uses, in order of execution body by body. A
place in a block has a use for each body of the block: one for each set of arguments and inputs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from netdsl.analyze.cost import Cost, Costs, together
from netdsl.graph import Graph, Members, Node, Run
from netdsl.record import Record
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.tensor import TensorType


class Use(Record):
    """One use of a layer or block in a body: `times` counts the rounds of a run around it."""

    graph: Graph
    node: Node
    times: int

    @property
    def output(self) -> TensorType:
        """What flows out of it."""
        return self.graph.types[self.node.outputs[0]]

    def cost(self, costs: Costs) -> Cost:
        """What it costs, in all rounds."""
        return costs.node(self.graph, self.node).times(self.times)


class Facts:
    """The uses in every body of the graphs, found once for each body."""

    def __init__(self) -> None:
        self._bodies: dict[Graph, dict[Source, list[Use]]] = {}

    def read(self, graphs: Iterable[Graph]) -> None:
        """Takes these graphs and all bodies in them in place of those of before."""
        found: dict[Graph, dict[Source, list[Use]]] = {}
        waiting = deque(graphs)
        while waiting:
            graph = waiting.popleft()
            if graph in found:
                continue
            known = self._bodies.get(graph)
            found[graph] = known if known is not None else _by_source(graph)
            waiting.extend(
                use.node.work
                for uses in found[graph].values()
                for use in uses
                if isinstance(use.node.work, Graph)
            )
        self._bodies = found

    def bodies(self, source: Source) -> list[tuple[Graph, list[Use]]]:
        """The bodies with something that is written in a source, and what that is."""
        return [(graph, uses[source]) for graph, uses in self._bodies.items() if source in uses]

    def graphs_of(self, item: tree.Block | tree.Net) -> list[Graph]:
        """The bodies of a block or net; a net's also under the names of its aliases."""
        return [graph for graph in self._bodies if graph.definition.body is item.body]


def _by_source(graph: Graph) -> dict[Source, list[Use]]:
    found: dict[Source, list[Use]] = {}
    for use in _uses(graph, graph.nodes, 1):
        found.setdefault(use.node.written.span.source, []).append(use)
    return found


def _uses(graph: Graph, items: tuple[Node | Run, ...], times: int) -> Iterator[Use]:
    for item in items:
        if isinstance(item, Run):
            yield from _uses(graph, item.nodes, times * item.count)
        else:
            yield Use(graph, item, times)


class Line(Record):
    """What a line of a body does: what flows out of its last step, and what its steps cost."""

    graph: Graph
    output: TensorType
    uses: tuple[Use, ...]

    def cost(self, costs: Costs) -> Cost:
        """What the steps that end on the line cost."""
        return together(use.cost(costs) for use in self.uses)


def line_facts(bodies: Iterable[tuple[Graph, list[Use]]], start: int, end: int) -> list[Line]:
    """What the line from `start` to `end` does, for each body with a step that ends there."""
    found: list[Line] = []
    for graph, uses in bodies:
        here = [use for use in uses if start < use.node.written.span.end <= end]
        if here:
            # The last step of the text, the outermost of those that end there, in its last round.
            last = max(
                enumerate(here),
                key=lambda each: (
                    each[1].node.written.span.end, -each[1].node.written.span.start, each[0]
                ),
            )[1]  # fmt: skip
            found.append(Line(graph, last.output, tuple(here)))
    return found


def types_of(graph: Graph, name: str) -> list[TensorType]:
    """The types of the tensors that a body has under a name."""
    place = graph.members.get(name)
    return [] if place is None else list(_types(graph, place))


def _types(graph: Graph, place: Members) -> Iterator[TensorType]:
    if isinstance(place, tuple):
        for part in place:
            yield from _types(graph, part)
    else:
        yield graph.types[place]
