"""What `method = hebbian` stores. From: a net. To: the net that hands out its patterns too."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.scaling import Identity
from netdsl.elaborate.report import Mistake
from netdsl.graph import (
    STORED,
    ElaboratedNet,
    Graph,
    Node,
    Output,
    Run,
    Written,
    named_weights,
    unrolled,
)
from netdsl.source import Span

_WANTED = (
    "a net that stores patterns has one layer with weights, dense(units, bias=false) with as many "
    "units as flow in"
)


def with_patterns(net: ElaboratedNet, place: Span) -> ElaboratedNet:
    """The net with a further output `STORED`: what flows into its layer with weights first.

    Raises a `Mistake` at `place` where it has no such layer.
    """
    graph = net.graph
    value = _pattern(net, place)
    pattern, recalled = graph.types[value], graph.types[_main(graph)]
    if pattern != recalled:
        told = f"{net.name} stores {pattern}, but gives {recalled}"
        raise Mistake("shape", told, place, help="what comes out is what it recalls")
    new = len(graph.types)
    node = Node(
        stem=Identity.word,
        named=False,
        level=None,
        work=Identity(),
        inputs=(value,),
        outputs=(new,),
        taps=(),
        written=Written(place, {}),
    )
    return net.replace(
        graph=graph.replace(
            nodes=(*graph.nodes, node),
            types=(*graph.types, pattern),
            outputs=(*graph.outputs, Output(STORED, new, "output", place)),
        )
    )


def _main(graph: Graph) -> int:
    return next((output.value for output in graph.outputs if output.kind == "main"), graph.result)


def _pattern(net: ElaboratedNet, place: Span) -> int:
    """The value that flows into the only layer with weights first."""
    layers = {id(named.layer): named.layer for named in named_weights(net.graph)}
    layer = next(iter(layers.values()), None)
    if len(layers) != 1 or not isinstance(layer, Dense) or layer.bias:
        raise Mistake("wrong-value", f"{net.name}: {_WANTED}", place)
    first = next(_uses(net.graph, layer), None)
    if first is None:
        told = f"{net.name} has its dense layer inside a block, or what flows into it is made there"
        raise Mistake("wrong-value", told, place, help="it stands in the net itself")
    if net.graph.types[first].shape != (layer.units,):
        told = f"{net.name}: {net.graph.types[first]} flows into dense({layer.units})"
        raise Mistake("shape", f"{told}; {_WANTED}", place)
    return first


def _uses(graph: Graph, layer: Dense) -> Iterator[int]:
    """What flows into the uses of a layer, where it is made outside of repetitions."""
    known = set(range(len(graph.ports)))
    for item in graph.nodes:
        for node in unrolled((item.replace(count=1) if isinstance(item, Run) else item,)):
            if node.work == layer and node.tie is None and node.inputs[0] in known:
                yield node.inputs[0]
        known.update((item.result,) if isinstance(item, Run) else item.outputs)
