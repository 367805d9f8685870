"""Where a value of a graph comes from."""

from __future__ import annotations

from netdsl.graph import Node, Run


def node_of(items: tuple[Node | Run, ...], value: int) -> tuple[int, Node]:
    """The node that makes a value, and the value it makes.

    What a run results in is the exit of its round.
    """
    for item in items:
        if isinstance(item, Node):
            if value in item.outputs:
                return value, item
        elif value == item.result:
            return node_of(item.nodes, item.exit)
    raise AssertionError(f"no node makes the value {value}")
