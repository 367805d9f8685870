"""How short a definition is: the net and the blocks it needs, counted as REFERENCE.md counts.

The numbers for other frameworks there are of the same nets. Imports, functions and defaults count;
comments, blank lines, `expect` and `train` do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from netdsl.elaborate.scope import Scope
from netdsl.record import Record
from netdsl.source import Span
from netdsl.syntax import tree
from tests.specs.bundled import spec

TOKEN = re.compile(r'[A-Za-z_]\w*|\d[\d_.]*|"[^"]*"|->|\*\*|//|[=!<>]=|\S')

# Lines and tokens at most.
LIMITS = {
    "googlenet.net:GoogLeNet": (40, 450),
    "resnet.net:ResNet50": (30, 300),
    "resnet_keras.net:ResNet50": (30, 300),
    "vgg.net:VGG16": (20, 150),
}


def inside(node: object) -> Iterator[tree.TreeNode]:
    """A node of the tree and every node in it."""
    if isinstance(node, tuple):
        for item in node:
            yield from inside(item)
    elif isinstance(node, tree.TreeNode):
        yield node
        yield from inside(node.field_values())
    elif isinstance(node, Record):
        yield from inside(node.field_values())


def needed(scope: Scope, start: tree.TreeNode) -> list[tree.TreeNode]:
    """What a net needs: itself, the items that it names, their imports and files' defaults."""
    found: dict[tree.TreeNode, Scope] = {start: scope}
    open_nodes = [start, *scope.defaults]
    found.update(dict.fromkeys(scope.defaults, scope))
    while open_nodes:
        node = open_nodes.pop()
        own = found[node]
        for name in {part.name for part in inside(node) if isinstance(part, tree.Name)}:
            wanted: list[tuple[tree.TreeNode, Scope]] = []
            if name in own.imports:
                item = own.find(name)
                assert item is not None
                wanted = [(own.imports[name][0], own), item]
                wanted += [(default, item[1]) for default in item[1].defaults]
            elif name in own.items:
                wanted = [(own.items[name], own)]
            for part, its in wanted:
                if part not in found:
                    found[part] = its
                    if not isinstance(part, tree.Import):
                        open_nodes.append(part)
    return list(found)


def without(span: Span, parts: list[Span]) -> str:
    """The text of a span without the parts of it."""
    text = span.source.text
    pieces, start = [], span.start
    for part in sorted(parts, key=lambda part: part.start):
        pieces.append(text[start : part.start])
        start = part.end
    return "".join([*pieces, text[start : span.end]])


def definition(place: str) -> str:
    """The text of a net and of all that it needs, without comments, blank lines and `expect`."""
    file, _, name = place.partition(":")
    scope = spec(file).scope
    lines: list[str] = []
    for node in needed(scope, scope.items[name]):
        promised = [part.span for part in inside(node) if isinstance(part, tree.Expect)]
        for line in without(node.span, promised).splitlines():
            code = line.partition("#")[0].rstrip()
            lines += [code] if code.strip() else []
    return "\n".join(lines)


def test_tokens_are_counted_as_the_reference_says() -> None:
    assert TOKEN.findall('b(1_000, "x y")') == ["b", "(", "1_000", ",", '"x y"', ")"]
    assert TOKEN.findall("a->b**2//3>=4.5") == ["a", "->", "b", "**", "2", "//", "3", ">=", "4.5"]


def test_a_definition_has_what_the_net_needs_and_nothing_else() -> None:
    assert definition("nin.net:NiN100").splitlines()[0] == "net NiN100 = NiN(classes=100)"
    text = definition("resnet.net:ResNet50")
    assert "block bottleneck(" in text
    assert "from std import bottleneck" in text
    assert "expect" not in text
    assert "#" not in text
    assert "ResNet101" not in text


@pytest.mark.parametrize("place", LIMITS)
def test_a_definition_is_short(place: str) -> None:
    text = definition(place)
    lines, tokens = LIMITS[place]
    assert len(text.splitlines()) <= lines
    assert len(TOKEN.findall(text)) <= tokens
