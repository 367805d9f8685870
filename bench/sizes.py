"""How long each bundled net's definition is beside that of the library it is held against.

A definition is the net and all that it needs of the files that define nets: here blocks, functions,
imports and defaults, there functions, classes and tables of torchvision or of Keras Applications,
as their installed sources have them. Layers themselves count on neither side. Lines are those with
something on them; comments and docstrings count for nothing.

Left out of ours: `expect` and `train`. Left out of theirs, since it says nothing of the net:
decorators; pretrained weights, their sources and their download; checks of arguments, which end in
an exception or a warning and nothing else; logging; an input or its shape that the caller brings.

`python bench/sizes.py --write` writes docs/sizes.md.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import NamedTuple

import netdsl
from netdsl.elaborate.scope import Scope
from netdsl.record import Record
from netdsl.resources import specs_folder
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.zoo import bundled_nets

TOKEN = re.compile(r'[A-Za-z_]\w*|\d[\d_.]*|"[^"]*"|->|\*\*|//|[=!<>]=|\S')
TABLE = Path(__file__).resolve().parent.parent / "docs" / "sizes.md"


class Size(NamedTuple):
    """Lines with something on them, and tokens."""

    lines: int
    tokens: int


def size(text: str) -> Size:
    """The size of a text that has no comments."""
    return Size(sum(1 for line in text.splitlines() if line.strip()), len(TOKEN.findall(text)))


# Ours.


def inside(node: object) -> Iterator[tree.TreeNode]:
    """A node of a spec's tree and every node in it."""
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


@cache
def scope_of(file: str) -> Scope:
    """The items of a bundled file."""
    return netdsl.read(str(Path(specs_folder()) / file)).scope


def definition(place: str) -> str:
    """The text of the net at `file.net:Net` and of all that it needs."""
    file, _, name = place.partition(":")
    scope = scope_of(file)
    lines: list[str] = []
    for node in needed(scope, scope.items[name]):
        promised = [part.span for part in inside(node) if isinstance(part, tree.Expect)]
        for line in without(node.span, promised).splitlines():
            code = line.partition("#")[0].rstrip()
            lines += [code] if code.strip() else []
    return "\n".join(lines)


# Theirs.

# The packages whose files define nets, by library.
PACKAGES = {"torchvision": "torchvision", "keras": "keras.src.applications"}
MODELS = {"torchvision": "torchvision.models", "keras": "keras.src.applications"}
# Functions and classes that say nothing of a net, by a part of their names.
BESIDE = re.compile(
    "Weights|_META|_CATEGORIES|_log_api_usage_once|_ovewrite_named_param"
    "|obtain_input_shape|validate_activation"
)
# Names in the condition of a branch that says nothing of a net.
BROUGHT = {"weights", "input_tensor", "input_shape"}

Item = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


class Module:
    """A file of a library: its items, and where the names that it imports come from."""

    def __init__(self, name: str) -> None:
        path, parent = _file(name)
        text = path.read_text("utf-8")
        self.lines = [line.rstrip() for line in _uncommented(text).splitlines()]
        self.items: dict[str, Item] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom):
                origin = resolve_name("." * node.level + (node.module or ""), parent)
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = (origin, alias.name)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.items[node.name] = node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.items[node.targets[0].id] = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.items[node.target.id] = node


module = cache(Module)


def _folder(package: str) -> Path:
    """The folder of a package inside a library, found without importing the library."""
    library, *parts = package.split(".")
    found = find_spec(library)
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]).joinpath(*parts)


def _file(name: str) -> tuple[Path, str]:
    """The file of a module or package, and the package that its relative imports start from."""
    folder = _folder(name)
    if folder.is_dir():
        return folder / "__init__.py", name
    return folder.with_suffix(".py"), name.rpartition(".")[0]


def _uncommented(text: str) -> str:
    """Source without its comments, every line where it was."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(lines)


def _names(node: ast.AST) -> set[str]:
    """The names that are used in a piece of source; `module.name` is one of them."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found | {
        f"{part.value.id}.{part.attr}"
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name)
    }


def _is_beside(node: ast.stmt) -> bool:
    """Whether a statement says nothing of the net."""
    match node:
        case ast.Expr(ast.Constant(str())):
            return True
        case ast.If(test, body, []) if all(_refuses(part) for part in body):
            return True
        case ast.If(test):
            return bool(_names(test) & BROUGHT)
        case ast.Expr() | ast.Assign():
            return any(BESIDE.search(name) for name in _names(node))
        case _:
            return False


def _refuses(node: ast.stmt) -> bool:
    """Whether a statement raises or warns."""
    return isinstance(node, ast.Raise) or "warnings.warn" in _names(node)


def _kept(node: ast.stmt) -> tuple[set[int], set[str]]:
    """The lines of a statement that count, and the names that are used in these."""
    if _is_beside(node):
        return set(), set()
    inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)]
    if not inner:
        return _rows(node), _names(node)
    lines, names = _rows(node), set[str]()
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.stmt):
            rows, used = _kept(part)
            lines = lines - _rows(part) | rows
            names |= used
        elif part not in getattr(node, "decorator_list", []):
            names |= _names(part)
    return lines, names


def _rows(node: ast.stmt) -> set[int]:
    """The lines that a statement takes, without decorators."""
    assert node.end_lineno is not None
    return set(range(node.lineno, node.end_lineno + 1))


def their_definition(library: str, key: str) -> str | None:
    """The text of a model's definition in its library's source; None where it has none."""
    start = _home(library, key)
    if start is None:
        return None
    found: dict[tuple[str, str], str] = {}
    open_items = [(start, key)]
    while open_items:
        place, name = open_items.pop()
        own = module(place)
        rows, names = _kept(own.items[name])
        found[place, name] = "\n".join(own.lines[row - 1] for row in sorted(rows))
        for used in sorted(names):
            item = _origin(own, place, used, PACKAGES[library])
            if item is not None and item not in found and item not in open_items:
                open_items.append(item)
    return "\n".join(found.values())


def _home(library: str, key: str) -> str | None:
    """The module that defines a model."""
    for path in sorted(_folder(MODELS[library]).glob("*.py")):
        if re.search(rf"^def {key}\(", path.read_text("utf-8"), re.MULTILINE):
            return f"{MODELS[library]}.{path.stem}"
    return None


def _origin(own: Module, place: str, used: str, package: str) -> tuple[str, str] | None:
    """The module and name of an item that is used; None where it is none of the package's."""
    if BESIDE.search(used):
        return None
    first, _, rest = used.partition(".")
    if first in own.items:
        return place, first
    origin, name = own.imports.get(first, ("", ""))
    if not f"{origin}.".startswith(f"{package}."):
        return None
    if rest and name not in module(origin).items:
        return (f"{origin}.{name}", rest) if rest in module(f"{origin}.{name}").items else None
    return (origin, name) if name in module(origin).items else None


# The table.

_HEAD = """\
# How long definitions are

The net with all the blocks, functions and defaults that it needs, beside the functions, classes and
tables of its library to which the names in its constructor lead: {versions}.
Comments, docstrings and blank lines do not count; on our side neither do `expect` and `train`, on
theirs pretrained weights, checks of arguments, logging, and inputs that the caller brings.
`bench/sizes.py` says it exactly; `python bench/sizes.py --write` writes this file. Keras 3 does not
define ResNeXt.

A token is a match of `{token}`.

| net | lines | theirs | tokens | theirs |
|---|--:|--:|--:|--:|
"""


class Row(NamedTuple):
    """A net's name, the size of our definition, and of theirs."""

    name: str
    ours: Size
    theirs: Size

    @property
    def is_as_short(self) -> bool:
        """Whether ours is longer in nothing."""
        return self.ours.lines <= self.theirs.lines and self.ours.tokens <= self.theirs.tokens


def rows() -> list[Row]:
    """A row for each bundled name of a library that defines it."""
    found: list[Row] = []
    for name, entry in sorted(bundled_nets().items()):
        library, slash, key = name.partition("/")
        theirs = their_definition(library, key.partition("_alpha")[0]) if slash else None
        if theirs is not None:
            found.append(Row(name, size(definition(entry.net)), size(theirs)))
    return found


def render(table: list[Row]) -> str:
    """The text of docs/sizes.md."""
    versions = f"torchvision {version('torchvision')} and Keras {version('keras')}"
    lines = [
        f"| `{name}` | {ours.lines} | {theirs.lines} | {ours.tokens:,} | {theirs.tokens:,} |\n"
        for name, ours, theirs in table
    ]
    return _HEAD.format(versions=versions, token=TOKEN.pattern) + "".join(lines)


def main() -> int:
    """Prints or writes the table; 1 where a spec is longer."""
    table = rows()
    text = render(table)
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text, "utf-8")
    else:
        print(text, end="")
    return int(not all(row.is_as_short for row in table))


if __name__ == "__main__":
    del sys.path[0]  # where bench/keras.py would hide the library
    sys.exit(main())
