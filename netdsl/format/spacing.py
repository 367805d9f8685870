"""Which spaces stand between tokens of a line, and how wide a line becomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.format.pieces import Piece
from netdsl.format.rows import Group, Item, first, last


def tighten(group: Group) -> None:
    """Marks the = of arguments that are written without spaces: `stride=2`.

    An argument has spaces around its = where its value has spaces itself, `stride = 2 * n`, as a
    parameter always has.
    """
    for row in group.rows:
        for element in elements(row.items):
            if group.calls and not group.declares and len(element) > 2:
                equals = element[1]
                if isinstance(equals, Piece) and equals.text == "=":
                    equals.tight = not _is_spaced(element[2:], group)
        for item in row.items:
            if isinstance(item, Group):
                tighten(item)


def elements(items: Sequence[Item]) -> Iterator[list[Item]]:
    """What stands between the commas of a row."""
    element: list[Item] = []
    for item in items:
        if first(item).text == ",":
            yield element
            element = []
        else:
            element.append(item)
    if element:
        yield element


def _is_spaced(value: Sequence[Item], group: Group) -> bool:
    """Whether a value has spaces outside of its brackets, or is a body."""
    if any(isinstance(item, Group) and item.bracket == "{" for item in value):
        return True
    return any(space(value[at], item, group) for at, item in enumerate(value[1:]))


def space(before: Item, item: Item, group: Group) -> str:
    """What stands between two neighbours of a row of a group, on one line."""
    previous, piece = last(before), first(item)
    if piece.text in (",", ".") or previous.text == ".":
        return ""
    if piece.text == ":" or (previous.text == ":" and group.bracket == "["):
        return ""
    if previous.tight or (piece.tight and piece.text == "="):
        return ""
    if isinstance(item, Group) and item.calls:
        return ""
    if piece.type == "EXPECT":
        return "  "
    return " "


def flat(item: Item) -> str:
    """An item of a row on one line."""
    if isinstance(item, Piece):
        return item.text
    inside = " ".join(flat_row(row.items, item) for row in item.rows)
    room = " " if item.bracket == "{" and inside else ""
    return f"{item.bracket}{room}{inside}{room}{item.closer.text}"


def flat_row(items: Sequence[Item], group: Group) -> str:
    """Items of a group's row on one line."""
    parts: list[str] = []
    for at, item in enumerate(items):
        parts.append(space(items[at - 1], item, group) if at else "")
        parts.append(flat(item))
    return "".join(parts)
