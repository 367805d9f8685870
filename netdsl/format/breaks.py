"""Where a line ends that would be too long."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from netdsl.format.line import INDENT, WIDTH, Line
from netdsl.format.pieces import Piece
from netdsl.format.rows import OPERATORS, Group, Item, Row, first
from netdsl.format.spacing import elements, flat, flat_row

# A bracket wider than this is opened rather than the line broken beside it.
_WIDE = 50


def break_line(line: Line, items: Sequence[Item], group: Group, indent: int) -> bool:
    """Breaks a line of a row that is too long, at its outermost places; False where none is left.

    `items` are those of the row that are on the line, `group` and `indent` are the row's.
    """
    indent += INDENT  # of lines that go on
    closed = [item for item in items if isinstance(item, Group) and item.rows and not item.broken]
    closed.sort(key=lambda item: len(flat(item)))
    wide = [item for item in closed if len(flat(item)) > _WIDE]
    if len(wide) == 1:
        return _open(wide, line)
    statement = group.bracket not in ("(", "[")
    after = [(first(item).text, first(following)) for item, following in pairwise(items)]
    return (
        _fill(line, indent, [piece for _, piece in after if piece.text == "->"])
        or (statement and _fill(line, indent, [piece for text, piece in after if text == ","]))
        # One of a few, several of many, so that this comes to an end soon.
        or _open(closed[-((len(closed) + 3) // 4) :], line)
        or _fill(line, indent, [piece for text, piece in after if _is_seam(text, piece, statement)])
    )


def _is_seam(text: str, following: Piece, statement: bool) -> bool:
    """Whether a line may end between a token and the one that follows it, within a value."""
    if text in OPERATORS or following.text == "else":
        return True
    return text == "=" if statement else following.text in ("for", "if")


def _fill(line: Line, indent: int, places: Sequence[Piece]) -> bool:
    """Begins new lines with as few of some tokens as need be; says whether any was begun."""
    found = line.columns()
    # What breaks already begins the line, or is an `else` that stays behind its body.
    columns = [(piece, found[piece]) for piece in places if piece in found and not piece.breaks]
    ends = [column - 1 for _, column in columns[1:]] + [line.width]
    moved = 0
    begun = False
    for (piece, column), end in zip(columns, ends, strict=False):
        if end - moved > WIDTH:
            piece.breaks = begun = True
            moved = column - indent
    return begun


def _open(groups: Sequence[Group], line: Line) -> bool:
    """Gives what stands in brackets lines of its own; says whether there were any brackets."""
    room = WIDTH - line.indent - INDENT
    for group in groups:
        group.broken = True
        group.rows = [part for row in group.rows for part in _split(row, room, group)]
    return bool(groups)


def split(row: Row, group: Group, room: int) -> list[Row]:
    """The elements of a row as rows that fit, where they do not fit one row."""
    if group.bracket not in ("(", "[") or len(row.items) < 2:
        return [row]
    broken = any(first(item).breaks or first(item).comments for item in row.items[1:])
    if not broken and len(flat_row(row.items, group)) <= room:
        return [row]
    return _split(row, room, group)


def _split(row: Row, room: int, group: Group) -> list[Row]:
    """The elements of a row as rows: those with steps one by one, values as many as fit."""
    if group.bracket == "{":
        return [row]
    found = [list(element) for element in elements(row.items)]
    commas = [item for item in row.items if first(item).text == ","]
    for element, comma in zip(found, commas, strict=False):
        element.append(comma)
    steps = any(_has_steps(element) for element in found)
    rows: list[Row] = []
    for element in found:
        last = rows[-1].items if rows else []
        if rows and not steps and len(flat_row([*last, *element], group)) <= room:
            last.extend(element)
        else:
            rows.append(Row(element))
    rows[0].comments, rows[0].blank, rows[-1].trailing = row.comments, row.blank, row.trailing
    return rows


def _has_steps(element: Sequence[Item]) -> bool:
    """Whether an element is more than a value: it has steps, a body or lines of its own."""
    if any(first(item).breaks or first(item).comments for item in element):
        return True
    if any(first(item).text == "->" for item in element):
        return True
    groups = [item for item in element if isinstance(item, Group)]
    return any(group.bracket == "{" or group.broken for group in groups)
