"""A body with the rounds of its runs one by one, for passes that change single nodes.

From: a graph. To: the same graph whose tensors are numbered anew, each round with its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netdsl.graph import Graph, Members, Node, Port, Run, TapPath, Tie
from netdsl.record import Record
from netdsl.tensor import TensorType


class Body(Record):
    """A body whose runs are written out.

    `values` has the new number of each old one (of the last round), `inner` the bodies by the new
    numbers of their nodes' main tensors.
    """

    graph: Graph
    values: Mapping[int, int]
    inner: Mapping[int, Body]

    def path(self, path: TapPath) -> TapPath:
        """The way to a tensor in it, in new numbers."""
        value, *rest = path
        new = self.values.get(value, value)
        if not rest:
            return (new,)
        inner = self.inner.get(new)
        return (new, *(inner.path(tuple(rest)) if inner is not None else rest))


class WritingOut:
    """Numbers the tensors of one body anew while its runs are written out; base of passes.

    `further` are ports that the body gets behind its own.
    """

    def __init__(self, graph: Graph, further: Sequence[Port] = ()) -> None:
        self.graph = graph.replace(ports=(*graph.ports, *further))
        self.types = [port.type for port in self.graph.ports]
        self.values = {port: port for port in range(len(graph.ports))}
        self._inner: dict[int, Body] = {}

    def body(self) -> Body:
        """The body as it comes out."""
        graph, values = self.graph, self.values
        nodes = tuple(self._items(graph.nodes))
        new = graph.replace(
            nodes=nodes,
            types=tuple(self.types),
            result=values[graph.result],
            outputs=tuple(output.replace(value=values[output.value]) for output in graph.outputs),
            members={name: _members(place, values) for name, place in graph.members.items()},
        )
        return Body(new, values, self._inner)

    def nodes(self, node: Node) -> Iterator[Node]:
        """What comes in the place of a node, in this round."""
        raise NotImplementedError

    def renumbered(self, node: Node, body: Body | None = None) -> Node:
        """A node in this round's numbers; with another `body` in the place of its own."""
        new = node.replace(
            inputs=tuple(self.values[value] for value in node.inputs),
            outputs=tuple(self._new(value) for value in node.outputs),
            tie=self._tie(node.tie),
        )
        if body is None:
            return new
        self._inner[new.outputs[0]] = body
        taps = tuple(body.path(tap) for tap in node.taps if isinstance(tap, tuple))
        return new.replace(work=body.graph, taps=taps)

    def tensor(self, type: TensorType) -> int:
        """The number of a further tensor."""
        self.types.append(type)
        return len(self.types) - 1

    def _items(self, items: tuple[Node | Run, ...]) -> Iterator[Node]:
        values = self.values
        for item in items:
            if isinstance(item, Node):
                yield from self.nodes(item)
                continue
            entry = values[item.entry]
            for _ in range(item.count):
                yield from self._items(item.nodes)
                values[item.entry] = values[item.exit]
            values[item.result] = values[item.exit]
            values[item.entry] = entry

    def _new(self, old: int) -> int:
        """A new number for a tensor, in this round."""
        self.values[old] = new = self.tensor(self.graph.types[old])
        return new

    def _tie(self, tie: Tie | None) -> Tie | None:
        if tie is None or tie.node is None:
            return tie
        return tie.replace(node=self.values[tie.node])


def _members(place: Members, values: Mapping[int, int]) -> Members:
    if isinstance(place, tuple):
        return tuple(_members(item, values) for item in place)
    return values[place]
