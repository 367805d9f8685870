"""Further inputs for layers deep within a net. From: an elaborated net. To: one with those inputs.

What flows into such a layer comes through a port of every body around it, so that somebody outside
may give it. Names of weights stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.analyze.rounds import Body, WritingOut
from netdsl.catalog.base import Layer
from netdsl.graph import PRIVATE, ElaboratedNet, Graph, Node, Port, Shared, unrolled
from netdsl.tensor import TensorType


class Further:
    """Changes each body and each shared layer once: alike instances go on sharing theirs.

    Base of passes, which say what a layer is to be given. `stem` begins the names of the ports.
    """

    stem: str

    def __init__(self) -> None:
        self._types: dict[Graph, list[TensorType]] = {}
        self._bodies: dict[Graph, Body] = {}
        self._shared: dict[Shared, Shared] = {}

    def enters(self, node: Node) -> bool:
        """Whether a node, and what is in it, may be given anything."""
        return True

    def wanted(self, graph: Graph, node: Node, layer: Layer) -> list[TensorType]:
        """What is to flow into a layer of a body beside the tensors of the spec."""
        raise NotImplementedError

    def given(
        self, body: Opened, node: Node, layer: Layer, further: tuple[int, ...]
    ) -> Iterator[Node]:
        """What comes in the place of such a layer, by the numbers of the further tensors."""
        raise NotImplementedError

    def net(self, net: ElaboratedNet) -> ElaboratedNet:
        """The net with its further inputs; one that wants none comes back as it is."""
        return net.replace(graph=self.of(net.graph).graph)

    def all_wanted(self, graph: Graph) -> list[TensorType]:
        """What is to flow into all layers of a body, in order of execution."""
        if graph not in self._types:
            found: list[TensorType] = []
            for node in filter(self.enters, unrolled(graph.nodes)):
                work = node.work
                found += (
                    self.all_wanted(work)
                    if isinstance(work, Graph)
                    else self.wanted(graph, node, work)
                )
            self._types[graph] = found
        return self._types[graph]

    def of(self, graph: Graph) -> Body:
        """A body with a port for each of these tensors."""
        if graph not in self._bodies:
            self._bodies[graph] = (
                Opened(graph, self).body() if self.all_wanted(graph) else Body(graph, {}, {})
            )
        return self._bodies[graph]

    def shared(self, shared: Shared) -> Shared:
        """A shared layer: one object for all nodes that refer to it."""
        work = shared.work
        if not isinstance(work, Graph) or not self.all_wanted(work):
            return shared
        if shared not in self._shared:
            self._shared[shared] = new = Shared(shared.name, shared.span)
            new.inputs, new.first = (*shared.inputs, *self.all_wanted(work)), shared.first
            new.work = self.of(work).graph
        return self._shared[shared]


class Opened(WritingOut):
    """One body that gets its ports."""

    def __init__(self, graph: Graph, bodies: Further) -> None:
        wanted = enumerate(bodies.all_wanted(graph), 1)
        ports = [Port(f"{PRIVATE}{bodies.stem}{at}", type, "input") for at, type in wanted]
        super().__init__(graph, ports)
        self.graph = self.graph.replace(shared=tuple(map(bodies.shared, graph.shared)))
        self._bodies = bodies
        self._further = iter(range(len(graph.ports), len(self.types)))

    def nodes(self, node: Node) -> Iterator[Node]:
        """The node with what flows into it beside the tensors of the spec."""
        work, bodies = node.work, self._bodies
        if isinstance(work, Graph):
            further = self._next(len(bodies.all_wanted(work)) if bodies.enters(node) else 0)
            new = self.renumbered(node, bodies.of(work)) if further else self.renumbered(node)
            shared = node.shared and bodies.shared(node.shared)
            yield new.replace(inputs=(*new.inputs, *further), shared=shared)
            return
        wanted = bodies.wanted(self.graph, node, work) if bodies.enters(node) else []
        if wanted:
            yield from bodies.given(self, node, work, self._next(len(wanted)))
        else:
            yield self.renumbered(node)

    def _next(self, count: int) -> tuple[int, ...]:
        """The next so many of the further tensors."""
        return tuple(next(self._further) for _ in range(count))
