"""Every code that the package gives is explained, and every code explained is given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from netdsl.diagnostics.codes import CODES, known
from tests.conftest import REPOSITORY

Trees = list[ast.Module]


def package() -> Trees:
    """The syntax trees of every module of netdsl."""
    files = (REPOSITORY / "netdsl").rglob("*.py")
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]


def takers(trees: Trees) -> dict[str, int]:
    """What takes a `code`, by name: functions, and records with such a field; with its position."""
    found: dict[str, int] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            names = made_with(node)
        else:
            continue
        if "code" in names and node.name != "__init__":
            found[node.name] = names.index("code")
    return found | {name: found[base] for name, base in subclasses(trees) if base in found}


def subclasses(trees: Trees) -> list[tuple[str, str]]:
    """Each class with a base of it, by name."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return [(node.name, base.id) for node in classes for base in node.bases
            if isinstance(base, ast.Name)]  # fmt: skip


def made_with(node: ast.ClassDef) -> list[str]:
    """What a class is called with: the arguments of its `__init__`, else the fields of a record."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return [argument.arg for argument in item.args.args[1:]]
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    return [item.target.id for item in fields if isinstance(item.target, ast.Name)]


def given(trees: Trees) -> Iterator[str]:
    """The codes that are given literally, by name or by position."""
    positions = takers(trees)
    for node in (node for tree in trees for node in ast.walk(tree)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        position = positions.get(name)
        values = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if position is not None and position < len(node.args):
            values.append(node.args[position])
        yield from constants(values)


def constants(values: Iterable[ast.expr]) -> Iterator[str]:
    """The strings among expressions, also those of a conditional."""
    for value in values:
        for part in ast.walk(value) if isinstance(value, ast.IfExp) else [value]:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def test_every_code_given_is_explained() -> None:
    assert set(given(package())) - set(CODES) == set()


def test_every_code_explained_is_written_somewhere() -> None:
    written = {
        node.value
        for file in (REPOSITORY / "netdsl").rglob("*.py")
        if file.name != "codes.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(CODES) - written == set()


@pytest.mark.parametrize(
    "text",
    [
        'self.add(code="lost")',
        'class Told(Exception):\n    def __init__(self, code): ...\nTold("lost")',
        "class Told(Exception):\n    def __init__(self, code): ...\n"
        'class Broken(Told):\n    """More."""\nBroken("lost")',
        'class Diagnostic(Record):\n    code: str\nDiagnostic("lost", "message")',
        'def tell(self, place, code): ...\nself.tell(here, "lost")',
        'def tell(code): ...\ntell("lost" if late else "syntax")',
    ],
)
def test_the_search_finds_a_code_however_it_is_given(text: str) -> None:
    assert "lost" in set(given([ast.parse(text)]))


def test_codes_are_words_with_hyphens_and_meanings_single_lines() -> None:
    for code, meaning in CODES.items():
        assert code == code.lower() and code.replace("-", "").isalpha()
        assert meaning and "\n" not in meaning and not meaning.endswith(".")


def test_an_unknown_code_is_a_failure_of_ours() -> None:
    assert known("syntax") == "syntax"
    with pytest.raises(AssertionError, match="lost is missing"):
        known("lost")
