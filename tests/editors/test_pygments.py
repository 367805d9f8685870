"""The lexer for Pygments beside the parser: the colours of everything that can be written."""

from __future__ import annotations

import re

from netdsl.highlight import NetLexer
from tests.editors.parsed import EVERYTHING, SPECS, miscoloured

COLOURS = {
    "keyword": re.compile(r"Token\.(Keyword|Operator\.Word)"),
    "INT": re.compile(r"Token\.Literal\.Number\.Integer"),
    "FLOAT": re.compile(r"Token\.Literal\.Number\.Float"),
    "STRING": re.compile(r"Token\.Literal\.String"),
    "X": re.compile(r"Token\.Operator"),
    "NAME": re.compile(r"Token\.(Name|Keyword\.Type)"),  # the type is float
}


def test_colours_are_those_of_the_parsers_tokens() -> None:
    wrong: list[str] = []
    for path in [*SPECS, EVERYTHING]:
        text = path.read_text(encoding="utf-8")
        kinds = {
            start + offset: str(kind)
            for start, kind, word in NetLexer().get_tokens_unprocessed(text)
            for offset in range(len(word))
        }
        wrong += miscoloured(path, lambda token: kinds[token.start_pos], COLOURS)  # noqa: B023
    assert wrong == []
