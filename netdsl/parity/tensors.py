"""A net that hands out the tensor of every layer. From: an elaborated net. To: a net with outputs.

Every backend gives outputs by name, so that layers are compared without looking into a model.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.analyze.rounds import Body, WritingOut
from netdsl.graph import ElaboratedNet, Graph, Node, Output, TapPath, named_nodes
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
    body, tensors = _Bodies().of(net.graph, depth)
    # Without the auxiliary outputs nothing would need the layers that lead to them.
    outputs = [output for output in body.graph.outputs if output.kind == "auxiliary"]
    names = {}
    for number, tensor in enumerate(tensors, 1):
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


class _Bodies:
    """Opens bodies, each once for a depth: alike instances go on sharing theirs."""

    def __init__(self) -> None:
        self._found: dict[tuple[Graph, int | None], tuple[Body, list[_Tensor]]] = {}

    def of(self, graph: Graph, depth: int | None) -> tuple[Body, list[_Tensor]]:
        """A body with so many levels opened, at least its own, and what it hands out."""
        if (graph, depth) not in self._found:
            opening = _Opening(graph, depth, self)
            self._found[graph, depth] = opening.body(), opening.tensors
        return self._found[graph, depth]


class _Opening(WritingOut):
    """Opens one body."""

    def __init__(self, graph: Graph, depth: int | None, bodies: _Bodies) -> None:
        super().__init__(graph)
        self._inside = None if depth is None else depth - 1
        self._bodies = bodies
        self._names = (name for name, _ in named_nodes(graph))
        self.tensors: list[_Tensor] = []

    def nodes(self, node: Node) -> Iterator[Node]:
        """The node, which hands out what is inside of it."""
        name = next(self._names)
        opens = self._inside != 0 and node.shared is None and not node.training
        if not isinstance(node.work, Graph) or not opens:
            new = self.renumbered(node)
            if not node.training:
                self._hand_out(name, new.outputs[0])
            yield new
            return
        body, tensors = self._bodies.of(node.work, self._inside)
        new = self.renumbered(node, body)
        outputs, taps = list(new.outputs), list(new.taps)
        for tensor in tensors:
            # What the spec asks for is handed out already.
            if tensor.path not in taps:
                taps.append(tensor.path)
                outputs.append(self.tensor(tensor.type))
            value = outputs[1 + taps.index(tensor.path)]
            self._hand_out(f"{name}.{tensor.name}", value)
        yield new.replace(outputs=tuple(outputs), taps=tuple(taps))

    def _hand_out(self, name: str, value: int) -> None:
        self.tensors.append(_Tensor(name, (value,), self.types[value]))
