"""Every name that is written in an item, and what kind of place it stands at.

What it means depends on other items too: `names` finds that out when somebody asks.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from netdsl.elaborate.scope import bound_names
from netdsl.record import Record
from netdsl.syntax import tree

# bind: gives a name to something; use: means something; call: means what is called; argument: of
# the call or default of `owner`; member: of what `owner` is worth; import: of another file; item:
# names the item; word: of an `expect`, a setting or a kind of numbers.
Role: TypeAlias = Literal["bind", "use", "call", "argument", "member", "import", "item", "word"]


class Occurrence(Record):
    """A name at its place; `owner` is what an argument or member belongs to."""

    name: tree.Name
    role: Role
    owner: tree.Expression | None = None


def occurrences(item: tree.Item) -> tuple[Occurrence, ...]:
    """The names in an item in the order of the text, found once and kept with its source."""
    remembered = item.span.source.remembered
    found = remembered.get(("occurrences", item))
    if found is None:
        ordered = sorted(_found(item), key=lambda occurrence: occurrence.name.span.start)
        found = remembered["occurrences", item] = tuple(ordered)
    assert isinstance(found, tuple)
    return found


def _found(item: tree.Item) -> list[Occurrence]:
    found: list[Occurrence] = []
    waiting: list[object] = [item]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        elif isinstance(node, tree.Name):
            found.append(Occurrence(node, "use"))
        elif isinstance(node, tree.TreeNode):
            own, children = _own(node)
            found.extend(own)
            waiting.extend(children)
    return found


def _own(node: tree.TreeNode) -> tuple[list[Occurrence], list[object]]:
    """The names that stand at a particular place of a node, and its other parts."""
    match node:
        case tree.Argument() | tree.Literal():
            # An argument's name is found with the call.
            return [], [node.value] if isinstance(node, tree.Argument) else []
        case tree.Call():
            called = isinstance(node.callee, tree.Name)
            own = [Occurrence(node.callee, "call")] if isinstance(node.callee, tree.Name) else []
            own += _arguments(node.arguments, node.callee)
            return own, [node.arguments, *([] if called else [node.callee])]
        case tree.Default():
            own = [Occurrence(word, "call") for word in node.words]
            own += _arguments(node.arguments, node.words[0])
            return own, [node.arguments]
        case tree.Member():
            return [Occurrence(node.name, "member", node.value)], [node.value]
        case tree.Step() | tree.Side() | tree.SharedLayer() | tree.Parameter():
            value = node.default if isinstance(node, tree.Parameter) else node.value
            return [] if node.name is None else [Occurrence(node.name, "bind")], [value]
        case tree.Input():
            own = [Occurrence(node.name, "bind")]
            own += [Occurrence(node.number, "word")] if node.number is not None else []
            return own, [node.dimensions, node.steps]
        case tree.Let() | tree.For() | tree.Comprehension():
            own = [Occurrence(name, "bind") for name in bound_names(node.pattern)]
            return own, [getattr(node, field) for field in type(node).fields if field != "pattern"]
        case tree.Import():
            names = [part for each in node.names for part in (each.name, each.alias)]
            return [Occurrence(name, "import") for name in names], []
        case tree.Block() | tree.Net() | tree.Function():
            rest = [getattr(node, field) for field in type(node).fields if field != "name"]
            return [Occurrence(node.name, "item")], rest
        case tree.Promise() | tree.Setting():
            return [Occurrence(node.name, "word")], [node.value]
        case tree.Train() | tree.Phase():
            return [], [node.settings]
        case _:
            return [], [getattr(node, field) for field in type(node).fields]


def _arguments(given: tuple[tree.Argument, ...], owner: tree.Expression) -> list[Occurrence]:
    return [
        Occurrence(argument.name, "argument", owner)
        for argument in given
        if argument.name is not None
    ]
