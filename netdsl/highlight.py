"""The colours of specs in documentation and on web pages: a lexer for Pygments.

Pygments finds it by its entry point, under the names `net` and `netdsl` and for files `*.net`. Its
words are those of the grammar and of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, default, include, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
    _TokenType,
)

from netdsl.catalog.index import SYMBOLS
from netdsl.wordlists import CALLED, CONSTANTS, INNER, LAYERS, OPERATORS, STARTING, TYPES

_NAME = r"[^\W\d]\w*"


def _any(found: frozenset[str], suffix: str = r"\b") -> words:
    return words(sorted(found), prefix=r"\b", suffix=suffix)


class NetLexer(RegexLexer):  # type: ignore[misc]  # Pygments ships no types
    """Specs of neural nets in the language netdsl."""

    name = "netdsl"
    aliases: ClassVar = ["net", "netdsl"]
    filenames: ClassVar = ["*.net"]

    tokens: ClassVar = {
        "root": [
            (r"\n", Whitespace, "statement"),
            (r"\{", Punctuation, "statement"),
            include("value"),
        ],
        # Where a statement may begin: at the start of a line or of a body.
        "statement": [
            (r"[ \t\r\f]+", Whitespace),
            (
                rf"\b(block|fn|net|phase|train)([ \t]+)({_NAME})",
                bygroups(Keyword.Declaration, Whitespace, Name.Class),
                "#pop",
            ),
            (
                rf"\b(input)([ \t]+)({_NAME})([ \t]*)(:)",
                bygroups(Keyword, Whitespace, Name.Variable, Whitespace, Punctuation),
                ("#pop", "shape"),
            ),
            (
                rf"\b(let|shared)([ \t]+)({_NAME})",
                bygroups(Keyword.Declaration, Whitespace, Name.Variable),
                "#pop",
            ),
            (rf"{_NAME}(?=[ \t]*=(?!=))", Name.Variable, "#pop"),
            (_any(STARTING), Keyword, "#pop"),
            default("#pop"),
        ],
        "shape": [
            (r"[ \t]+", Whitespace),
            (r"x(?=[\d?(]|\b)", Operator),
            (r"\?", Punctuation),
            (r"\d[\d_]*", Number.Integer),
            (r"\(", Punctuation, "parenthesised"),
            (r"of\b", Keyword),
            (r"(int|float)\b", Keyword.Type),
            (_NAME, Name),
            default("#pop"),
        ],
        "parenthesised": [
            (r"\(", Punctuation, "#push"),
            (r"\)", Punctuation, "#pop"),
            include("value"),
        ],
        "value": [
            (r"[ \t\r\f]+|\n", Whitespace),
            (r"#.*$", Comment.Single),
            (r'"[^"\n]*"', String.Double),
            (r"\d[\d_]*(\.\d[\d_]*([eE][+-]?\d+)?|[eE][+-]?\d+)", Number.Float),
            (r"\d[\d_]*", Number.Integer),
            (_any(CONSTANTS), Keyword.Constant),
            (_any(OPERATORS), Operator.Word),
            (_any(INNER), Keyword),
            # Behind the net that it is about.
            (r"\bexpect(?=[ \t]+\w+[ \t]*=)", Keyword),
            (rf"{_NAME}(?=[ \t]*=(?!=))", Name.Attribute),
            (rf"(\.)({_NAME})", bygroups(Punctuation, Name.Attribute)),
            (r"\bit\b", Name.Builtin.Pseudo),
            (_any(LAYERS), Name.Builtin),
            (_any(CALLED, r"(?=\()"), Name.Builtin),
            (_any(SYMBOLS), Name.Constant),
            (_any(CALLED), Name.Builtin),
            (_any(TYPES), Keyword.Type),
            (_NAME, Name),
            (r"->|\*\*|//|[=!<>]=|[-+*/%<>=]", Operator),
            (r"[(){}\[\],:?]", Punctuation),
        ],
    }

    def get_tokens_unprocessed(
        self, text: str, stack: Iterable[str] = ("root", "statement")
    ) -> Iterator[tuple[int, _TokenType, str]]:
        """The tokens of a text, which begins with a statement."""
        yield from super().get_tokens_unprocessed(text, tuple(stack))
