"""From text to text in the one style."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.format.lines import lay_out
from netdsl.format.pieces import Piece, read_pieces
from netdsl.format.rows import read_rows
from netdsl.format.spacing import tighten
from netdsl.source import Source


def format_text(text: str, name: str = "spec") -> str:
    """A spec's text in the one style: the same tokens and comments, other spaces and lines.

    A comma before a closing bracket goes. Lines end as the first one does. Raises `SpecError`,
    whose diagnostics show the text under `name`, where it does not parse; what it means is not
    looked at.
    """
    pieces = read_pieces(Source(name, text))
    written = _written(pieces)
    file = read_rows(pieces)
    tighten(file)
    lines = lay_out(file, 0)
    end = "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"
    formatted = "".join(f"{end if line.blank else ''}{line}{end}" for line in lines)
    again = _written(read_pieces(Source(name, formatted)))
    assert again == written, "formatting would change more than spaces"
    return formatted


def _written(pieces: Sequence[Piece]) -> tuple[list[str], list[str]]:
    """What formatting keeps: the tokens but for last commas, and the comments, both in order."""
    closers = (")", "]")
    tokens = [
        piece.text
        for piece, following in zip(pieces, [*pieces[1:], pieces[-1]], strict=True)
        if not (piece.text == "," and following.text in closers)
    ]
    return tokens, [comment.text for piece in pieces for comment in piece.comments]
