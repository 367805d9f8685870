"""The pages of the documentation, as the code that a reader could try."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("**/*.md"))]

_OPENED = re.compile(r"^( *)(`{3,})(.*)$")
# What stands above a fence: the name of its file, or a comment that says how it is to be tried.
_NAMED = re.compile(r"^`([^`\s]+)`:$")
_MARK = re.compile(r"^<!-- (\w+): (.+) -->$")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Fence:
    """Fenced code: its first line in the page, its language, and what is said of it above it."""

    line: int
    language: str
    text: str
    name: str = ""
    mark: tuple[str, str] = ("", "")


def fences(page: Path) -> list[Fence]:
    """The fences of a page in their order."""
    found = []
    lines = page.read_text(encoding="utf-8").splitlines()
    above: list[str] = []
    at = 0
    while at < len(lines):
        opened = _OPENED.match(lines[at])
        if opened is None:
            above = [*above, lines[at]] if lines[at] else above
            at += 1
            continue
        indent, ticks, language = opened.groups()
        end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == ticks)
        text = "".join(f"{line.removeprefix(indent)}\n" for line in lines[at + 1 : end])
        found.append(Fence(at + 1, language, text, *_said(above[-2:])))
        above, at = [], end + 1
    return found


def _said(above: list[str]) -> tuple[str, tuple[str, str]]:
    """The name and the mark in the lines above a fence."""
    name, mark = "", ("", "")
    for line in above:
        if found := _NAMED.match(line.strip()):
            name = found[1]
        elif found := _MARK.match(line.strip()):
            mark = (found[1], found[2])
    return name, mark


def inline_code(page: Path) -> list[str]:
    """The code within a page's text."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [" ".join(found.split()) for found in _INLINE.findall(text)]


def inline_commands(page: Path) -> list[str]:
    """The commands that a page's text names."""
    return [code for code in inline_code(page) if code.startswith("netdsl ")]


def title(page: Path) -> str:
    """The page by its path, as tests are called."""
    return page.relative_to(REPOSITORY).as_posix()
