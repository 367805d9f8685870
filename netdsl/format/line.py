"""A line of the formatted text under construction."""

from __future__ import annotations

from netdsl.format.pieces import Comment, Piece
from netdsl.format.rows import Row

# Characters of a line; comments may reach further.
WIDTH = 100

# Spaces by which what is inside stands further right.
INDENT = 2


class Line:
    """Tokens with the spaces before each, and a comment at the end; `blank` is a line above."""

    __slots__ = ("blank", "comment", "indent", "parts", "room", "row")

    def __init__(
        self, indent: int, row: Row, comment: Comment | None = None, blank: bool = False
    ) -> None:
        self.indent = indent
        self.row = row
        self.parts: list[tuple[str, Piece]] = []
        self.comment = comment
        self.blank = blank
        # How many spaces stand before the comment.
        self.room = 2

    def add(self, spaces: str, piece: Piece) -> None:
        """Appends a token."""
        self.parts.append((spaces, piece))

    def pad(self, piece: Piece, spaces: int) -> None:
        """Puts further spaces before a token of the line."""
        at = next(at for at, (_, found) in enumerate(self.parts) if found is piece)
        self.parts[at] = (self.parts[at][0] + " " * spaces, piece)

    def columns(self) -> dict[Piece, int]:
        """Where each token of the line begins, from 0."""
        columns: dict[Piece, int] = {}
        end = self.indent
        for spaces, piece in self.parts:
            columns[piece] = end + len(spaces)
            end += len(spaces) + len(piece.text)
        return columns

    @property
    def width(self) -> int:
        """How wide the line is without its comment."""
        return self.indent + sum(len(spaces) + len(piece.text) for spaces, piece in self.parts)

    def __str__(self) -> str:
        text = "".join(spaces + piece.text for spaces, piece in self.parts)
        if self.comment is not None:
            text += (" " * self.room if text else "") + self.comment.text
        return " " * self.indent + text
