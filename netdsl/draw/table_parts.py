"""What stands in a table, as data, before any format: cells with lines, merged where they agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from netdsl.record import Record

Side: TypeAlias = Literal["left", "center", "right"]


class Text(Record):
    """A line of a cell; a bold one differs from its neighbour."""

    text: str
    bold: bool = False


class Cell(Record):
    """Lines one under another; `columns` and `rows` say over how many of them it reaches.

    A `heading` names what stands beside or below it.
    """

    lines: tuple[Text, ...] = ()
    columns: int = 1
    rows: int = 1
    heading: bool = False


Row: TypeAlias = "tuple[Cell, ...]"
Rows: TypeAlias = "tuple[Row, ...]"


class Table(Record):
    """A table: `sides` says of each column where its text stands.

    `body` is in groups of rows; no cell reaches out of its group. Where a cell from further left
    or from above reaches to, a row has no cell. `notes` are sentences below the table.
    """

    caption: str
    sides: tuple[Side, ...]
    head: Rows
    body: tuple[Rows, ...]
    foot: Rows
    notes: tuple[str, ...] = ()


class Slot(Record):
    """One place of a table: the cell that covers it, and how far from the cell's first place."""

    cell: Cell
    down: int
    across: int


def cell(*lines: str, columns: int = 1, rows: int = 1, heading: bool = False) -> Cell:
    """A cell with these lines, empty ones left out."""
    return Cell(tuple(Text(line) for line in lines if line), columns, rows, heading)


def grid(rows: Iterable[Row], width: int) -> list[list[Slot]]:
    """Every place of a group of rows that are `width` columns wide, merged ones place by place."""
    above: Sequence[Slot] = ()
    found: list[list[Slot]] = []
    for row in rows:
        cells = iter(row)
        line: list[Slot] = []
        while len(line) < width:
            at = len(line)
            slot = above[at] if above else None
            if slot is not None and slot.down + 1 < slot.cell.rows:
                line.append(slot.replace(down=slot.down + 1))
            else:
                cell = next(cells)
                line += [Slot(cell, 0, across) for across in range(cell.columns)]
        assert len(line) == width and next(cells, None) is None, "a row of another width"
        found.append(line)
        above = line
    return found
