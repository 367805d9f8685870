"""Whether a step of training may leave weights of a net without a gradient."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from netdsl.graph import ElaboratedNet, Graph, Node, Run


def has_idle(net: ElaboratedNet, used: Collection[str]) -> bool:
    """Whether something in a net is computed that the outputs named in `used` may not need.

    It may say so of a net in which they need all, where a block hands out what nobody takes.
    """
    outputs = net.graph.outputs
    return any(output.name not in used for output in outputs) or _is_loose(net.graph)


def _is_loose(graph: Graph) -> bool:
    """Whether a value is made in a body, at any depth, that nothing takes."""
    taken = {graph.result, *(output.value for output in graph.outputs)}
    taken.update(_taken(graph.nodes))
    nodes = list(_nodes(graph.nodes))
    if any(value not in taken for node in nodes for value in node.outputs):
        return True
    bodies = {node.work for node in nodes if isinstance(node.work, Graph)}
    return any(_is_loose(body) for body in bodies)


def _nodes(items: Iterable[Node | Run]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            yield from _nodes(item.nodes)


def _taken(items: Iterable[Node | Run]) -> Iterator[int]:
    for item in items:
        if isinstance(item, Node):
            yield from item.inputs
        else:
            yield from (item.entry, item.exit)
            yield from _taken(item.nodes)
