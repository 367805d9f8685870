"""Tokens nested as their brackets are: groups of rows, a row for a statement or for elements.

From the tokens of a text without mistakes. What then holds: every comment stands above a row, at
its end or before one of its tokens; a group whose rows have lines of their own is `broken`, any
other has one row at most, and no comment is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from netdsl.format.pieces import Comment, Piece

# Between two operands: a line may end after it.
OPERATORS = frozenset(
    ("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in")
)
_OPENERS = frozenset("([{")
_CLOSERS = frozenset(")]}")
# Words of a comprehension or of a choice: inside brackets a line may begin with them.
_CLAUSES = frozenset(("for", "if", "else"))
_CONSTANTS = frozenset(("TRUE", "FALSE", "NONE"))
_OPERANDS = frozenset(("NAME", "INT", "FLOAT", "STRING", "QMARK", *_CONSTANTS))


class Row:
    """A statement, or elements with their commas, on lines of its own."""

    __slots__ = ("blank", "comments", "items", "trailing")

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        # Above it, and behind it.
        self.comments: tuple[Comment, ...] = ()
        self.trailing: Comment | None = None
        # Whether an empty line is right above it, below its comments.
        self.blank = False


class Group:
    """What stands in a pair of brackets; that of a whole file has none.

    `trailing` is a comment behind the opening bracket; `calls` says whether the bracket follows an
    operand, `declares` whether it has the parameters of an item, `settings` whether its rows are
    those of a train section or a phase.
    """

    __slots__ = (
        "broken", "calls", "closer", "declares", "opener", "rows", "settings", "trailing",
    )  # fmt: skip

    def __init__(self, opener: Piece, rows: list[Row], closer: Piece) -> None:
        self.opener = opener
        self.rows = rows
        self.closer = closer
        self.trailing: Comment | None = None
        self.broken = self.calls = self.declares = self.settings = False

    @property
    def bracket(self) -> str:
        """The opening bracket, empty for a file."""
        return self.opener.text


Item: TypeAlias = "Piece | Group"


def first(item: Item) -> Piece:
    """The token that an item begins with."""
    return item.opener if isinstance(item, Group) else item


def last(item: Item) -> Piece:
    """The token that an item ends with."""
    return item.closer if isinstance(item, Group) else item


def read_rows(pieces: Sequence[Piece]) -> Group:
    """The tokens of a file, ended by an empty one, as a group without brackets."""
    stream = iter(pieces)
    opener = Piece("", "", 1)
    items, end = _items(stream)
    file = Group(opener, [], end)
    _of_statements(file, items)
    file.broken = True
    return file


def _items(stream: Iterator[Piece]) -> tuple[list[Item], Piece]:
    """What stands up to the next bracket that closes none of it, and that bracket."""
    items: list[Item] = []
    for piece in stream:
        if piece.text in _CLOSERS or piece.type == "$END":
            break
        items.append(_group(piece, items, stream) if piece.text in _OPENERS else piece)
    return items, piece


def _group(opener: Piece, before: list[Item], stream: Iterator[Piece]) -> Group:
    items, closer = _items(stream)
    group = Group(opener, [], closer)
    if group.bracket == "{":
        group.settings = _follows(before, "TRAIN", "PHASE")
        _of_statements(group, items)
        return group
    previous = last(before[-1]) if before and not opener.starts else None
    group.calls = previous is not None and is_operand(previous)
    group.declares = group.calls and _follows(before[:-1], "NET", "BLOCK", "FN")
    _of_elements(group, items)
    return group


def is_operand(piece: Piece) -> bool:
    """Whether a value can end with a token, so that a sign after it is between two values."""
    return piece.type in _OPERANDS or piece.text in _CLOSERS


def _follows(before: Sequence[Item], *words: str) -> bool:
    """Whether the last of these items, or the one before it, is one of some words."""
    return any(first(item).type in words for item in before[-2:])


# Statements


def _of_statements(group: Group, items: list[Item]) -> None:
    starts = [at for at, item in enumerate(items) if at == 0 or first(item).starts]
    rows = [Row(items[start:end]) for start, end in pairwise([*starts, len(items)])]
    for row in rows:
        _place_breaks(row.items, inside=False)
    ends = [first(item) for item in items[:1]] + [group.closer]
    group.broken = (
        len(rows) > 1
        or any(piece.newline for piece in ends if items or group.closer.comments)
        or any(first(item).breaks or first(item).comments for item in items)
    )
    _finish(group, rows)


# Elements


def _of_elements(group: Group, items: list[Item]) -> None:
    _drop_last_comma(group, items)
    _move_past_commas(items)
    _place_breaks(items, inside=True)
    group.broken = any(first(item).newline for item in items) or (
        group.closer.newline and bool(items or group.closer.comments)
    )
    rows: list[Row] = []
    for at, item in enumerate(items):
        begins = at == 0 or (first(items[at - 1]).text == "," and first(item).newline)
        if begins:
            rows.append(Row([]))
        rows[-1].items.append(item)
    _finish(group, rows)


def _drop_last_comma(group: Group, items: list[Item]) -> None:
    """Takes away a comma before the closing bracket, unless it makes a tuple of one value."""
    if not items or first(items[-1]).text != ",":
        return
    commas = sum(first(item).text == "," for item in items)
    if commas == 1 and group.bracket == "(" and not group.calls:
        return
    _hand_over(first(items.pop()), group.closer)


def _move_past_commas(items: Sequence[Item]) -> None:
    """No line begins with a comma: what stands before one comes after it."""
    for item, following in pairwise(items):
        if first(item).text == ",":
            _hand_over(first(item), first(following))


def _hand_over(piece: Piece, following: Piece) -> None:
    """Gives the comments and the line's end before a token to the one after it."""
    following.comments = (*piece.comments, *following.comments)
    following.newline |= piece.newline
    piece.comments, piece.newline = (), False


# Lines within a row


def _place_breaks(items: Sequence[Item], inside: bool) -> None:
    """Says with which tokens within a row lines begin, as the author wrote it.

    A line may begin with an arrow, with `else`, after an operator or a comma, inside brackets also
    with the words of a comprehension. Signs before a value are told from operators.
    """
    for at, item in enumerate(items[1:]):
        previous, piece = last(items[at]), first(item)
        if previous.text == "->":
            previous.comments = (*previous.comments, *piece.comments)
            previous.newline |= piece.newline
            previous.breaks = previous.newline
            piece.comments, piece.newline = (), False
        elif _is_sign(items, at):
            previous.tight = True
        elif previous.text in OPERATORS and previous.newline:
            _hand_over(previous, piece)
            previous.breaks = False
        piece.breaks = piece.newline and _may_begin(piece, previous, inside)


def _is_sign(items: Sequence[Item], at: int) -> bool:
    """Whether an item is a sign before a value, not an operator between two."""
    if first(items[at]).text not in ("+", "-"):
        return False
    return at == 0 or not is_operand(last(items[at - 1]))


def _may_begin(piece: Piece, previous: Piece, inside: bool) -> bool:
    if inside and (piece.text in _CLAUSES or previous.text in (",", "=")):
        # After a comma a row of its own begins.
        return piece.text in _CLAUSES and is_operand(previous)
    return piece.text in ("->", "else") or previous.text in (*OPERATORS, "=", ",")


def _finish(group: Group, rows: list[Row]) -> None:
    """Gives comments to the rows, and keeps those that are below the last one."""
    above: Row | None = None
    for row in rows:
        piece = first(row.items[0])
        row.comments, row.blank = piece.comments, piece.blank
        piece.comments, piece.breaks = (), False
        _take_trailing(group, above, row)
        above = row
    if group.closer.comments:
        end = Row([])
        end.comments = group.closer.comments
        group.closer.comments = ()
        _take_trailing(group, above, end)
        if end.comments:
            rows.append(end)
    group.rows = rows


def _take_trailing(group: Group, above: Row | None, row: Row) -> None:
    """Moves a comment that follows what is above a row to where it belongs."""
    if row.comments and not row.comments[0].alone:
        trailing, *row_comments = row.comments
        row.comments = tuple(row_comments)
        if above is None:
            group.trailing = trailing
        else:
            above.trailing = trailing
