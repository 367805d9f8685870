"""Nets whose draws flow in. From: an elaborated net. To: the same with an input for each `sample`.

So every backend computes with the same numbers, which somebody else has drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.analyze.rounds import Body, WritingOut
from netdsl.backends.draws import Draws
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.generative import Sample
from netdsl.catalog.layers.scaling import Rescale
from netdsl.graph import (
    PRIVATE,
    ElaboratedNet,
    Graph,
    Node,
    Port,
    Shared,
    Written,
    unrolled,
)
from netdsl.tensor import Dim, Size, TensorType, at


def drawing(net: ElaboratedNet) -> ElaboratedNet:
    """The net with a further input for the noise of each `sample` that draws its own.

    Names of weights stay. A net that draws nothing comes back as it is.
    """
    return net.replace(graph=_Bodies(prior=False).of(net.graph).graph)


def from_prior(net: ElaboratedNet) -> ElaboratedNet:
    """The net with a further input in the place of each such `sample`.

    What the means and variances are made of is still computed, and counts nothing.
    """
    return net.replace(graph=_Bodies(prior=True).of(net.graph).graph)


def draws_of(net: ElaboratedNet, shapes: Sequence[tuple[int, ...]], seed: int) -> Draws | None:
    """What flows into a net behind its own inputs; None for nothing.

    `shapes` are those of examples for its own, which settle sizes that the net leaves open.
    """
    own, further = net.inputs[: len(shapes)], net.inputs[len(shapes) :]
    if not further:
        return None
    known = {
        str(size): found
        for port, shape in zip(own, shapes, strict=True)
        for size, found in zip(port.type.shape, shape, strict=True)
        if isinstance(size, Size)
    }
    return Draws(
        tuple(port.name for port in further),
        tuple(tuple(_settled(size, known) for size in port.type.shape) for port in further),
        seed,
    )


def _settled(size: Dim, known: dict[str, int]) -> int:
    found = at(size, known)
    assert isinstance(found, int), "a field settles the sizes of the input that it flows into"
    return found


def _draws(work: Layer | Graph) -> bool:
    return isinstance(work, Sample) and work.noise is None


class _Bodies:
    """Changes each body and each shared layer once: alike instances go on sharing theirs."""

    def __init__(self, prior: bool) -> None:
        self.prior = prior
        self._types: dict[Graph, list[TensorType]] = {}
        self._bodies: dict[Graph, Body] = {}
        self._shared: dict[Shared, Shared] = {}

    def drawn(self, graph: Graph) -> list[TensorType]:
        """The types of what a body draws, in order of execution."""
        if graph not in self._types:
            found: list[TensorType] = []
            for node in unrolled(graph.nodes):
                if isinstance(node.work, Graph):
                    found += self.drawn(node.work)
                elif _draws(node.work):
                    found.append(graph.types[node.outputs[0]])
            self._types[graph] = found
        return self._types[graph]

    def of(self, graph: Graph) -> Body:
        """A body with a port for each draw."""
        if graph not in self._bodies:
            self._bodies[graph] = (
                _Drawing(graph, self).body() if self.drawn(graph) else Body(graph, {}, {})
            )
        return self._bodies[graph]

    def shared(self, shared: Shared) -> Shared:
        """A shared layer: one object for all nodes that refer to it."""
        work = shared.work
        if not isinstance(work, Graph) or not self.drawn(work):
            return shared
        if shared not in self._shared:
            self._shared[shared] = new = Shared(shared.name, shared.span)
            new.inputs, new.first = (*shared.inputs, *self.drawn(work)), shared.first
            new.work = self.of(work).graph
        return self._shared[shared]


class _Drawing(WritingOut):
    """Gives one body its ports."""

    def __init__(self, graph: Graph, bodies: _Bodies) -> None:
        drawn = bodies.drawn(graph)
        super().__init__(graph, [_port(number, type) for number, type in enumerate(drawn, 1)])
        self.graph = self.graph.replace(shared=tuple(map(bodies.shared, graph.shared)))
        self._bodies = bodies
        self._noise = iter(range(len(graph.ports), len(self.types)))

    def nodes(self, node: Node) -> Iterator[Node]:
        """The node with what flows into it beside the tensors of the spec."""
        work = node.work
        if isinstance(work, Graph):
            further = tuple(next(self._noise) for _ in self._bodies.drawn(work))
            new = self.renumbered(node, self._bodies.of(work)) if further else self.renumbered(node)
            shared = node.shared and self._bodies.shared(node.shared)
            yield new.replace(inputs=(*new.inputs, *further), shared=shared)
        elif isinstance(work, Sample) and _draws(work):
            inputs = [self.values[value] for value in node.inputs]
            if self._bodies.prior:
                for place in range(len(inputs)):
                    nothing = self._nothing(node, inputs[place])
                    inputs[place] = nothing.outputs[0]
                    yield nothing
            new = self.renumbered(node)
            yield new.replace(
                work=work.replace(noise=len(inputs)), inputs=(*inputs, next(self._noise))
            )
        else:
            yield self.renumbered(node)

    def _nothing(self, node: Node, value: int) -> Node:
        """A node that makes zeros of a tensor: the standard normal's mean, and its logvar."""
        return Node(
            stem=Rescale.word,
            named=False,
            level=node.level,
            work=Rescale(factor=0),
            inputs=(value,),
            outputs=(self.tensor(self.types[value]),),
            taps=(),
            written=Written(node.written.span, {}, node.written.branches),
            training=node.training,
        )


def _port(number: int, type: TensorType) -> Port:
    return Port(f"{PRIVATE}noise{number}", type, "input")
