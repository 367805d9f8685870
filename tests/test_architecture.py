"""docs/architecture.md names every file of the package, each in one line, and no other."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
LINE = re.compile(r"^- `(netdsl/[^`]+)`: \S.*$", re.MULTILINE)

# Pages of one form, one for each code, which a test of their own compares with the codes.
PAGES = re.compile(r"(?<=^netdsl/diagnostics/explained/)[a-z-]+\.md$")


def files() -> set[str]:
    """The files of the package with something in them, as paths from the repository's folder."""
    found = (REPOSITORY / "netdsl").rglob("*")
    return {
        PAGES.sub("CODE.md", file.relative_to(REPOSITORY).as_posix())
        for file in found
        if file.is_file() and file.stat().st_size and "__pycache__" not in file.parts
    }


def test_every_file_is_named() -> None:
    assert files() - set(LINE.findall(DOCUMENT)) == set()


def test_no_file_is_named_that_is_not_there() -> None:
    assert set(LINE.findall(DOCUMENT)) - files() == set()


def test_no_file_is_named_twice() -> None:
    named = LINE.findall(DOCUMENT)
    assert len(named) == len(set(named))


def test_lines_are_of_one_form() -> None:
    items = [line for line in DOCUMENT.splitlines() if line.startswith("- `netdsl/")]
    assert [line for line in items if not LINE.match(line)] == []
