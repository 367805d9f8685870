"""Mistakes of syntax in words: what stood there, what could have, and the likely slip."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netdsl.diagnostics import Help
from netdsl.source import Span

_CURLY = {
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": '"',
    "’": '"',
    "→": "->",
    "×": " x ",
    "–": "-",
    "−": "-",
}

_SPOKEN = {
    "NAME": "a name",
    "INT": "a number",
    "FLOAT": "a number",
    "STRING": "a string",
    "_NL": "a new line",
    "$END": "the end of the file",
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "EQUAL": "=",
    "COLON": ":",
}
# What may follow almost anything says nothing about what was forgotten.
_TELLING = (
    "RPAR", "RSQB", "COMMA", "EQUAL", "COLON", "NAME", "LBRACE", "RBRACE", "LPAR", "STRING", "_NL"
)  # fmt: skip


def expected(accepts: Iterable[str]) -> str:
    """The telling ones among the terminals that could have stood there, in words."""
    possible = set(accepts)
    named = [_SPOKEN[terminal] for terminal in _TELLING if terminal in possible]
    return " or ".join(named[:3])


def explain_token(
    text: str, terminal: str, accepts: Iterable[str], span: Span
) -> tuple[str, str, tuple[Help, ...]]:
    """Message, label and help for a token that cannot stand where it does."""
    what = "the end of the line" if terminal == "_NL" else f"`{text}`"
    accepted = set(accepts)
    help: tuple[Help, ...] = ()
    if text == "=" and "COLON" in accepted:
        help = (Help("a colon stands here", span, ":"),)
    elif text == ":" and "EQUAL" in accepted:
        help = (Help("an argument is given with =", span, "="),)
    elif text == "=" and "PLUS" in accepted:
        help = (Help("a comparison is written ==", span, "=="),)
    elif text in ("int", "float") and "OF" in accepted:
        help = (Help(f"the kind of numbers is written of {text}", span, f"of {text}"),)
    elif text == "," and "_NL" in accepted:
        help = (_instead_of_comma(span),)
    wanted = expected(accepted)
    return f"{what} cannot stand here", f"expected {wanted}" if wanted else "", help


def _instead_of_comma(span: Span) -> Help:
    """What parts two steps, or two settings."""
    if re.match(r"\s*\w+\s*[=:](?!=)", span.source.text[span.end :]):
        return Help("what follows stands on a line of its own")
    return Help("steps are joined with ->", span, " ->")


def explain_character(character: str, span: Span) -> tuple[str, tuple[Help, ...]]:
    """Message and help for a character that begins nothing."""
    if character in _CURLY:
        plain = _CURLY[character]
        return f"{character} is not known here", (Help(f"write {plain.strip()}", span, plain),)
    if character == '"':
        return "a string has no end", (Help('close it with " on the same line'),)
    if character == "'":
        return "' is not known here", (Help('strings stand in "double quotes"'),)
    if character == ";":
        return "; is not known here", (Help("a new line or -> ends a step", span, "\n"),)
    shown = character if character.isprintable() else f"the character U+{ord(character):04X}"
    return f"{shown} is not known here", ()
