"""The tokens of a text with what stands between them: comments, and where lines end."""

from __future__ import annotations

from netdsl.record import Record
from netdsl.source import Source
from netdsl.syntax.parse import read_tokens


class Comment(Record):
    """A comment as it is shown, from its # on.

    `alone` says whether it has a line of its own, `blank` whether an empty line is above it,
    `padding` how many spaces are before one that follows something.
    """

    text: str
    alone: bool
    blank: bool
    padding: int


class Piece:
    """A token, what is written before it, and how it is to be laid out.

    `starts` says whether it begins a statement, `newline` whether it begins a line of the source,
    `blank` whether an empty line is above it. `padding` is the number of spaces before it, `column`
    its place on its line. What laying out finds: `breaks`, a line is to begin with it; `tight`, a
    sign before a number, or a = without spaces.
    """

    __slots__ = (
        "blank", "breaks", "column", "comments", "newline", "padding", "starts", "text", "tight",
        "type",
    )  # fmt: skip

    def __init__(self, text: str, type: str, column: int) -> None:
        self.text = text
        self.type = type
        self.column = column
        self.comments: tuple[Comment, ...] = ()
        self.starts = self.newline = self.blank = self.breaks = self.tight = False
        self.padding = 0

    def __repr__(self) -> str:
        return f"Piece({self.text!r})"


def read_pieces(source: Source) -> list[Piece]:
    """Every token of a text without mistakes, in order, and an empty one for its end.

    Raises `SpecError` with the mistakes of syntax where there are any.
    """
    tokens, mistakes = read_tokens(source)
    if mistakes:
        from netdsl.diagnostics import SpecError

        raise SpecError(tuple(mistakes))
    pieces: list[Piece] = []
    end, starts = 0, True
    for token in tokens:
        if token.type == "_NL":
            starts = True
            continue
        start = token.start_pos or 0
        pieces.append(_piece(source, end, start, str(token), token.type))
        pieces[-1].starts = starts
        end, starts = token.end_pos or 0, False
    pieces.append(_piece(source, end, len(source.text), "", "$END"))
    return pieces


def _piece(source: Source, end: int, start: int, text: str, type: str) -> Piece:
    """The token that starts at `start`, where the one before ended at `end`."""
    piece = Piece(text, type, source.position(start)[1])
    first, *further = source.text[end:start].split("\n")
    piece.padding = len(first)
    piece.newline = bool(further)
    comments: list[Comment] = []
    if (written := first.strip()).startswith("#"):
        # At the start of the text a comment has its line for itself.
        padding = len(first) - len(first.lstrip())
        comments.append(Comment(_tidy(written), end == 0, False, padding))
    blank = False
    for line in further[:-1]:
        if written := line.strip():
            comments.append(Comment(_tidy(written), True, blank, 0))
        blank = not written
    if further and (written := further[-1].strip()):  # the last line of a text
        comments.append(Comment(_tidy(written), True, blank, 0))
    piece.comments = tuple(comments)
    piece.blank = blank
    return piece


def _tidy(comment: str) -> str:
    """A comment with a space between its # and a word."""
    return f"# {comment[1:]}" if comment[1:2].isalnum() else comment
