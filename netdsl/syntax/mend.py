"""Tries the edits that may mend a mistake of syntax, so that none is offered that would not read.

From: a diagnostic, and edits, the likeliest first. To: the diagnostic with the first that makes
the item around it read with fewer mistakes; where none does, with what the first one says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netdsl.diagnostics import Diagnostic, Help
from netdsl.source import Source, Span
from netdsl.syntax.recovery import item_around

# What is larger is not read again and again.
_LONGEST_ITEM = 20_000
_MOST_TRIED = 12

Count = Callable[[str], int]


class Mender:
    """Chooses edits for the mistakes of one text; `mistakes` counts those of a piece of it."""

    def __init__(self, source: Source, mistakes: Count) -> None:
        self._source = source
        self._mistakes = mistakes
        self._before: dict[tuple[int, int], int] = {}

    def mended(self, diagnostic: Diagnostic, edits: Iterable[Help]) -> Diagnostic:
        """The diagnostic with the edit that helps, or with a sentence."""
        first: Help | None = None
        for tried, edit in enumerate(edits):
            first = first or edit
            if edit.span is None:
                return diagnostic.replace(help=(edit,))
            if tried < _MOST_TRIED and self._helps(edit, edit.span):
                return diagnostic.replace(help=(edit,))
        return diagnostic.replace(help=(Help(first.text),)) if first is not None else diagnostic

    def _helps(self, edit: Help, span: Span) -> bool:
        text = self._source.text
        start, end = item_around(text, span.start)
        if end - start > _LONGEST_ITEM or span.end > end:
            return False
        if (start, end) not in self._before:
            self._before[start, end] = self._mistakes(text[start:end])
        edited = text[start : span.start] + (edit.replacement or "") + text[span.end : end]
        return self._mistakes(edited) < self._before[start, end]
