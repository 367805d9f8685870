"""Rows as lines: broken where the author broke them, and where they would be too long."""

from __future__ import annotations

from netdsl.format.breaks import break_line, split
from netdsl.format.columns import Laid, align
from netdsl.format.line import INDENT, WIDTH, Line
from netdsl.format.pieces import Piece
from netdsl.format.rows import Group, Item, Row, first
from netdsl.format.spacing import space


def lay_out(group: Group, indent: int) -> list[Line]:
    """The rows of a broken group as lines."""
    group.rows = [part for row in group.rows for part in split(row, group, WIDTH - indent)]
    laid = [Laid(row, _fitted(row, group, indent)) for row in group.rows]
    align(laid, group.settings)
    lines: list[Line] = []
    apart = False
    for row, code in laid:
        own = [*(Line(indent, row, comment, comment.blank) for comment in row.comments), *code]
        tall = not group.bracket and _is_tall(row)
        own[0].blank |= tall or apart
        apart = tall
        lines += own
    if lines:
        lines[0].blank = False
    return lines


def _is_tall(row: Row) -> bool:
    """Whether an item ends with a body of several lines: empty lines set it apart."""
    last = row.items[-1] if row.items else None
    return isinstance(last, Group) and last.bracket == "{" and last.broken


def _fitted(row: Row, group: Group, indent: int) -> list[Line]:
    """A row as lines, of which none is too long that can be broken."""
    if not row.items:
        return []
    while True:
        writer = _Writer(row, group, indent)
        broken = [break_line(line, items, group, indent) for line, items in writer.long_lines()]
        if not any(broken):
            writer.lines[0].blank = row.blank
            writer.lines[-1].comment = row.trailing
            return writer.lines


class _Writer:
    """Writes a row of a group from its first token to its last."""

    def __init__(self, row: Row, group: Group, indent: int) -> None:
        self.row = row
        self.indent = indent
        self.lines = [Line(indent, row)]
        # The lines on which each item of the row begins and ends.
        self._spans: list[tuple[int, int]] = []
        before: Item | None = None
        for item in row.items:
            if before is not None:
                self._break(before, first(item))
            start = len(self.lines) - 1
            apart = before is not None and self.lines[-1].parts
            self._put(item, space(before, item, group) if apart and before else "")
            self._spans.append((start, len(self.lines) - 1))
            before = item

    def long_lines(self) -> list[tuple[Line, list[Item]]]:
        """The row's own lines that are too long, each with the row's items that are on it."""
        long: dict[int, list[Item]] = {
            number: []
            for number, line in enumerate(self.lines)
            if line.row is self.row and line.width > WIDTH
        }
        if long:
            for item, (start, end) in zip(self.row.items, self._spans, strict=True):
                for number in range(start, end + 1):
                    if number in long:
                        long[number].append(item)
        return [(self.lines[number], items) for number, items in long.items()]

    def _break(self, before: Item, piece: Piece) -> None:
        """Ends the line after an item, where the next token is to begin one."""
        after_body = piece.text == "else" and isinstance(before, Group) and before.bracket == "{"
        indent = self.indent if after_body else self.indent + INDENT
        comments = list(piece.comments)
        if not comments:
            closes = after_body and isinstance(before, Group) and before.broken
            if piece.breaks and not closes:
                self.lines.append(Line(indent, self.row))
            return
        if not comments[0].alone:
            self.lines[-1].comment = comments.pop(0)
        self.lines += [Line(indent, self.row, comment) for comment in comments]
        self.lines.append(Line(indent, self.row))

    def _put(self, item: Item, spaces: str) -> None:
        """Writes an item after some spaces."""
        line = self.lines[-1]
        line.add(spaces, first(item))
        if isinstance(item, Piece):
            return
        if item.broken:
            line.comment = item.trailing
            self.lines += lay_out(item, line.indent + INDENT)
            self.lines.append(Line(line.indent, self.row))
            self.lines[-1].add("", item.closer)
            return
        room = " " if item.bracket == "{" and item.rows else ""
        for row in item.rows:
            before: Item | None = None
            for inner in row.items:
                self._put(inner, space(before, inner, item) if before else room)
                before = inner
        self.lines[-1].add(room, item.closer)
