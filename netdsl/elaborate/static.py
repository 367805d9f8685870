"""What can be said of a body without elaborating it: which names it uses and which it binds."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.record import Record
from netdsl.syntax import tree

_used: dict[tree.TreeNode, frozenset[str]] = {}


def nodes_in(node: object) -> Iterator[tree.TreeNode]:
    """Every node of the tree below and with a node, in order of writing."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tree.TreeNode):
            yield item
            fields = [getattr(item, name) for name in type(item).fields if name != "span"]
            waiting.extend(reversed(fields))
        elif isinstance(item, tuple) and not isinstance(item, Record):
            waiting.extend(reversed(item))


def names_used_in(expression: tree.Expression) -> frozenset[str]:
    """The names that an expression may look up, `it` and the words of the catalogue among them."""
    found = _used.get(expression)
    if found is None:
        found = frozenset(
            node.name for node in nodes_in(expression) if isinstance(node, tree.Name)
        )
        _used[expression] = found
    return found


def names_bound_in(body: object) -> dict[str, tree.Name]:
    """The names that a body binds by `as`, `=`, `let`, `shared`, `input` or `for`, first places."""
    bound: dict[str, tree.Name] = {}
    for node in nodes_in(body):
        for name in _binds(node):
            bound.setdefault(name.name, name)
    return bound


def _binds(node: tree.TreeNode) -> list[tree.Name]:
    from netdsl.elaborate.scope import bound_names

    if isinstance(node, tree.Step):
        return [node.name] if node.name is not None else []
    if isinstance(node, tree.Side | tree.SharedLayer | tree.Input | tree.Parameter):
        return [node.name]
    if isinstance(node, tree.Let | tree.For | tree.Comprehension):
        return bound_names(node.pattern)
    return []
