"""Specs that the tests of the server read, and what `netdsl check` tells of one."""

from __future__ import annotations

from pathlib import Path

from netdsl.cli.check import Check
from netdsl.diagnostics import Diagnostic, SpecError, UserError
from netdsl.elaborate.limits import Limits
from netdsl.lsp.document import Document
from tests.conftest import REPOSITORY

RIGHT = sorted(
    path
    for folder in ("specs", "specs/std", "examples")
    for path in (REPOSITORY / folder).glob("*.net")
)
WRONG = sorted((REPOSITORY / "tests" / "diagnostics" / "wrong").glob("*.net"))

# A diagnostic as it is compared: code, severity, message, line and column where it begins.
Told = tuple[str, str, str, int, int]


def document(path: Path, text: str | None = None) -> Document:
    """A spec as an editor opens it."""
    shown = path.read_text(encoding="utf-8-sig") if text is None else text
    return Document(str(path), shown, str(path.parent), lambda _: None)


def told(opened: Document) -> set[Told]:
    """What is told of an open spec, but for other files."""
    return {
        _told(each, *_position(opened, place[0]))
        for each in opened.checked().diagnostics
        if (place := opened.place(each.label.span)) is not None
    }


def _position(opened: Document, offset: int) -> tuple[int, int]:
    before = opened.text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def _told(found: Diagnostic, line: int, column: int) -> Told:
    return found.code, found.severity, found.message, line, column


def told_by_check(path: Path) -> set[Told]:
    """What `netdsl check` tells of a file, but for other files."""
    check = Check(str(path), {}, {}, Limits(), None)
    try:
        check.run(None, 1)
        found = check.diagnostics
    except SpecError as error:
        found = error.diagnostics
    except UserError:
        found = check.diagnostics
    return {
        _told(each, each.label.span.line, each.label.span.column)
        for each in found
        if each.label.span.source.name == str(path)
    }
