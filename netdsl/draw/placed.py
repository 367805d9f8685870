"""A diagram whose boxes and edges have places: what a layout gives, and what is painted.

Lengths are in points from the upper left corner.
"""

from __future__ import annotations

from netdsl.draw.cards import Card
from netdsl.draw.diagram import Box, Edge
from netdsl.draw.scene import Point
from netdsl.record import Record


class Spot(Record):
    """A box with its upper left corner and size, and what is written in it.

    `path` is its full name in the diagram, as `fold.full_name` has it. An `open` one is a frame
    around the boxes inside, with its card at the top.
    """

    path: str
    box: Box
    card: Card
    x: float
    y: float
    width: float
    height: float
    open: bool = False


class Route(Record):
    """The way of an edge: a start, then pieces as those of `scene.Path`.

    `source` and `target` are the full names of the boxes at its ends; one that begins or ends at
    the rim of an open box has the box's name there.
    """

    source: str
    target: str
    edge: Edge
    start: Point
    pieces: tuple[tuple[Point, ...], ...]
    arrow: bool = True


class Label(Record):
    """A tensor's shape beside its edge: the left end of the text and its baseline."""

    text: str
    x: float
    y: float
    width: float
    size: float


class Placed(Record):
    """A whole diagram with places; frames come before what is inside them."""

    width: float
    height: float
    spots: tuple[Spot, ...]
    routes: tuple[Route, ...]
    labels: tuple[Label, ...]
