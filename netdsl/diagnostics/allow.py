"""Warnings that an author allows: `# netdsl: allow CODE`.

At the end of a line it holds for that line; on a line of its own for the statement or item that
begins below it, to the bracket that closes it. Errors are not allowed away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from netdsl.diagnostics.model import Diagnostic, Help
from netdsl.record import Record
from netdsl.source import Source, Span

_COMMENT = re.compile(r"#[ \t]*netdsl:[ \t]*allow\b[ \t]*([\w, \t-]*)")
_KEY = "allowed"


class Allowance(Record):
    """Codes that are allowed from one line to another, each with its place."""

    codes: tuple[Span, ...]
    first: int
    last: int


def allowances(source: Source) -> tuple[Allowance, ...]:
    """What a text allows, found once."""
    found = source.remembered.get(_KEY)
    if found is None:
        found = source.remembered[_KEY] = tuple(_read(source))
    return cast("tuple[Allowance, ...]", found)


def is_allowed(diagnostic: Diagnostic) -> bool:
    """Whether a warning or note is allowed where it is told."""
    span = diagnostic.label.span
    if diagnostic.severity == "error" or not allowances(span.source):
        return False
    first, last = span.line, span.source.position(max(span.start, span.end - 1))[0]
    return any(
        diagnostic.code == code.text
        for allowance in allowances(span.source)
        if allowance.first <= last and first <= allowance.last
        for code in allowance.codes
    )


def allowing(diagnostic: Diagnostic) -> Help | None:
    """The edit that allows a warning or note on its first line.

    None for an error, and where that line is a comment, which allows for the lines below it.
    """
    code, span = diagnostic.code, diagnostic.label.span
    line = span.source.line(span.line)
    if diagnostic.severity == "error" or line.lstrip().startswith("#"):
        return None
    start = _start(span.source, span.start)
    allowed = _COMMENT.search(line)
    if allowed is None:
        at, text = len(line.rstrip()), f"  # netdsl: allow {code}"
    else:
        at = len(line[: allowed.end()].rstrip(", \t"))
        text = f", {code}" if allowed[1].strip(", \t") else f" {code}"
    return Help(f"allow {code} on this line", Span(span.source, start + at, start + at), text)


def _read(source: Source) -> Iterator[Allowance]:
    for match in _COMMENT.finditer(source.text):
        line = source.position(match.start())[0]
        codes = tuple(
            Span(source, match.start(1) + word.start(), match.start(1) + word.end())
            for word in re.finditer(r"[\w-]+", match[1])
        )
        alone = not source.line(line)[: match.start() - _start(source, match.start())].strip()
        first, last = _below(source, line + 1) if alone else (line, line)
        yield Allowance(codes, first, last)


def _start(source: Source, offset: int) -> int:
    return source.text.rfind("\n", 0, offset) + 1


def _below(source: Source, line: int) -> tuple[int, int]:
    """The lines of what begins below a comment, which may be followed by more comments."""
    end = source.position(len(source.text))[0]
    while line < end and source.line(line).lstrip().startswith("#"):
        line += 1
    depth, last = 0, line
    for last in range(line, end + 1):
        code = re.sub(r'"[^"\n]*"|#.*', "", source.line(last))
        depth += sum(code.count(sign) for sign in "([{") - sum(code.count(sign) for sign in ")]}")
        if depth <= 0:
            break
    return line, last
