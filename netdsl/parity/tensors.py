"""A net that hands out the tensor of every layer. From: an elaborated net. To: a net with outputs.

Every backend gives outputs by name, so that layers are compared without looking into a model.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.graph import (
    ElaboratedNet,
    Graph,
    Members,
    Node,
    Output,
    Run,
    TapPath,
    Tie,
    named_nodes,
)
from netdsl.record import Record
from netdsl.tensor import TensorType


class Opened(Record):
    """A net whose outputs are the tensors of its layers in order of execution.

    `names` has the full name of the layer or block for each output's name. The outputs of the net
    are among them under the names of the layers that they come from, auxiliary ones beside them as
    they are. Of what exists in training only `names` says nothing.
    """

    net: ElaboratedNet
    names: dict[str, str]


def opened(net: ElaboratedNet, depth: int | None) -> Opened:
    """The net with the tensors of so many levels of blocks as outputs; None opens all of them.

    Rounds of runs become nodes of their own. A `shared` block stays closed: it is one layer that
    is used several times.
    """
    body = _Bodies().of(net.graph, depth)
    # Without the auxiliary outputs nothing would need the layers that lead to them.
    outputs = [output for output in body.graph.outputs if output.kind == "auxiliary"]
    names = {}
    for number, tensor in enumerate(body.tensors, 1):
        # As no name of the language begins.
        name = f"_{number}"
        names[name] = tensor.name
        (value,) = tensor.path
        outputs.append(Output(name, value, "output", net.graph.outputs[0].span))
    graph = body.graph.replace(outputs=tuple(outputs))
    return Opened(net.replace(graph=graph), names)


class _Tensor(Record):
    """A tensor inside a body: the name of its layer there, and the way to it."""

    name: str
    path: TapPath
    type: TensorType


class _Body(Record):
    """A body with the rounds of its runs one by one, which hands out `tensors`.

    `values` has the new number of each old one (of the last round), `inner` the bodies by the new
    numbers of their nodes' main tensors.
    """

    graph: Graph
    tensors: tuple[_Tensor, ...]
    values: dict[int, int]
    inner: dict[int, _Body]

    def path(self, path: TapPath) -> TapPath:
        """The way to a tensor in it, in new numbers."""
        value, *rest = path
        new = self.values.get(value, value)
        if not rest:
            return (new,)
        inner = self.inner.get(new)
        return (new, *(inner.path(tuple(rest)) if inner is not None else rest))


class _Bodies:
    """Opens bodies, each once for a depth: alike instances go on sharing theirs."""

    def __init__(self) -> None:
        self._found: dict[tuple[Graph, int | None], _Body] = {}

    def of(self, graph: Graph, depth: int | None) -> _Body:
        """A body with so many levels opened, at least its own."""
        if (graph, depth) not in self._found:
            self._found[graph, depth] = _Opening(graph, depth, self).body()
        return self._found[graph, depth]


class _Opening:
    """Numbers the tensors of one body anew while its runs are written out."""

    def __init__(self, graph: Graph, depth: int | None, bodies: _Bodies) -> None:
        self._graph = graph
        self._inside = None if depth is None else depth - 1
        self._bodies = bodies
        self._names = (name for name, _ in named_nodes(graph))
        self._types = [port.type for port in graph.ports]
        self._values = {port: port for port in range(len(graph.ports))}
        self._tensors: list[_Tensor] = []
        self._inner: dict[int, _Body] = {}

    def body(self) -> _Body:
        graph, values = self._graph, self._values
        nodes = tuple(self._items(graph.nodes))
        new = graph.replace(
            nodes=nodes,
            types=tuple(self._types),
            result=values[graph.result],
            outputs=tuple(output.replace(value=values[output.value]) for output in graph.outputs),
            members={name: _members(place, values) for name, place in graph.members.items()},
        )
        return _Body(new, tuple(self._tensors), values, self._inner)

    def _items(self, items: tuple[Node | Run, ...]) -> Iterator[Node]:
        values = self._values
        for item in items:
            if isinstance(item, Node):
                yield self._node(item)
                continue
            entry = values[item.entry]
            for _ in range(item.count):
                yield from self._items(item.nodes)
                values[item.entry] = values[item.exit]
            values[item.result] = values[item.exit]
            values[item.entry] = entry

    def _node(self, node: Node) -> Node:
        name = next(self._names)
        inputs = tuple(self._values[value] for value in node.inputs)
        outputs = [self._new(value) for value in node.outputs]
        work, taps = node.work, list(node.taps)
        opens = self._inside != 0 and node.shared is None and not node.training
        if isinstance(work, Graph) and opens:
            body = self._bodies.of(work, self._inside)
            self._inner[outputs[0]] = body
            work = body.graph
            taps = [body.path(tap) for tap in node.taps if isinstance(tap, tuple)]
            for tensor in body.tensors:
                # What the spec asks for is handed out already.
                if tensor.path not in taps:
                    taps.append(tensor.path)
                    outputs.append(self._tensor(tensor.type))
                value = outputs[1 + taps.index(tensor.path)]
                self._hand_out(f"{name}.{tensor.name}", value)
        elif not node.training:
            self._hand_out(name, outputs[0])
        return node.replace(
            work=work,
            inputs=inputs,
            outputs=tuple(outputs),
            taps=tuple(taps),
            tie=self._tie(node.tie),
        )

    def _hand_out(self, name: str, value: int) -> None:
        self._tensors.append(_Tensor(name, (value,), self._types[value]))

    def _new(self, old: int) -> int:
        """A new number for a tensor, in this round."""
        self._values[old] = new = self._tensor(self._graph.types[old])
        return new

    def _tensor(self, type: TensorType) -> int:
        self._types.append(type)
        return len(self._types) - 1

    def _tie(self, tie: Tie | None) -> Tie | None:
        if tie is None or tie.node is None:
            return tie
        return tie.replace(node=self._values[tie.node])


def _members(place: Members, values: dict[int, int]) -> Members:
    if isinstance(place, tuple):
        return tuple(_members(item, values) for item in place)
    return values[place]
