"""What of a file an item depends on: where none of it changed, the item means what it meant."""

from __future__ import annotations

from typing import TypeAlias

from netdsl.elaborate.scope import Scope
from netdsl.elaborate.static import words_in
from netdsl.record import Record
from netdsl.syntax import tree

Nodes: TypeAlias = "frozenset[tree.TreeNode]"


class Reach(Record):
    """An item with all that it names, directly or not, and what holds for all items.

    Nodes are equal by identity, so two reaches are equal where nothing of them was edited.
    `imports` stands for the imported files, None where the item names nothing of them.
    """

    nodes: Nodes
    everywhere: tuple[tree.TreeNode | Nodes, ...]
    imports: object


def reaches(scope: Scope, imports: object) -> dict[tree.Item, Reach]:
    """The reach of every item of a file."""
    words: dict[tree.TreeNode, frozenset[str]] = {}

    def from_(start: tree.TreeNode) -> Nodes:
        found: set[tree.TreeNode] = set()
        waiting: list[tree.TreeNode] = [start]
        while waiting:
            node = waiting.pop()
            if node in found:
                continue
            found.add(node)
            if node not in words:
                words[node] = _words(node)
            for word in words[node]:
                item = scope.items.get(word)
                if item is not None:
                    waiting.append(item)
                elif word in scope.imports:
                    found.add(scope.imports[word][1])
        return frozenset(found)

    everywhere: list[tree.TreeNode | Nodes] = []
    for statement in scope.defaults:
        everywhere += [statement, from_(statement)]
    held = frozenset().union(*(nodes for nodes in everywhere if isinstance(nodes, frozenset)))
    return {
        item: _reach(from_(item), held, tuple(everywhere), imports) for item in scope.file.items
    }


def _reach(
    nodes: Nodes, held: Nodes, everywhere: tuple[tree.TreeNode | Nodes, ...], imports: object
) -> Reach:
    foreign = any(isinstance(node, tree.ImportedName) for node in nodes | held)
    return Reach(nodes, everywhere, imports if foreign else None)


def _words(node: tree.TreeNode) -> frozenset[str]:
    """The names in a node, found once and kept with its source."""
    remembered = node.span.source.remembered
    found = remembered.get(("words", node))
    if found is None:
        found = remembered["words", node] = words_in(node)
    assert isinstance(found, frozenset)
    return found
