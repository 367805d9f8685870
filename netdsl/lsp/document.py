"""An open spec: its text, what was read of it and what was found out, each brought up to date
when it is asked for.

Spans are those of segments; `place` says where one is in the text as it stands.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right

from netdsl.analyze.cost import Costs
from netdsl.elaborate.report import Report
from netdsl.elaborate.scope import Scope
from netdsl.lsp.checking import LIMITS, Checked, Checker
from netdsl.lsp.library import Library, Opened
from netdsl.lsp.occurrences import Occurrence, occurrences
from netdsl.lsp.positions import Positions
from netdsl.lsp.segments import Segment, segments
from netdsl.lsp.shapes import Shapes
from netdsl.source import Source, Span
from netdsl.syntax import tree

_WORD = re.compile(r"[^\W\d]\w*")


class Document:
    """A file that is open in an editor."""

    def __init__(
        self, path: str, text: str, root: str, opened: Opened, encoding: str = "utf-16"
    ) -> None:
        self.path = os.path.realpath(path)
        self._encoding = encoding
        self.library = Library(root, LIMITS.imports, opened)
        self._checker = Checker(self.library)
        self._scope: Scope | None = None
        self._checked: Checked | None = None
        self._shapes = Shapes()
        # Where segments begin, in order, and the segments.
        self._starts: list[int] = []
        self._segments: list[Segment] = []
        self._begins: dict[Source, int] = {}
        self.edit(text)

    def edit(self, text: str) -> None:
        """Takes another text; nothing is read yet."""
        self.text = text
        self.positions = Positions(text, self._encoding)
        self._stale = True

    def outdated(self) -> None:
        """A file that it imports may have changed."""
        self._stale = True

    @property
    def scope(self) -> Scope:
        """The items of the text."""
        self._read()
        assert self._scope is not None
        return self._scope

    @property
    def segments(self) -> list[Segment]:
        """The segments of the text."""
        self._read()
        return self._segments

    def checked(self) -> Checked:
        """What is known of the text as it stands."""
        scope = self.scope
        if self._checked is None:
            self._checked = self._checker.check(scope)
            self._shapes.read(self._checked, self._segments)
        return self._checked

    @property
    def shapes(self) -> Shapes:
        """What flows where."""
        self.checked()
        return self._shapes

    @property
    def costs(self) -> Costs:
        """The figures of graphs and nodes."""
        return self._checker.costs

    def place(self, span: Span) -> tuple[int, int] | None:
        """Where a span is in the text, None where it is in another one."""
        self._read()
        begin = self._begins.get(span.source)
        return None if begin is None else (begin + span.start, begin + span.end)

    def segment_at(self, offset: int) -> tuple[int, Segment]:
        """The segment in which an offset is, and where it begins."""
        self._read()
        index = max(bisect_right(self._starts, offset) - 1, 0)
        return self._starts[index], self._segments[index]

    def item_at(self, offset: int) -> tree.Item | None:
        """The item in which an offset is; in a broken segment the one that it may belong to."""
        begin, segment = self.segment_at(offset)
        before = [item for item in segment.items if item.span.start <= offset - begin]
        if before and (offset - begin <= before[-1].span.end or segment.diagnostics):
            return before[-1]
        return None

    def occurrence_at(self, offset: int) -> tuple[tree.Item, Occurrence] | None:
        """The name that an offset touches, and the item that it stands in."""
        begin, segment = self.segment_at(offset)
        for item in segment.items:
            for occurrence in occurrences(item):
                span = occurrence.name.span
                if span.start <= offset - begin <= span.end:
                    return item, occurrence
        return None

    def word_at(self, offset: int) -> tuple[int, int] | None:
        """Where the word begins and ends that an offset touches, also in text that is broken."""
        line = self.positions.line_of(offset)
        start = self.positions.start(line)
        for found in _WORD.finditer(self.positions.line(line).partition("#")[0]):
            if found.start() <= offset - start <= found.end():
                return start + found.start(), start + found.end()
        return None

    def _read(self) -> None:
        if not self._stale:
            return
        self._stale = False
        self._checked = None
        found = segments(self.path, self.text, self._segments)
        self._starts = [start for start, _ in found]
        self._segments = [segment for _, segment in found]
        self._begins = {source: start for start, segment in found for source in segment.sources}
        report = Report()
        self.library.again(report, self.path)
        for segment in self._segments:
            for diagnostic in segment.diagnostics:
                report.add(diagnostic)
        items = tuple([item for segment in self._segments for item in segment.items])
        file = tree.File(Source(self.path, self.text), items)
        self._begins[file.source] = 0
        mistakes = tuple([each for segment in self._segments for each in segment.mistakes])
        if self._scope is None:
            self._scope = Scope(file, self.path, self.library, mistakes)
            self.library.scopes[self.path] = self._scope
        else:
            self._scope.read(file, mistakes)
