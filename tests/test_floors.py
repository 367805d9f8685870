"""The order of the rooms: a floor of the package imports only its own and those below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# From the ground up. What stands in the package without a room of its own is on the last floor
# too: it is the face of the whole (`netdsl.load`) or a tool over all of it.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"record", "source", "diagnostics", "tensor", "resources", "extras", "plugins"}),
    frozenset({"syntax", "catalog"}),
    frozenset({"graph", "format"}),
    frozenset({"elaborate"}),
    frozenset({"analyze", "draw", "backends", "data", "weights"}),
    frozenset({"training"}),
    frozenset({"parity", "runs", "report"}),
    frozenset({"api", "checking", "collection", "zoo"}),
    frozenset({"cli", "lsp", "", "notebook", "__main__"})
    | frozenset({"editors", "generate", "highlight", "wordlists"}),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def room(module: str) -> str:
    """The room of a module: the part of its name after `netdsl`."""
    return module.split(".")[1] if "." in module else ""


def imports(text: str, package: str) -> Iterator[str]:
    """The modules of netdsl that a text imports, at its top or anywhere inside."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                parents = package.split(".")[: -(node.level - 1) or None]
                names = [".".join([*parents, node.module or ""]).rstrip(".")]
            elif node.module == "netdsl":
                # What is imported from the package itself is a room, or a name of its face.
                rooms = [alias.name for alias in node.names]
                names = [f"netdsl.{name}" if name in FLOOR_OF else "netdsl" for name in rooms]
            else:
                names = [node.module or ""]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] == "netdsl")


def breaches(text: str, module: str, package: str) -> list[str]:
    """The imports of a module that go up, as sentences."""
    here = FLOOR_OF[room(module)]
    return [
        f"{module} imports {name}, which is above it"
        for name in imports(text, package)
        if FLOOR_OF[room(name)] > here
    ]


def module_name(file: Path) -> str:
    """The name by which a file of the package is imported."""
    parts = file.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = sorted((REPOSITORY / "netdsl").rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_no_module_imports_from_above(file: Path) -> None:
    module = module_name(file)
    assert room(module) in FLOOR_OF, f"{module} stands on no floor: give it one in FLOORS"
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    assert breaches(file.read_text(encoding="utf-8"), module, package) == []


@pytest.mark.parametrize(
    "text",
    [
        "import netdsl.cli.main",
        "from netdsl.elaborate.calls import elaborate",
        "from netdsl import training",
        "from netdsl import load",
        "from ..graph import Graph",
        "from ... import cli",
        "def late():\n    from netdsl.backends.torch import emit",
    ],
)
def test_an_import_from_above_is_seen(text: str) -> None:
    assert breaches(text, "netdsl.catalog.layers.conv", "netdsl.catalog.layers") or breaches(
        text, "netdsl.catalog.base", "netdsl.catalog"
    )


@pytest.mark.parametrize(
    "text",
    [
        "import netdsl.source",
        "from netdsl.syntax import tree",
        "from netdsl import tensor",
        "from .arguments import Entry",
        "import torch",
    ],
)
def test_an_import_from_below_is_fine(text: str) -> None:
    assert breaches(text, "netdsl.catalog.base", "netdsl.catalog") == []
