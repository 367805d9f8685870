"""Specs as the parser reads them, against which editors' colours are held."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lark import Token

from netdsl.source import Source
from netdsl.syntax.parse import read_tokens
from tests.conftest import REPOSITORY

SPECS = [
    path
    for folder in ("examples", "specs")
    for pattern in ("*.net", "*/*.net")  # further down are runs that somebody trained
    for path in sorted((REPOSITORY / folder).glob(pattern))
]
# What else can be written.
EVERYTHING = REPOSITORY / "tests" / "editors" / "everything.net"


def tokens(path: Path) -> list[Token]:
    """The tokens of a spec that have a colour: its words, numbers and texts."""
    found, mistakes = read_tokens(Source(str(path), path.read_text(encoding="utf-8")))
    assert mistakes == []
    return [token for token in found if token.type in _OTHERS or token.isalpha()]


_OTHERS = ("INT", "FLOAT", "STRING", "X", "NAME")


def miscoloured(
    path: Path, colour: Callable[[Token], str], wanted: Mapping[str, re.Pattern[str]]
) -> Iterator[str]:
    """The tokens of a spec whose colour is none of those of their kind, in words."""
    for token in tokens(path):
        kind = token.type if token.type in _OTHERS and str(token) != "int" else "keyword"
        found = colour(token)
        if not wanted[kind].match(found):
            yield f"{path.name}:{token.line}: {token} is {found!r}"
