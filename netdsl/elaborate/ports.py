"""Numbers the tensors of a body anew so that its ports come first.

From: a graph whose later inputs were declared after its first nodes. To: the same graph with the
numbers that graph.py promises. Bodies inside are not touched: they have numbers of their own.
"""

from __future__ import annotations

from netdsl.graph import Graph, Members, Node, Run


def ports_first(graph: Graph, ports: list[int]) -> Graph:
    """The graph with the values `ports` numbered from 0 and the others behind, in their order."""
    others = [value for value in range(len(graph.types)) if value not in set(ports)]
    order = [*ports, *others]
    new = {value: number for number, value in enumerate(order)}
    return graph.replace(
        nodes=tuple([_item(item, new) for item in graph.nodes]),
        types=tuple([graph.types[value] for value in order]),
        result=new[graph.result],
        outputs=tuple([output.replace(value=new[output.value]) for output in graph.outputs]),
        members={name: _members(place, new) for name, place in graph.members.items()},
    )


def _item(item: Node | Run, new: dict[int, int]) -> Node | Run:
    if isinstance(item, Run):
        return item.replace(
            nodes=tuple([_item(inner, new) for inner in item.nodes]),
            entry=new[item.entry],
            exit=new[item.exit],
            result=new[item.result],
        )
    tie = item.tie
    if tie is not None and tie.node is not None:
        tie = tie.replace(node=new[tie.node])
    return item.replace(
        inputs=tuple([new[value] for value in item.inputs]),
        outputs=tuple([new[value] for value in item.outputs]),
        tie=tie,
    )


def _members(place: Members, new: dict[int, int]) -> Members:
    if isinstance(place, tuple):
        return tuple([_members(item, new) for item in place])
    return new[place]
