"""A picture as shapes with places: what every writer of a format draws.

Lengths are in points, 72 to an inch, from the upper left corner to the right and down. Colours are
roles, such as `conv.fill`, that a theme gives; see `theme.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from netdsl.record import Record

Point: TypeAlias = tuple[float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]


class Rectangle(Record):
    """A rectangle; `radius` rounds its corners, a `stroke` of none leaves out its outline."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None
    stroke: str | None
    radius: float = 0.0
    line: float = 0.75
    dashed: bool = False


class Path(Record):
    """A line from a point through pieces: a piece of one point is straight, one of three is a
    cubic curve by two control points and its end. A closed path may be filled. `arrow` puts a
    head at its end, whose tip is the last point."""

    start: Point
    pieces: tuple[tuple[Point, ...], ...]
    stroke: str | None
    fill: str | None = None
    line: float = 0.75
    dashed: bool = False
    arrow: bool = False
    closed: bool = False


class Text(Record):
    """A line of text: `x` is its start, middle or end, `y` its baseline, `size` the font's.

    `width` is how wide it is in the picture's font. `rotated` turns it a quarter to the left about
    its point, so that it reads upwards.
    """

    x: float
    y: float
    text: str
    size: float
    color: str
    width: float
    anchor: Anchor = "start"
    bold: bool = False
    rotated: bool = False


class Group(Record):
    """Shapes that belong together; `title` is what a screen reader says and a pointer shows.

    `name` is the full name of the box, for programs: `stage1.unit2`; empty for what is no box.
    """

    items: tuple[Item, ...]
    title: str = ""
    name: str = ""


Item: TypeAlias = "Rectangle | Path | Text | Group"


class Scene(Record):
    """A whole picture, drawn in order: later items cover earlier ones."""

    width: float
    height: float
    items: tuple[Item, ...]
    title: str
    description: str


def shapes(items: tuple[Item, ...]) -> Iterator[Rectangle | Path | Text]:
    """The shapes in order of drawing, those of groups among them."""
    for item in items:
        if isinstance(item, Group):
            yield from shapes(item.items)
        else:
            yield item
