"""The built-in layout: rows of boxes from the input to the output, a level inside its box.

From: a diagram with folded and open boxes. To: `Placed`. A chain of boxes is a straight line,
branches stand side by side, and what passes boxes by runs beside them. It does not choose what is
open; see `fit.py`.

Places are found across and along the way of the tensors, and turned into x and y at the end: down
the page or to the right. See `ranks.py` and `align.py` for the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, TypeVar

from netdsl.draw import cards, fonts
from netdsl.draw.align import Extent, aligned
from netdsl.draw.cards import Card
from netdsl.draw.diagram import ENTRY, EXIT, Box, Diagram, Edge, Level
from netdsl.draw.fold import full_name
from netdsl.draw.lines import Piece, curve, joined, shifted
from netdsl.draw.placed import Label, Placed, Route, Spot
from netdsl.draw.ranks import Link, Slot, ranked
from netdsl.draw.scene import Point
from netdsl.record import Record

Direction: TypeAlias = Literal["down", "right"]
Measure: TypeAlias = Callable[[Box], Card]
_Lying = TypeVar("_Lying", Spot, Label)

# Half the room between neighbours in a row, that around what passes, and inside an open box.
_BESIDE, _PASSING, _INSIDE = 6.0, 5.0, 9.0
# Between rows: room for a straight line with its head, and more where lines move across.
_GAP, _MOST_MORE, _MORE = 11.0, 28.0, 0.16
# How much of a line before a box is straight.
_HEAD = 7.0
# Between an edge and the shape beside it, and behind that text.
_TO_LABEL, _AFTER_LABEL = 4.0, 3.0
_LABEL_HEIGHT = cards.SMALL * 1.35 + 2.0
# How far a box may stand from the beginning of its row.
_LOWER = 14.0
# Between the ends of several edges at one box.
_ENDS = 18.0


def place(
    diagram: Diagram,
    measure: Measure = cards.card,
    direction: Direction = "down",
    labels: bool = True,
    gap: float = _GAP,
    most: float = _MOST_MORE,
    head: Measure = cards.header,
) -> Placed:
    """Places for everything of a diagram.

    `measure` gives what a folded box shows and its size, `head` what an open one shows. `labels`
    says whether edges show the shapes of their tensors. `gap` is the room between rows, in points,
    and `most` how much more there may be for edges that move across.
    """
    way = _Way(measure, direction == "down", labels, gap, most, head)
    laid = _Rows(way, diagram.level, "", None).laid()
    return Placed(laid.width, laid.height, laid.spots, laid.routes, laid.labels)


class _Laid(Record):
    """A level with places of its own, from its upper left corner.

    `entries` and `exits` are the places across at which tensors enter and leave.
    """

    width: float
    height: float
    entries: tuple[float, ...]
    exits: tuple[float, ...]
    spots: tuple[Spot, ...]
    routes: tuple[Route, ...]
    labels: tuple[Label, ...]


class _Way(Record):
    """Which way tensors flow, what boxes measure, and what stands between them."""

    measure: Measure
    down: bool
    labels: bool
    gap: float
    most: float
    head: Measure

    def turned(self, one: float, other: float) -> Point:
        """Across and along as x and y, and the other way round."""
        return (one, other) if self.down else (other, one)

    def label(self, text: str) -> tuple[Extent, float]:
        """How far a label reaches across on both sides of its edge, and its room along it."""
        width = _TO_LABEL + fonts.width(text, cards.SMALL) + _AFTER_LABEL
        if self.down:
            return Extent(0.0, width), _LABEL_HEIGHT
        return Extent(_LABEL_HEIGHT, 0.0), width


class _Shape(Record):
    """A box's size across and along, its card, and its inside where it is open.

    `before` is the part of it across that comes before its middle, where tensors flow.
    """

    across: float
    along: float
    before: float
    card: Card
    inside: _Laid | None


class _Rows:
    """One level while its rows get their places."""

    def __init__(self, way: _Way, level: Level, path: str, head: Card | None) -> None:
        self._way = way
        self._level = level
        self._path = path
        self._head = head
        self._ranks = ranked(level)
        self._shapes = [self._shape(box) for box in level.boxes]
        self._texts = self._shown()
        self._offsets = self._ends()
        extents = [{slot: self._extent(slot) for slot in row} for row in self._ranks.rows]
        self._across = aligned(self._ranks, extents, self._offsets)
        self._breadth = self._shift(extents)
        self._tops: list[float] = []
        self._bottoms: list[float] = []
        self._trunks: list[float] = []
        self._length = self._along()
        self._row_of = {
            slot.number: at
            for at, row in enumerate(self._ranks.rows)
            for slot in row
            if slot.kind == "box"
        }

    def laid(self) -> _Laid:
        """The level with everything in its place."""
        width, height = self._way.turned(self._breadth, self._length)
        spots: list[Spot] = []
        routes = [self._route(number) for number in range(len(self._level.edges))]
        labels = [self._label(*tensor) for tensor in self._texts]
        for number, shape in enumerate(self._shapes):
            spot = self._spot(number)
            spots.append(spot)
            if shape.inside is not None:
                spots += [_moved(inner, spot) for inner in shape.inside.spots]
                routes += [_route_moved(inner, spot) for inner in shape.inside.routes]
                labels += [_moved(inner, spot) for inner in shape.inside.labels]
        return _Laid(
            width,
            height,
            self._ports("entry", 0),
            self._ports("exit", -1),
            tuple(spots),
            tuple(routes),
            tuple(labels),
        )

    def _shape(self, box: Box) -> _Shape:
        """The size of a box, with what is inside."""
        if box.inside is None:
            card = self._way.measure(box)
            if self._way.down and len(box.outputs) > 1:
                # The first leaves in the middle, the others to its right.
                *apart, _ = self._label_widths(box)
                card = card.replace(width=max(card.width, 2 * (sum(apart) + _TO_LABEL)))
            across, along = self._way.turned(card.width, card.height)
            uneven = card.middle is not None and not self._way.down
            before = card.middle if uneven and card.middle is not None else across / 2
            return _Shape(across, along, before, card, None)
        head = self._way.head(box)
        inside = _Rows(self._way, box.inside, self._named(box), head).laid()
        across, along = self._way.turned(inside.width, inside.height)
        return _Shape(across, along, across / 2, head, inside)

    def _named(self, box: Box) -> str:
        return full_name(self._path, box)

    def _shown(self) -> dict[tuple[int, int], str]:
        """The shapes beside edges: one for each tensor that a box of the level gives to another.

        What flows out of the level has its shape outside.
        """
        if not self._way.labels:
            return {}
        return {
            (edge.source, edge.output): cards.shape(edge.type)
            for edge in self._level.edges
            if edge.source != ENTRY and edge.target != EXIT
        }

    def _ends(self) -> dict[tuple[Slot, bool, int], float]:
        """How far the ends of edges at each box are from its middle."""
        found: dict[tuple[Slot, bool, int], float] = {}
        for number, shape in enumerate(self._shapes):
            slot = Slot("box", number)
            if shape.inside is not None:
                middle = shape.across / 2
                for port, place in enumerate(shape.inside.entries):
                    found[slot, False, port] = place - middle
                for port, place in enumerate(shape.inside.exits):
                    found[slot, True, port] = place - middle
                continue
            inputs, main = self._inputs(slot)
            # Where texts stand above and below the middle, edges meet in it.
            rim = shape.across if shape.card.middle is None else 0.0
            for port, place in zip(inputs, _spread(len(inputs), rim, main), strict=True):
                found[slot, False, port] = place
            box = self._level.boxes[number]
            if self._way.down and len(box.outputs) > 1:
                # Each as far from the next as its shape is wide.
                at = 0.0
                for port, width in enumerate(self._label_widths(box)):
                    found[slot, True, port], at = at, at + width
                continue
            for port, place in enumerate(_spread(len(box.outputs), shape.across)):
                found[slot, True, port] = place
        return found

    def _label_widths(self, box: Box) -> list[float]:
        """How much room the shapes of a box's outputs take side by side."""
        reaches = [self._way.label(cards.shape(type))[0] for type in box.outputs]
        return [_TO_LABEL + reach.after for reach in reaches]

    def _inputs(self, slot: Slot) -> tuple[list[int], int | None]:
        """The inputs of a box in the order in which their edges arrive, and which is in the middle.

        That is the only one that comes from the row before; others have passed boxes beside it.
        """
        for at, links in enumerate(self._ranks.links):
            into = [link for link in links if link.target == slot]
            if into:
                order = {source: place for place, source in enumerate(self._ranks.rows[at])}
                into.sort(key=lambda link: (order[link.source], link.output, link.input))
                inputs = list(dict.fromkeys(link.input for link in into))
                near = {link.input for link in into if link.source.kind != "pass"}
                return inputs, inputs.index(*near) if len(near) == 1 else None
        return [], None

    def _extent(self, slot: Slot) -> Extent:
        """How far a slot reaches across to both sides."""
        if slot.kind == "pass":
            return Extent(_PASSING, _PASSING)
        if slot.kind == "exit":
            # What flows out has its shape outside, beside the next.
            text = cards.shape(self._level.exits[slot.number])
            after = self._way.label(text)[0].after if len(self._level.exits) > 1 else 0.0
            return Extent(_ENDS / 2, max(after, _ENDS / 2))
        if slot.kind == "entry":
            head = self._head.width if self._head and self._way.down and not slot.number else 0.0
            return Extent(max(head, _ENDS / 2), _ENDS / 2)
        before = self._shapes[slot.number].before
        after = self._shapes[slot.number].across - before
        for (source, output), text in self._texts.items():
            if source == slot.number:
                reach, _ = self._way.label(text)
                offset = self._offsets.get((slot, True, output), 0.0)
                before = max(before, reach.before - offset)
                after = max(after, reach.after + offset)
        return Extent(before + _BESIDE, after + _BESIDE)

    def _shift(self, extents: Sequence[dict[Slot, Extent]]) -> float:
        """Moves all rows to begin at the level's rim; the breadth of the whole."""
        edge = _INSIDE if self._head else 0.0
        ahead = self._head.height if self._head and not self._way.down else edge
        lows = [
            places[slot] - reach[slot].before + (_BESIDE if slot.kind == "box" else 0.0)
            for places, reach in zip(self._across, extents, strict=True)
            for slot in places
        ]
        highs = [
            places[slot] + reach[slot].after - (_BESIDE if slot.kind == "box" else 0.0)
            for places, reach in zip(self._across, extents, strict=True)
            for slot in places
        ]
        low, high = min(lows), max(highs)
        for places in self._across:
            for slot in places:
                places[slot] += ahead - low
        narrowest = self._head.width if self._head and self._way.down else 0.0
        return max(ahead + high - low + edge, narrowest)

    def _along(self) -> float:
        """Gives each row its room along the way; the length of the whole."""
        ranks, at = self._ranks, 0.0
        if self._head and self._way.down:
            at = self._head.height if not self._level.entries else 0.0
        for number, row in enumerate(ranks.rows):
            boxes = [self._shapes[slot.number].along for slot in row if slot.kind == "box"]
            room = max(boxes, default=0.0)
            if self._head and self._way.down and row[0].kind == "entry":
                room = self._head.height
            labels = [
                self._way.label(text)[1]
                for (source, _), text in self._texts.items()
                if Slot("box", source) in self._across[number]
            ]
            self._tops.append(at)
            self._bottoms.append(at + room)
            self._trunks.append(at + room + max(labels, default=0.0))
            at = self._trunks[-1]
            if number < len(ranks.links):
                moves = [self._move(number, link) for link in ranks.links[number]]
                at += self._way.gap + min(_MORE * max(moves, default=0.0), self._way.most)
        narrowest = self._head.width if self._head and not self._way.down else 0.0
        return max(at, narrowest)

    def _move(self, number: int, link: Link) -> float:
        """How far a link goes across."""
        start = self._end(number, link.source, True, link.output)
        return abs(self._end(number + 1, link.target, False, link.input) - start)

    def _end(self, row: int, slot: Slot, outgoing: bool, port: int) -> float:
        return self._across[row][slot] + self._offsets.get((slot, outgoing, port), 0.0)

    def _ports(self, kind: str, row: int) -> tuple[float, ...]:
        places = self._across[row] if self._across else {}
        slots = sorted((s for s in places if s.kind == kind), key=lambda slot: slot.number)
        return tuple(places[slot] for slot in slots)

    def _top(self, number: int) -> float:
        """Where a box begins along the way: in the middle of its row, unless that is long."""
        row = self._row_of[number]
        spare = self._bottoms[row] - self._tops[row] - self._shapes[number].along
        return self._tops[row] + min(spare / 2, _LOWER)

    def _spot(self, number: int) -> Spot:
        box, shape = self._level.boxes[number], self._shapes[number]
        across = self._across[self._row_of[number]][Slot("box", number)] - shape.before
        x, y = self._way.turned(across, self._top(number))
        width, height = self._way.turned(shape.across, shape.along)
        open = shape.inside is not None
        return Spot(self._named(box), box, shape.card, x, y, width, height, open)

    def _label(self, source: int, output: int) -> Label:
        text = self._texts[source, output]
        row, slot = self._row_of[source], Slot("box", source)
        across = self._end(row, slot, True, output)
        along = self._top(source) + self._shapes[source].along
        width = fonts.width(text, cards.SMALL)
        if self._way.down:
            y = along + cards.SMALL * 1.15 + 2.0
            return Label(text, across + _TO_LABEL, y, width, cards.SMALL)
        return Label(text, along + _TO_LABEL, across - cards.SMALL * 0.4, width, cards.SMALL)

    def _route(self, number: int) -> Route:
        """The way of an edge: straight through rows, curved between them."""
        edge, slots = self._level.edges[number], self._ranks.ways[number]
        gap = self._way.gap
        row = 0 if edge.source == ENTRY else self._row_of[edge.source]
        port = edge.output if slots[0].kind == "box" else 0
        across = self._end(row, slots[0], True, port)
        start = across, self._leaves(edge, row)
        points: list[Piece] = []
        for slot in slots[1:]:
            points.append(((across, self._trunks[row]),))
            row += 1
            port = edge.input if slot.kind == "box" else 0
            end = self._end(row, slot, False, port)
            stop = self._tops[row] - (min(_HEAD, gap / 2) if slot.kind == "box" else 0.0)
            points.append(curve((across, self._trunks[row - 1]), (end, stop)))
            across = end
        points.append(((across, self._arrives(edge, row)),))
        arrives_open = edge.target == EXIT or self._shapes[edge.target].inside is not None
        return Route(
            self._name_of(edge.source),
            self._name_of(edge.target),
            edge,
            self._way.turned(*start),
            tuple(
                tuple(self._way.turned(*point) for point in piece)
                for piece in joined(start, points)
            ),
            not arrives_open,
        )

    def _leaves(self, edge: Edge, row: int) -> float:
        if edge.source == ENTRY:
            return self._tops[row]
        return self._top(edge.source) + self._shapes[edge.source].along

    def _arrives(self, edge: Edge, row: int) -> float:
        return self._length if edge.target == EXIT else self._top(edge.target)

    def _name_of(self, number: int) -> str:
        return self._path if number in (ENTRY, EXIT) else self._named(self._level.boxes[number])


def _spread(count: int, across: float, middle: int | None = None) -> list[float]:
    """Places for so many ends at the rim of a box, around the middle of all or around one."""
    if middle is None:
        apart = min(_ENDS, max(across - 12.0, 0.0) / max(count - 1, 1))
        return [(number - (count - 1) / 2) * apart for number in range(count)]
    beside = max(middle, count - 1 - middle, 1)
    apart = min(_ENDS, max(across / 2 - 6.0, 0.0) / beside)
    return [(number - middle) * apart for number in range(count)]


def _moved(one: _Lying, by: Spot) -> _Lying:
    """A spot or label of an inner level, in its box's place."""
    return one.replace(x=one.x + by.x, y=one.y + by.y)


def _route_moved(route: Route, by: Spot) -> Route:
    start = route.start[0] + by.x, route.start[1] + by.y
    return route.replace(start=start, pieces=shifted(route.pieces, by.x, by.y))
