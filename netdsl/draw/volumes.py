"""Feature maps as boxes to scale, in the manner of the figures of AlexNet, VGG and U-Net.

From: a net's diagram. To: a scene. A box is what flows out of a layer: its height and its depth
into the picture are those of the tensor, to one scale; its thickness grows with the logarithm of
the channels. Vectors are bars, whose height grows likewise. Branches are lanes, skips lines that
pass other boxes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from netdsl.draw import cards, fonts
from netdsl.draw.cards import Card
from netdsl.draw.diagram import Box, Diagram, Level
from netdsl.draw.fit import MOST, WIDEST
from netdsl.draw.flat import everyone, flat
from netdsl.draw.layered import place
from netdsl.draw.paint import MARGIN, framed, told
from netdsl.draw.placed import Placed, Route, Spot
from netdsl.draw.scene import Anchor, Group, Item, Path, Point, Scene, Text
from netdsl.draw.shorten import gathered, regions
from netdsl.draw.theme import known
from netdsl.record import Record
from netdsl.tensor import Dim, TensorType

# The height of the largest feature map and that of the longest vector, in points.
_TALLEST, _LONGEST = 90.0, 72.0
_LEAST = 3.0
# What stands for a size that is known only at run time.
_UNKNOWN = 0.6
# How far depth goes to the right and up, as shares of it.
_RIGHT, _UP = 0.16, 0.16
_THICKNESS = 1.6  # for each doubling of the channels
_BAR = 6.0
_GAP, _MORE = 4.0, 8.0
_TO_TEXT = 4.0
# What a page has room for below one another.
_HIGHEST = 700.0
_COLUMN = cards.SMALL * 1.3


class Volume(Record):
    """A box's size: of its front, and how far its depth goes to the right and up."""

    width: float
    height: float
    right: float = 0.0
    up: float = 0.0


def volumes(diagram: Diagram, legend: bool = True) -> Scene:
    """The picture: open as far as it stays readable when it is as wide as a page."""
    measure, placed = _fitted(diagram)
    items: list[Item] = [_line(route, placed) for route in placed.routes]
    items += [measure.drawn(spot) for spot in placed.spots]
    return framed(items, placed, legend, diagram.name, _described(placed.spots))


def _fitted(diagram: Diagram) -> tuple[_Measure, Placed]:
    """The most open diagram that fits, as boxes without frames; else the one least open."""
    for shown in _candidates(diagram):
        level = _flattened(shown)
        if len(level.boxes) <= MOST:
            measure = _Measure(level)
            flattened = diagram.replace(level=level)
            placed = place(flattened, measure.card, "right", False, _GAP, _MORE)
            if placed.width + 2 * MARGIN <= WIDEST and placed.height <= _HIGHEST:
                break
    return measure, placed


def _candidates(diagram: Diagram) -> Iterator[Diagram]:
    """The diagram open throughout, then with ever larger blocks folded, then in pieces."""
    heights: dict[Level, int] = {}
    tallest = _height(diagram.level, heights)
    for least in range(tallest + 1):
        yield diagram.replace(level=_opened(diagram.level, least, heights))
    short = gathered(diagram.level, regions(diagram.level))
    for count in (MOST // 3, MOST // 6):
        pieces = _pieces(short, count)
        yield diagram.replace(level=pieces.replace(boxes=tuple(map(_closed, pieces.boxes))))


def _height(level: Level, known: dict[Level, int]) -> int:
    """How many levels of boxes are inside the boxes of a level."""
    if level not in known:
        inner = [1 + _height(box.inside, known) for box in level.boxes if box.inside]
        known[level] = max(inner, default=0)
    return known[level]


def _opened(level: Level, least: int, heights: dict[Level, int]) -> Level:
    """The level with the boxes open that have at least so many levels in what they have inside."""
    boxes = []
    for box in level.boxes:
        opens = box.inside and box.kind != "summary" and heights[box.inside] >= least
        if opens and box.inside:
            boxes.append(box.replace(inside=_opened(box.inside, least, heights)))
        else:
            boxes.append(_closed(box))
    return level.replace(boxes=tuple(boxes))


def _closed(box: Box) -> Box:
    """A box with nothing inside, in the colour of what computes most in it."""
    if box.inside is None:
        return box
    most = max(_layers(box.inside), key=_work)
    return box.replace(inside=None, category=most.category)


def _layers(level: Level) -> Iterator[Box]:
    for box in level.boxes:
        yield from _layers(box.inside) if box.inside is not None else (box,)


def _work(box: Box) -> tuple[int, int]:
    macs = box.cost.macs
    return (macs if isinstance(macs, int) else 1), box.cost.weights


def _pieces(level: Level, count: int) -> Level:
    """The level in at most so many boxes, neighbours together."""
    at_once = math.ceil(len(level.boxes) / count)
    numbers = range(len(level.boxes))
    return gathered(level, [numbers[at : at + at_once] for at in numbers[::at_once]])


def _flattened(diagram: Diagram) -> Level:
    """The innermost boxes with what flows between them.

    Outputs need none of their own; what exists in training only is left out.
    """
    shown = flat(diagram)
    inner = [each for each in everyone(shown.boxes) if not each.inside]
    inner = [each for each in inner if each.box.outputs and not each.training]
    numbers = {each.number: at for at, each in enumerate(inner)}
    boxes = tuple(each.box.replace(name=each.path, inside=None) for each in inner)
    edges = tuple(
        flow.edge.replace(source=numbers[flow.source.number], target=numbers[flow.target.number])
        for flow in shown.flows
        if flow.source.number in numbers and flow.target.number in numbers
    )
    return Level(boxes, edges, (), ())


class _Measure:
    """Sizes of boxes, to the scale of the largest in a level, and how they are drawn."""

    def __init__(self, level: Level) -> None:
        types = [box.outputs[0] for box in level.boxes]
        maps = [size for type in types if type.rank >= 2 for size in _sizes(type)]
        self._largest = max([size for size in maps if isinstance(size, int)], default=1)
        lengths = [type.shape[0] for type in types if type.rank == 1]
        self._longest = max([size for size in lengths if isinstance(size, int)], default=1)
        self._told = _changes(level)

    def volume(self, type: TensorType) -> Volume:
        """The size of a tensor's box."""
        if type.rank < 2:
            length = type.shape[0] if type.shape else 1
            share = _doublings(length) / max(math.log2(1 + self._longest), 1.0)
            return Volume(_BAR, max(share * _LONGEST, _LEAST))
        height, depth = (self._scaled(size) for size in _sizes(type))
        width = _LEAST + _THICKNESS * _doublings(type.shape[-1])
        if type.rank == 2:
            return Volume(width, height)
        return Volume(width, height, depth * _RIGHT, depth * _UP)

    def card(self, box: Box) -> Card:
        """The room of a box with its texts above and below."""
        volume = self.volume(box.outputs[0])
        lines = cards.broken(cards.title(box), cards.SMALL)
        below = max(fonts.width(line, cards.SMALL) for line in lines)
        above = fonts.width(self._shape(box), cards.SMALL)
        half = (volume.height + volume.up) / 2
        middle = half + (_TO_TEXT + above if above else 0.0)
        width = max(volume.width + volume.right, len(lines) * _COLUMN)
        return Card((), width, middle + half + _TO_TEXT + below, middle)

    def drawn(self, spot: Spot) -> Group:
        """A box with its name below and its shape above, both upwards."""
        box, volume = spot.box, self.volume(spot.box.outputs[0])
        category = known(box.category)
        left = spot.x + (spot.width - volume.width - volume.right) / 2
        assert spot.card.middle is not None
        top = spot.y + spot.card.middle - (volume.height - volume.up) / 2
        items: list[Item] = list(_faces(left, top, volume, category, box.training))
        middle = spot.x + spot.width / 2
        lines = cards.broken(cards.title(box), cards.SMALL)
        for at, line in enumerate(lines):
            x = middle + (at - (len(lines) - 1) / 2) * _COLUMN
            items.append(_upwards(line, x, top + volume.height + _TO_TEXT, "end", "text"))
        if text := self._shape(box):
            bottom = top - volume.up - _TO_TEXT
            items.append(_upwards(text, middle, bottom, "start", "faint"))
        return Group(tuple(items), told(box, box.name), box.name)

    def _shape(self, box: Box) -> str:
        """The shape of what flows out, empty where it is that of what flows in."""
        return cards.shape(box.outputs[0]) if box.name in self._told else ""

    def _scaled(self, size: Dim) -> float:
        share = size / self._largest if isinstance(size, int) else _UNKNOWN
        return max(share * _TALLEST, _LEAST)


def _upwards(text: str, x: float, y: float, anchor: Anchor, color: str) -> Text:
    """A text that reads upwards along a line: from `y` on, or up to it where that is its end."""
    width = fonts.width(text, cards.SMALL)
    baseline = x + cards.SMALL * (fonts.ASCENT - fonts.DESCENT) / 2
    return Text(baseline, y, text, cards.SMALL, color, width, anchor, rotated=True)


def _faces(x: float, y: float, volume: Volume, category: str, dashed: bool) -> Iterator[Path]:
    """The front of a box, and where it has depth its top and its side."""
    right, bottom = x + volume.width, y + volume.height
    back = volume.right, -volume.up

    def face(*corners: Point) -> Path:
        pieces = tuple((corner,) for corner in (*corners[1:], corners[0]))
        fill, stroke = f"{category}.fill", f"{category}.stroke"
        return Path(corners[0], pieces, stroke, fill, dashed=dashed, closed=True)

    def behind(point: Point) -> Point:
        return point[0] + back[0], point[1] + back[1]

    if volume.right:
        yield face((x, y), (right, y), behind((right, y)), behind((x, y)))
        yield face((right, y), (right, bottom), behind((right, bottom)), behind((right, y)))
    yield face((x, y), (right, y), (right, bottom), (x, bottom))


def _line(route: Route, placed: Placed) -> Path:
    """An edge from the middle of its box to that of the next, below both."""
    widths = {spot.path: spot.width for spot in placed.spots}
    before, after = widths[route.source] / 2, widths[route.target] / 2
    x, y = route.start
    end = route.pieces[-1][-1]
    pieces = (((x, y),), *route.pieces, ((end[0] + after, end[1]),))
    return Path((x - before, y), pieces, "edge", dashed=route.edge.training)


def _changes(level: Level) -> set[str]:
    """The names of the boxes out of which another shape flows than into them."""
    same: dict[int, bool] = {}
    for edge in level.edges:
        alike = edge.type == level.boxes[edge.target].outputs[0]
        same[edge.target] = same.get(edge.target, True) and alike
    return {box.name for at, box in enumerate(level.boxes) if not same.get(at, False)}


def _sizes(type: TensorType) -> tuple[Dim, Dim]:
    """The height and width of a map; a sequence has its length and one."""
    if type.rank == 2:
        return type.shape[0], 1
    return type.shape[-3], type.shape[-2]


def _doublings(size: Dim) -> float:
    return math.log2(1 + size) if isinstance(size, int) else math.log2(64)


def _described(spots: Sequence[Spot]) -> str:
    """What a screen reader says: the shapes in order."""
    shapes = [f"{cards.title(spot.box)} {cards.shape(spot.box.outputs[0])}" for spot in spots]
    return ", ".join(shapes[:12] + ["…"] * (len(shapes) > 12))
