"""Columns of neighbouring rows, aligned where the author aligned them.

Where a space more than needed stands before a column, its author meant to align it; columns of
settings are always aligned. A column that would make a line too long is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import NamedTuple, TypeAlias

from netdsl.format.line import WIDTH, Line
from netdsl.format.pieces import Piece
from netdsl.format.rows import Group, Row, first
from netdsl.format.spacing import elements, flat_row

_DEFINING = frozenset(("LET", "FN", "NET", "SHARED"))


class Laid(NamedTuple):
    """A row and its lines."""

    row: Row
    lines: list[Line]


class _Cell(NamedTuple):
    """What stands in a column: its first token, how wide it is, the spaces it needs before it."""

    piece: Piece
    width: int = 0
    needs: int = 1

    @property
    def padded(self) -> bool:
        """Whether the author put more spaces before it than it needs."""
        return not self.piece.newline and self.piece.padding > self.needs


# The kind of a row and its cells: rows of a kind that follow one another are a table.
_Cells: TypeAlias = "tuple[Hashable, list[_Cell]] | None"


def align(rows: Sequence[Laid], settings: bool) -> None:
    """Puts spaces before what neighbouring rows have in common; `settings` may be the rows."""
    for table in _tables(rows, _definition):
        if settings or any(cells[0].padded for _, cells in table):
            _pad(table, 0)
    for table in _tables(rows, _arguments):
        _align_arguments(table)
    arrows = max((_arrow_count(laid) for laid in rows), default=0)
    for number in range(arrows):
        for table in _tables(rows, partial(_arrow, number)):
            if _agreement(table, _starts):
                _pad(table, 0)
    for table in _tables(rows, _promise):
        if any(cells[0].padded for _, cells in table):
            _pad(table, 0)
    _align_comments(rows)


_Table: TypeAlias = "list[tuple[Line, list[_Cell]]]"


def _tables(rows: Sequence[Laid], cells_of: Callable[[Laid], _Cells]) -> Iterator[_Table]:
    """Neighbouring rows with cells of the same kind, no empty line between them."""
    number, found = 0, []
    for laid in rows:
        number += laid.row.blank or any(comment.blank for comment in laid.row.comments)
        cells = cells_of(laid) if laid.row.items else None
        found.append((laid, (number, cells[0]) if cells else None, cells[1] if cells else []))
    for kind, table in groupby(found, key=lambda one: one[1]):
        if kind is not None:
            yield [(laid.lines[0], cells) for laid, _, cells in table]


def _definition(laid: Laid) -> _Cells:
    """The = of a row that gives a name a value."""
    items = laid.row.items
    kind = first(items[0]).type
    if kind not in _DEFINING:
        kind = ""
    for at, item in enumerate(items):
        if isinstance(item, Piece) and item.text == "=":
            aligns = (kind or at == 1) and not item.tight and item in laid.lines[0].columns()
            return (kind, [_Cell(item)]) if aligns else None
    return None


def _arguments(laid: Laid) -> _Cells:
    """The arguments of a row's first call, or what stands in its first list or tuple."""
    items = laid.row.items
    equals = next((at for at, item in enumerate(items) if first(item).text == "="), -1)
    for at, item in enumerate(items[equals + 1 :], equals + 1):
        if first(item).text == "->" or len(laid.lines) > 1:
            return None
        if isinstance(item, Group) and item.bracket in ("(", "[") and item.rows:
            called = first(items[at - 1]).text if item.calls else ""
            found = list(elements(item.rows[0].items))
            cells = [_Cell(first(one[0]), len(flat_row(one, item))) for one in found]
            cells[0] = cells[0]._replace(needs=0)
            return ("arguments", item.bracket, called, len(cells)), cells
    return None


def _arrow_count(laid: Laid) -> int:
    if len(laid.lines) != 1:
        return 0
    return sum(first(item).text == "->" for item in laid.row.items)


def _arrow(number: int, laid: Laid) -> _Cells:
    """An arrow of a row, by its number."""
    arrows = [item for item in laid.row.items if isinstance(item, Piece) and item.text == "->"]
    if number >= len(arrows) or len(laid.lines) > 1:
        return None
    return "arrow", [_Cell(arrows[number])]


def _promise(laid: Laid) -> _Cells:
    """The `expect` behind a net."""
    found = [item for item in laid.row.items[1:] if first(item).type == "EXPECT"]
    if not found or len(laid.lines) > 1:
        return None
    return "expect", [_Cell(first(found[0]), needs=2)]


def _align_arguments(table: _Table) -> None:
    """Aligns arguments by their first characters, or by their last ones as numbers stand."""
    starts, ends = _agreement(table, _starts), _agreement(table, _ends)
    if not starts and not ends:
        return
    before = {line.columns()[cells[0].piece] for line, cells in table}
    if len(before) > 1:
        return
    for at in range(len(table[0][1])):
        _pad(table, at, by_end=ends > starts)


def _starts(cell: _Cell) -> int:
    return cell.piece.column


def _ends(cell: _Cell) -> int:
    return cell.piece.column + cell.width


def _agreement(table: _Table, place: Callable[[_Cell], int]) -> int:
    """How many cells agree with those right below them in a place that spaces brought about."""
    return sum(
        place(one) == place(other) and (one.padded or other.padded)
        for (_, above), (_, below) in pairwise(table)
        for one, other in zip(above, below, strict=True)
    )


def _pad(table: _Table, at: int, by_end: bool = False) -> None:
    """Puts spaces before a cell of each row, so that all begin, or end, in one column."""
    columns = [line.columns()[cells[at].piece] for line, cells in table]
    widths = [cells[at].width if by_end else 0 for _, cells in table]
    places = [column + width for column, width in zip(columns, widths, strict=True)]
    target = max(places)
    missing = [target - place for place in places]
    if any(line.width + more > WIDTH for (line, _), more in zip(table, missing, strict=True)):
        return
    for (line, cells), more in zip(table, missing, strict=True):
        line.pad(cells[at].piece, more)


def _align_comments(rows: Sequence[Laid]) -> None:
    """Puts comments behind neighbouring rows into one column."""

    def comment(laid: Laid) -> _Cells:
        return ("comment", []) if len(laid.lines) == 1 and laid.row.trailing else None

    for table in _tables(rows, comment):
        lines = [line for line, _ in table]
        comments = [line.comment for line in lines if line.comment is not None]
        if any(comment.padding > 2 for comment in comments):
            column = max(line.width for line in lines) + 2
            for line in lines:
                line.room = column - line.width
