"""Mistakes of syntax in words: what stood there, what could have, and what was likely meant.

The edits here are likely, not sure: mend.py tries them, in order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from netdsl.diagnostics import Help
from netdsl.record import Record
from netdsl.source import Span

CLOSING = {"(": ")", "[": "]", "{": "}"}

_SPOKEN = {
    "NAME": "a name",
    "INT": "a number",
    "FLOAT": "a number",
    "STRING": "a string",
    "_NL": "a new line",
    "$END": "the end of the file",
    "LBRACE": "{",
    "RBRACE": "}",
    "RPAR": ")",
    "RSQB": "]",
    "COMMA": ",",
    "EQUAL": "=",
    "COLON": ":",
}
# What may follow almost anything says nothing about what was forgotten.
_TELLING = (
    "RPAR", "RSQB", "COMMA", "EQUAL", "COLON", "NAME", "LBRACE", "RBRACE", "STRING", "_NL"
)  # fmt: skip


class Unexpected(Record):
    """A token that cannot stand where it does, what could, and the bracket that is open there."""

    text: str
    terminal: str
    span: Span
    accepts: Collection[str]
    bracket: Span | None

    @property
    def opening(self) -> str:
        """The bracket that is open, as a character; empty without one."""
        return self.bracket.text if self.bracket is not None else ""


def expected(accepts: Iterable[str]) -> str:
    """The telling ones among the terminals that could have stood there, in words."""
    possible = set(accepts)
    named = [_SPOKEN[terminal] for terminal in _TELLING if terminal in possible]
    return " or ".join(named[:3])


def told(token: Unexpected) -> tuple[str, str]:
    """Message and label for a token."""
    what = "the end of the line" if token.terminal == "_NL" else f"`{token.text}`"
    if _is_word(token) and "NAME" in token.accepts:
        return f"{what} is a word of the language", "expected another name"
    wanted = expected(token.accepts)
    return f"{what} cannot stand here", f"expected {wanted}" if wanted else ""


def _is_word(token: Unexpected) -> bool:
    return token.text.isalpha() and token.terminal not in ("NAME", "STRING", "$END")


def edits(token: Unexpected) -> Iterator[Help]:
    """What was likely meant where a token cannot stand, the likeliest first."""
    text, accepts, span = token.text, token.accepts, token.span
    if text == "=" and "COLON" in accepts:
        yield Help("a colon stands here", span, ":")
    if text == "=" and "EQUAL" not in accepts and "PLUS" in accepts:
        yield Help("a comparison is written ==", span, "==")
    if text == ":" and "EQUAL" in accepts and not token.opening:
        yield Help("a setting is given with =", span, " =")
    yield from _brackets(token)
    yield from _slips(span)
    yield from _left_out(token)


def _slips(span: Span) -> Iterator[Help]:
    # Only a mistake pays for its many patterns.
    from netdsl.syntax.slips import slips

    return slips(line_of(span), span.start)


def _brackets(token: Unexpected) -> Iterator[Help]:
    """Edits for a bracket that closes nothing, or something else."""
    if token.text not in CLOSING.values():
        return
    if token.opening and CLOSING[token.opening] != token.text:
        right = CLOSING[token.opening]
        yield Help(f"a {right} is missing before it", _after_last(token.span), right)
        yield Help(f"{token.opening} is closed by {right}", token.span, right)
    yield Help(f"no {_opener(token.text)} is open that it would close", token.span, "")


def _opener(closer: str) -> str:
    return next(opening for opening, closing in CLOSING.items() if closing == closer)


def _left_out(token: Unexpected) -> Iterator[Help]:
    """Edits that write what may have been left out before a token."""
    accepts, before = token.accepts, _after_last(token.span)
    if "LBRACE" in accepts and token.terminal != "_NL" and token.text not in ")]},":
        yield _in_braces(token)
    if token.opening in ("(", "[") and "COMMA" in accepts:
        yield Help("a comma is missing", before, ",")
    if "MINUS" in accepts and token.terminal in ("NAME", "LBRACE", "IF", "REPEAT", "FOR"):
        yield Help("steps are joined with ->", before, " ->")
    if "EQUAL" in accepts and token.opening not in ("(", "["):
        yield Help("a = is missing", before, " =")
    if "COLON" in accepts:
        yield Help("a : is missing", before, ":")
    if "_NL" in accepts and token.text == ",":
        yield Help("steps are joined with ->", token.span, " ->")
    if "_NL" in accepts:
        yield Help("what follows stands on a line of its own", before, "\n ")


def _in_braces(token: Unexpected) -> Help:
    line = line_of(token.span)
    rest = Span(line.source, token.span.start, _end_of_code(line))
    blank = "" if line.source.text[token.span.start - 1].isspace() else " "
    return Help("a body stands in { }", rest, f"{blank}{{ {rest.text.lstrip(':').strip()} }}")


def edits_of_character(span: Span) -> Iterator[Help]:
    """What was likely meant where a character stands that begins nothing."""
    yield from _slips(span)
    if span.text == '"':
        yield from _strings_closed(span)


def told_of_character(character: str) -> str:
    """The message for a character that begins nothing."""
    if character == '"':
        return "a string has no end"
    shown = character if character.isprintable() else f"the character U+{ord(character):04X}"
    return f"{shown} is not known here"


def _strings_closed(span: Span) -> Iterator[Help]:
    """The quotation mark after what looks like a word or a path, or at the end of the line."""
    line = line_of(span)
    word = re.compile(r'"[\w./\\-]*').match(span.source.text, span.start)
    ends = [word.end()] if word is not None else []
    for end in (*ends, _end_of_code(line), line.end):
        yield Help('a string ends with " on its line', Span(span.source, end, end), '"')


def closings(bracket: Span, end: int) -> Iterator[Help]:
    """Where a bracket that is never closed may have been meant to; `end` is that of its item."""
    closer = CLOSING[bracket.text]
    text = f"a {closer} is missing"
    source = bracket.source
    if closer == "}":
        last = _last_before(source.text, end)
        yield Help(text, Span(source, last, last), "\n}")
        return
    line = line_of(bracket)
    last = _end_of_code(line)
    for at in (*_arrows(source.text, bracket.end, last), last):
        yield Help(text, Span(source, at, at), closer)


def _arrows(text: str, start: int, end: int) -> Iterator[int]:
    """Where steps end, of those at no deeper level of brackets."""
    depth = 0
    for at in range(start, end):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0 and text.startswith("->", at):
            yield _last_before(text, at)


def line_of(span: Span) -> Span:
    """The line where a span begins, without its end."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    end = len(text) if end < 0 else end
    if end > start and text[end - 1] == "\r":
        end -= 1
    return Span(span.source, start, end)


def _end_of_code(line: Span) -> int:
    """Where a line ends without its comment and the blanks before it."""
    code = re.match(r'(?:"[^"\n]*"|[^"#])*', line.text)
    assert code is not None
    return line.start + len(code[0].rstrip())


def _after_last(span: Span) -> Span:
    """The place right after what stands before a span."""
    at = _last_before(span.source.text, span.start)
    return Span(span.source, at, at)


def _last_before(text: str, end: int) -> int:
    """Where the blanks before an offset begin."""
    while end and text[end - 1].isspace():
        end -= 1
    return end
