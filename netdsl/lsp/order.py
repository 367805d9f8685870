"""From where to where in an item a name is its own: names are bound in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from netdsl.elaborate.scope import bound_names
from netdsl.elaborate.static import nodes_in
from netdsl.syntax import tree

_Stretch: TypeAlias = tuple[int, int]


def is_bound(item: tree.Item, word: str, offset: int) -> bool:
    """Whether an item has bound a word where an offset of its source is."""
    return any(start <= offset < end for start, end in _stretches(item).get(word, ()))


def _stretches(item: tree.Item) -> Mapping[str, list[_Stretch]]:
    """Of each name that an item binds where it holds, found once and kept with its source."""
    remembered = item.span.source.remembered
    found = remembered.get(("bound", item))
    if found is None:
        found = remembered["bound", item] = _found(item)
    assert isinstance(found, dict)
    return found


def _found(item: tree.Item) -> dict[str, list[_Stretch]]:
    found: dict[str, list[_Stretch]] = {}
    for node in nodes_in(item):
        for name, stretch in _binds(node, item.span.end):
            found.setdefault(name.name, []).append(stretch)
    return found


def _binds(node: tree.TreeNode, end: int) -> Iterator[tuple[tree.Name, _Stretch]]:
    """The names that a node binds: most from its end on, to that of the item."""
    match node:
        case tree.Step() | tree.Input():
            if node.name is not None:
                yield node.name, (node.name.span.end, end)
        case tree.Side() | tree.SharedLayer() | tree.Parameter():
            yield node.name, (node.span.end, end)
        case tree.Let():
            yield from ((name, (node.span.end, end)) for name in bound_names(node.pattern))
        case tree.For():
            yield from ((name, (node.iterable.span.end, end)) for name in bound_names(node.pattern))
        case tree.Comprehension():
            for name in bound_names(node.pattern):
                yield name, (node.span.start, node.iterable.span.start)
                yield name, (node.iterable.span.end, node.span.end)
