"""A text cut into its items, each parsed once for as long as it is not edited.

A segment is an item with the comment right above it, as a source of its own: its spans do not
change when something above it is edited, and what passes found out about its tree stays true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from netdsl.diagnostics import Diagnostic
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parse import MOST_CHARACTERS, parse

# What begins an item at the start of a line and is no sentence of the language anywhere else.
_ITEM = re.compile(
    r'from[ \t]+(?:"|\w+[ \t]+import\b)|(?:fn|block)[ \t]+\w+[ \t]*[({]|net[ \t]+\w+[ \t]*[({=]'
    r"|train(?:[ \t]+\w+)?[ \t]*\{"
)
# What begins an item where no bracket is open, and a statement elsewhere.
_STATEMENT = re.compile(r"(?:let|default)\b")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
# More brackets than this are no text that somebody is writing.
_DEEPEST = 50
_SKIPPED = re.compile(r'"[^"\n]*"?|#[^\n]*')


class Segment:
    """A stretch of a text that was parsed by itself.

    Where brackets are open at its end, its items are read as if they were closed there, so that an
    item that is being written is one. `source` is the text that the items stand in, with what
    closes it; the mistakes are those of the text as it is.
    """

    __slots__ = ("diagnostics", "items", "source", "text")

    def __init__(self, name: str, text: str) -> None:
        self.text = text
        self.source = Source(name, text)
        file, diagnostics = parse(self.source)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        closers = _closers(text) if diagnostics else ""
        if closers:
            self.source = Source(name, f"{text}\n{closers}")
            file, _ = parse(self.source)
        self.items: tuple[tree.Item, ...] = file.items

    @property
    def sources(self) -> set[Source]:
        """The sources of its items and of its mistakes."""
        return {self.source, *(diagnostic.label.span.source for diagnostic in self.diagnostics)}

    @property
    def mistakes(self) -> list[Span]:
        """Where its mistakes are among its items."""
        spans = [diagnostic.label.span for diagnostic in self.diagnostics]
        return [Span(self.source, span.start, span.end) for span in spans]


def cut(text: str) -> list[int]:
    """Where the segments of a text begin: at 0, and where an item does or the comment above it."""
    starts = [0]
    if len(text) > MOST_CHARACTERS:
        return starts  # the parser says so
    depth = 0
    comment: int | None = None
    for start, line in _lines(text):
        if line.lstrip().startswith("#"):
            comment = start if comment is None else comment
            continue
        begins = bool(_ITEM.match(line)) or (depth == 0 and bool(_STATEMENT.match(line)))
        if begins:
            place = start if comment is None else comment
            if place > starts[-1]:
                starts.append(place)
            depth = 0
        comment = None
        depth = max(depth + _opened(line), 0)
    return starts


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, text[start:end]
        start = end + 1


def _closers(text: str) -> str:
    """What closes the brackets that are open at the end of a text."""
    waiting: list[str] = []
    for sign in re.findall(r"[()\[\]{}]", _SKIPPED.sub("", text)):
        if sign in _PAIRS:
            waiting.append(_PAIRS[sign])
        elif sign in waiting:
            while waiting.pop() != sign:
                pass
    return "".join(reversed(waiting)) if len(waiting) <= _DEEPEST else ""


def _opened(line: str) -> int:
    """How many brackets a line opens and leaves open; negative where it closes more."""
    if '"' in line or "#" in line:
        line = _SKIPPED.sub("", line)
    return sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))


def segments(name: str, text: str, before: Iterable[Segment]) -> list[tuple[int, Segment]]:
    """The segments of a text with the offsets where they begin, those of `before` used again."""
    known: dict[str, list[Segment]] = {}
    for segment in before:
        known.setdefault(segment.text, []).append(segment)
    starts = cut(text)
    found: list[tuple[int, Segment]] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        own = text[start:end].rstrip()
        same = known.get(own)
        found.append((start, same.pop(0) if same else Segment(name, own)))
    return found
