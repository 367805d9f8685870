"""What can be said of a body without elaborating it: which names it uses and which it binds."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.elaborate.scope import bound_names
from netdsl.record import Record
from netdsl.syntax import tree

# Fields that name or bind something; what stands in all others is used.
_NAMING = frozenset(("name", "pattern", "number", "names", "words"))


class Survey(Record):
    """What one walk over a piece of the tree finds, each in order of writing."""

    uses: tuple[tree.Name, ...]
    bound: dict[str, tree.Name]
    statements: tuple[tree.TreeNode, ...]
    calls: tuple[tree.Call, ...]


def survey(node: tree.TreeNode) -> Survey:
    """The survey of a node, made once and kept with its source."""
    remembered = node.span.source.remembered
    found = remembered.get(node)
    if found is None:
        found = remembered[node] = _survey(node)
    assert isinstance(found, Survey)
    return found


def _survey(node: tree.TreeNode) -> Survey:
    uses: list[tree.Name] = []
    bound: dict[str, tree.Name] = {}
    statements: list[tree.TreeNode] = []
    calls: list[tree.Call] = []
    for item, used in _walk(node):
        kind = type(item)
        if kind is tree.Name:
            if used:
                uses.append(item)  # type: ignore[arg-type]
        elif kind is tree.Call:
            calls.append(item)  # type: ignore[arg-type]
        elif kind in _BINDING:
            for name in _binds(item):
                bound.setdefault(name.name, name)
            if kind is not tree.Step:
                statements.append(item)
        elif kind in _NOTED:
            statements.append(item)
    return Survey(tuple(uses), bound, tuple(statements), tuple(calls))


_BINDING = frozenset(
    (tree.Step, tree.Side, tree.SharedLayer, tree.Input, tree.Parameter, tree.Let, tree.For,
     tree.Comprehension)
)  # fmt: skip
_NOTED = frozenset((tree.Default, tree.OutputStatement, tree.Auxiliary, tree.Expect))


def _walk(node: tree.TreeNode) -> Iterator[tuple[tree.TreeNode, bool]]:
    """Every node below and with a node, in order of writing, and whether it is used."""
    waiting: list[tuple[object, bool]] = [(node, True)]
    while waiting:
        item, used = waiting.pop()
        if isinstance(item, tree.TreeNode):
            yield item, used
            for name in _children(type(item)):
                waiting.append((getattr(item, name), used and name not in _NAMING))
        elif isinstance(item, tuple):
            waiting.extend([(part, used) for part in reversed(item)])


def _children(kind: type[tree.TreeNode]) -> tuple[str, ...]:
    """The fields of a node that hold nodes, last first: they are put on a stack."""
    found = _fields.get(kind)
    if found is None:
        plain = ("span", "doc", "operator", "brackets", "tensor")
        names = [name for name in kind.fields if name not in plain]
        if kind is tree.Name or kind is tree.Literal:
            names = []
        found = _fields[kind] = tuple(reversed(names))
    return found


_fields: dict[type[tree.TreeNode], tuple[str, ...]] = {}


def nodes_in(node: tree.TreeNode) -> Iterator[tree.TreeNode]:
    """Every node below and with a node, in order of writing."""
    return (item for item, _ in _walk(node))


def words_in(node: tree.TreeNode) -> frozenset[str]:
    """Every name in a piece of the tree, those behind a dot and of arguments too."""
    return frozenset(item.name for item in nodes_in(node) if isinstance(item, tree.Name))


def names_used_in(expression: tree.Expression) -> frozenset[str]:
    """The names that an expression may look up, `it` and the words of the catalogue among them."""
    return frozenset([name.name for name in survey(expression).uses])


def _binds(node: tree.TreeNode) -> list[tree.Name]:
    if isinstance(node, tree.Step):
        return [node.name] if node.name is not None else []
    if isinstance(node, tree.Side | tree.SharedLayer | tree.Input | tree.Parameter):
        return [node.name]
    assert isinstance(node, tree.Let | tree.For | tree.Comprehension)
    return bound_names(node.pattern)
