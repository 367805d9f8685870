"""Nets whose draws flow in. From: an elaborated net. To: the same with an input for each `sample`.

So every backend computes with the same numbers, which somebody else has drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.analyze.further import Further, Opened
from netdsl.backends.draws import Draws
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.generative import Sample
from netdsl.catalog.layers.scaling import Rescale
from netdsl.graph import ElaboratedNet, Graph, Node, Written
from netdsl.tensor import Dim, Size, TensorType, at


def drawing(net: ElaboratedNet) -> ElaboratedNet:
    """The net with a further input for the noise of each `sample` that draws its own.

    Names of weights stay. A net that draws nothing comes back as it is.
    """
    return _Drawing(prior=False).net(net)


def from_prior(net: ElaboratedNet) -> ElaboratedNet:
    """The net with a further input in the place of each such `sample`.

    What the means and variances are made of is still computed, and counts nothing.
    """
    return _Drawing(prior=True).net(net)


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


class _Drawing(Further):
    """Has the noise of each `sample` flow in; from the `prior` with nothing as mean and logvar."""

    stem = "noise"

    def __init__(self, prior: bool) -> None:
        super().__init__()
        self._prior = prior

    def wanted(self, graph: Graph, node: Node, layer: Layer) -> list[TensorType]:
        """See `Further.wanted`."""
        draws = isinstance(layer, Sample) and layer.noise is None
        return [graph.types[node.outputs[0]]] if draws else []

    def given(
        self, body: Opened, node: Node, layer: Layer, further: tuple[int, ...]
    ) -> Iterator[Node]:
        """See `Further.given`."""
        inputs = [body.values[value] for value in node.inputs]
        if self._prior:
            for place in range(len(inputs)):
                nothing = _nothing(body, node, inputs[place])
                inputs[place] = nothing.outputs[0]
                yield nothing
        new = body.renumbered(node)
        yield new.replace(work=layer.replace(noise=len(inputs)), inputs=(*inputs, *further))


def _nothing(body: Opened, node: Node, value: int) -> Node:
    """A node that makes zeros of a tensor: the standard normal's mean, and its logvar."""
    return Node(
        stem=Rescale.word,
        named=False,
        level=node.level,
        work=Rescale(factor=0),
        inputs=(value,),
        outputs=(body.tensor(body.types[value]),),
        taps=(),
        written=Written(node.written.span, {}, node.written.branches),
        training=node.training,
    )
