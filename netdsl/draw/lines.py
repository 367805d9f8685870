"""Lines as pieces: one of a single point is straight, one of three is a curve to the last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from netdsl.draw.scene import Point

Piece: TypeAlias = tuple[Point, ...]

# Nearer than this, in points, two places are one.
_SAME = 0.01


def curve(start: Point, end: Point) -> Piece:
    """A piece that leaves and arrives along the second axis; straight where it can be."""
    (across, along), (to, stop) = start, end
    if abs(across - to) < _SAME:
        return (end,)
    middle = (along + stop) / 2
    return (across, middle), (to, middle), end


def joined(start: Point, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces, of which straight ones along the second axis that follow each other are one."""
    here = start
    waiting: Piece = ()
    for piece in pieces:
        if piece == (here,):
            continue
        if waiting and (len(piece) > 1 or abs(here[0] - piece[0][0]) >= _SAME):
            yield waiting
            waiting = ()
        if len(piece) > 1:
            yield piece
        else:
            waiting = piece
        here = piece[-1]
    if waiting:
        yield waiting


def shifted(pieces: Iterable[Piece], x: float, y: float) -> tuple[Piece, ...]:
    """Pieces somewhere else."""
    return tuple(tuple((a + x, b + y) for a, b in piece) for piece in pieces)
