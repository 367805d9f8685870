"""A layout by Graphviz. From: a folded diagram. To: `Placed`, whose edges join innermost boxes.

`dot` is told how large each box, header and label is, and gives places alone: fonts of the machine
do not matter, and everything is drawn as that of the built-in layout is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import ceil, hypot
from typing import Any, TypeAlias

import graphviz

from netdsl.diagnostics import UserError
from netdsl.draw import cards, fonts
from netdsl.draw.diagram import Diagram
from netdsl.draw.dot import RANKS, put
from netdsl.draw.flat import Flat, Flow, Shown, everyone, flat
from netdsl.draw.layered import Direction
from netdsl.draw.placed import Label, Placed, Route, Spot
from netdsl.draw.scene import Point

_INCH = 72.0
_OTHER_WAY = "--layout own draws without it"
# Between an edge and the shape beside it, and behind that text. Graphviz gives a cluster some ten
# points less than its widest label needs.
_TO_LABEL, _AFTER_LABEL = 4.0, 14.0
_LABEL_HEIGHT = cards.SMALL * 1.35
# How far a curve may be from a line to be one.
_FLAT = 0.05

_Object: TypeAlias = "dict[str, Any]"


def place(diagram: Diagram, figures: bool = False, direction: Direction = "down") -> Placed:
    """Places for everything of a diagram; with `figures` boxes have room for theirs.

    Raises `UserError` where `dot` is not installed or fails.
    """
    shown = flat(diagram)
    sizes = _Sizes(figures)
    graph = graphviz.Digraph(
        graph_attr={
            "labeljust": "l",
            "nodesep": "0.25",
            "rankdir": RANKS[direction],
            "ranksep": "0.3",
        },
        node_attr={"fixedsize": "true", "label": "", "shape": "box"},
        edge_attr={"arrowhead": "none"},
    )
    put(graph, shown, sizes)
    return _Places(_run(graph.source), shown, sizes).placed()


class _Sizes:
    """The attributes by which Graphviz knows how large things are, and by which they are found."""

    def __init__(self, figures: bool) -> None:
        self._figures = figures

    def card(self, shown: Shown) -> cards.Card:
        """What stands in a box, or at the top of an open one."""
        of = cards.header if shown.inside else cards.card
        return of(shown.box, self._figures)

    def box(self, shown: Shown) -> dict[str, str]:
        """The size of its card."""
        card = self.card(shown)
        return {"width": f"{card.width / _INCH:.6f}", "height": f"{card.height / _INCH:.6f}"}

    def frame(self, shown: Shown) -> dict[str, str]:
        """Room for its header."""
        card = self.card(shown)
        return {"label": _room(card.width, card.height)}

    def edge(self, flow: Flow) -> dict[str, str]:
        """Room for its label."""
        look = {"id": str(flow.number)}
        if flow.labelled:
            width = fonts.width(cards.shape(flow.edge.type), cards.SMALL)
            look["label"] = _room(_TO_LABEL + width + _AFTER_LABEL, _LABEL_HEIGHT)
        return look


class _Places:
    """Places in what `dot` wrote, turned to begin at the upper left corner."""

    def __init__(self, laid: _Object, shown: Flat, sizes: _Sizes) -> None:
        self._shown = shown
        self._sizes = sizes
        self._objects = {each["name"]: each for each in laid.get("objects", ())}
        self._edges = {int(each["id"]): each for each in laid.get("edges", ())}
        # Boxes and curves may reach beyond the size that `dot` tells.
        corners = [*_corners(laid["bb"]), *self._corners()]
        self._left = min(x for x, _ in corners)
        self._right = max(x for x, _ in corners)
        self._bottom = min(y for _, y in corners)
        self._top = max(y for _, y in corners)

    def placed(self) -> Placed:
        """Everything with its place, frames before what is inside them."""
        return Placed(
            _short(self._right - self._left),
            _short(self._top - self._bottom),
            tuple([self._spot(shown) for shown in everyone(self._shown.boxes)]),
            tuple([self._route(flow) for flow in self._shown.flows]),
            tuple([self._label(flow) for flow in self._shown.flows if flow.labelled]),
        )

    def _corners(self) -> Iterator[Point]:
        for shown in everyone(self._shown.boxes):
            yield from self._rim(shown)
        for flow in self._shown.flows:
            yield from _points(self._edges[flow.number]["pos"])

    def _rim(self, shown: Shown) -> tuple[Point, Point]:
        """The lower left and upper right corner of a box, as `dot` has them."""
        if shown.inside:
            return _corners(self._objects[f"cluster_{shown.id}"]["bb"])
        ((x, y),) = _points(self._objects[shown.id]["pos"])
        card = self._sizes.card(shown)
        across, up = card.width / 2, card.height / 2
        return (x - across, y - up), (x + across, y + up)

    def _spot(self, shown: Shown) -> Spot:
        (left, bottom), (right, top) = self._rim(shown)
        x, y = self._turned((left, top))
        return Spot(
            shown.path,
            shown.box,
            self._sizes.card(shown),
            x,
            y,
            _short(right - left),
            _short(top - bottom),
            bool(shown.inside),
        )

    def _route(self, flow: Flow) -> Route:
        points = map(self._turned, _points(self._edges[flow.number]["pos"]))
        start = here = next(points)
        pieces: list[tuple[Point, ...]] = []
        for piece in zip(points, points, points, strict=True):
            pieces.append(piece[-1:] if _straight(here, piece) else piece)
            here = piece[-1]
        return Route(flow.source.path, flow.target.path, flow.edge, start, tuple(pieces))

    def _label(self, flow: Flow) -> Label:
        text = cards.shape(flow.edge.type)
        width = fonts.width(text, cards.SMALL)
        ((middle, y),) = _points(self._edges[flow.number]["lp"])
        left = middle + (_TO_LABEL - width - _AFTER_LABEL) / 2
        baseline = y - cards.SMALL * (fonts.ASCENT - fonts.DESCENT) / 2
        return Label(text, *self._turned((left, baseline)), width, cards.SMALL)

    def _turned(self, point: Point) -> Point:
        x, y = point
        return _short(x - self._left), _short(self._top - y)


def _run(source: str) -> _Object:
    """What `dot` writes of a graph: its own words in JSON."""
    try:
        written = graphviz.pipe("dot", "json0", source.encode(), quiet=True)
        laid: _Object = json.loads(written)
    except graphviz.ExecutableNotFound as error:
        raise UserError(f"Graphviz' dot is not installed; {_OTHER_WAY}") from error
    except graphviz.CalledProcessError as error:
        words = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        reason = f": {words[0]}" if words else f" with status {error.returncode}"
        raise UserError(f"Graphviz' dot failed{reason}; {_OTHER_WAY}") from error
    except (OSError, ValueError) as error:
        raise UserError(f"Graphviz' dot failed: {error}; {_OTHER_WAY}") from error
    return laid


def _room(width: float, height: float) -> str:
    """An empty label of a size."""
    table = 'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE"'
    size = f'WIDTH="{ceil(width)}" HEIGHT="{ceil(height)}"'
    return f"<<TABLE {table} {size}><TR><TD></TD></TR></TABLE>>"


def _points(text: str) -> list[Point]:
    """Points as `dot` writes them: `27,18 27,36`."""
    found = []
    for point in text.split():
        x, y = point.split(",")
        found.append((float(x), float(y)))
    return found


def _corners(text: str) -> tuple[Point, Point]:
    """The corners of a rectangle as `dot` writes it: `0,0,54,108`."""
    left, bottom, right, top = map(float, text.split(","))
    return (left, bottom), (right, top)


def _straight(start: Point, piece: Sequence[Point]) -> bool:
    """Whether a curve goes straight to its end."""
    across, along = piece[-1][0] - start[0], piece[-1][1] - start[1]
    far = hypot(across, along)
    return all(
        abs((x - start[0]) * along - (y - start[1]) * across) <= _FLAT * far for x, y in piece
    )


def _short(length: float) -> float:
    return round(length, 2)
