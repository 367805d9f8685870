"""A net without chance. From: an elaborated net. To: the same net whose noise does nothing.

Each backend draws noise of its own, so training is compared without: a rate or deviation of 0 is
the identity in training too, and leaves every gradient as it is. What `sample` draws is alike on
every backend, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.catalog.base import Layer
from netdsl.catalog.layers.noise import Dropout, DropPath, GaussianNoise, SpatialDropout
from netdsl.graph import ElaboratedNet, Graph, Node, Run, Shared, Tie

# What each layer of noise is given so that it does nothing.
_SILENCE: dict[type[Layer], Mapping[str, float]] = {
    Dropout: {"rate": 0.0},
    SpatialDropout: {"rate": 0.0},
    DropPath: {"rate": 0.0},
    GaussianNoise: {"std": 0.0},
}


def quiet(net: ElaboratedNet) -> ElaboratedNet:
    """The net with every layer of noise made to add none."""
    return net.replace(graph=_Quiet().graph(net.graph))


class _Quiet:
    """Makes each body and each shared layer anew, once."""

    def __init__(self) -> None:
        self._graphs: dict[Graph, Graph] = {}
        self._shared: dict[Shared, Shared] = {}

    def graph(self, graph: Graph) -> Graph:
        """A body without noise."""
        if graph not in self._graphs:
            self._graphs[graph] = graph.replace(
                nodes=tuple(self._item(item) for item in graph.nodes),
                shared=tuple(self._of_all(shared) for shared in graph.shared),
            )
        return self._graphs[graph]

    def _item(self, item: Node | Run) -> Node | Run:
        if isinstance(item, Run):
            return item.replace(nodes=tuple(self._item(inner) for inner in item.nodes))
        return item.replace(
            work=self._work(item.work),
            tie=self._tie(item.tie),
            shared=item.shared and self._of_all(item.shared),
        )

    def _work(self, work: Layer | Graph) -> Layer | Graph:
        if isinstance(work, Graph):
            return self.graph(work)
        silence = _SILENCE.get(type(work))
        return work.replace(**silence) if silence else work

    def _tie(self, tie: Tie | None) -> Tie | None:
        if tie is None or tie.shared is None:
            return tie
        return tie.replace(shared=self._of_all(tie.shared))

    def _of_all(self, shared: Shared) -> Shared:
        """A shared layer: one object for all nodes that refer to it."""
        if shared not in self._shared:
            self._shared[shared] = new = Shared(shared.name, shared.span)
            new.inputs, new.first = shared.inputs, shared.first
            new.work = shared.work and self._work(shared.work)
        return self._shared[shared]
