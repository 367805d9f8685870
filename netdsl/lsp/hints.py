"""Shapes at the end of lines: what flows out of each line of a net or block."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.lsp.document import Document
from netdsl.record import Record

# Of a line in a block so many shapes are shown, one for each body.
_MOST = 2


class Hint(Record):
    """A text to be shown at an offset, the end of a line."""

    offset: int
    text: str


def hints(document: Document, first: int, last: int) -> Iterator[Hint]:
    """The hints of the lines from `first` to `last`, counted from 0."""
    positions = document.positions
    for line in range(first, min(last + 1, positions.lines)):
        start = positions.start(line)
        begin, segment = document.segment_at(start)
        number = line - positions.line_of(begin) + 1
        found = document.shapes.line(segment, number)
        shapes = list(dict.fromkeys(str(each.output) for each in found))
        if shapes:
            text = ", ".join(shapes[:_MOST]) + (", …" if len(shapes) > _MOST else "")
            code = positions.line(line).partition("#")[0].rstrip()
            yield Hint(start + len(code), text)
