"""Boxes and edges with places as shapes. From: `Placed`. To: a scene with a legend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.draw import cards, fonts
from netdsl.draw.cards import Card
from netdsl.draw.diagram import Box, Diagram
from netdsl.draw.fold import INTO
from netdsl.draw.lines import shifted
from netdsl.draw.placed import Label, Placed, Route, Spot
from netdsl.draw.scene import Group, Item, Path, Rectangle, Scene, Text
from netdsl.draw.theme import CATEGORIES, known

# Around the picture, between it and its legend, and the least width of a legend in several rows.
MARGIN = 10.0
_TO_LEGEND, _NARROWEST = 14.0, 160.0
_SWATCH, _AFTER_SWATCH, _BETWEEN, _ROW = 9.0, 4.0, 12.0, 14.0
_HEAD = 7.0  # from the rim of an open box to what is written in it
_SHADOW = 2.5  # by how much the second of several alike boxes shows behind the first


def paint(placed: Placed, diagram: Diagram, legend: bool = True) -> Scene:
    """The picture of a diagram, its edges above frames and below the boxes."""
    frames = [_frame(spot) for spot in placed.spots if spot.open]
    boxes = [_box(spot) for spot in placed.spots if not spot.open]
    edges = [_edge(route) for route in placed.routes]
    labels = [_label(label) for label in placed.labels]
    shown: list[Item] = [*frames, *edges, *boxes, *labels]
    return framed(shown, placed, legend, diagram.name, _described(diagram))


def framed(
    shown: Sequence[Item], placed: Placed, legend: bool, title: str, description: str
) -> Scene:
    """A picture of shapes that are drawn for boxes with places: a legend below, a margin around."""
    items, width, height = [*shown], placed.width, placed.height
    if legend:
        keys, breadth, depth = _key(_categories(placed), max(width, _NARROWEST))
        items += [_moved(item, 0.0, height + _TO_LEGEND) for item in keys]
        width, height = max(width, breadth), height + _TO_LEGEND + depth
    inside = tuple(_moved(item, MARGIN, MARGIN) for item in items)
    return Scene(width + 2 * MARGIN, height + 2 * MARGIN, inside, title, description)


def _described(diagram: Diagram) -> str:
    """What a screen reader says of a picture: the way from inputs to outputs, and the figures."""
    boxes = diagram.level.boxes
    names = [cards.title(box) for box in boxes if box.kind not in ("input", "output")]
    way = ", ".join(names[:8] + ["…"] * (len(names) > 8))
    flows = [f"{box.title}: {cards.shape(box.outputs[0])}" for box in boxes if box.kind == "input"]
    figures = f"{diagram.cost.total:,} weights, {cards.short(diagram.cost.macs)} multiply-adds"
    return f"{', '.join(flows)}; {way}. {figures}."


def told(box: Box, path: str) -> str:
    """What a pointer shows of a box: its full name, what it is, its shape and figures."""
    pieces = [path.replace(INTO, ".") if box.nodes else box.name, cards.title(box)]
    pieces += [part.call for part in box.parts[1:]]
    pieces += [cards.shape(type) for type in box.outputs]
    if text := cards.cost(box):
        pieces.append(text)
    pieces.append(f"line {box.span.line}")
    return "\n".join(dict.fromkeys(pieces))


def written(card: Card, middle: float, top: float, color: str = "text") -> Iterator[Text]:
    """The lines of a card around a middle, from its top."""
    begin = top + (card.height - cards.height(card.lines)) / 2
    for line, y in zip(card.lines, cards.baselines(card.lines, begin), strict=True):
        role = "faint" if line.faint else color
        yield Text(middle, y, line.text, line.size, role, line.width, "middle", line.bold)


def _frame(spot: Spot) -> Group:
    category = known(spot.box.category)
    rim = Rectangle(
        spot.x, spot.y, spot.width, spot.height, "frame.fill", f"{category}.stroke", 6.0,
        0.75, spot.box.training,
    )  # fmt: skip
    lines = [
        line.replace(x=spot.x + _HEAD, anchor="start")
        for line in written(spot.card, spot.x, spot.y)
    ]
    return Group((rim, *lines), told(spot.box, spot.path), spot.path)


def _box(spot: Spot) -> Group:
    """A folded box; one that stands for several has another behind it."""
    category = known(spot.box.category)
    radius = spot.height / 2 if spot.box.kind in ("input", "output") else 3.0
    plain = Rectangle(
        spot.x, spot.y, spot.width, spot.height, f"{category}.fill", f"{category}.stroke", radius,
        0.75, spot.box.training,
    )  # fmt: skip
    behind: tuple[Item, ...] = ()
    if spot.box.count > 1:
        behind = (plain.replace(x=plain.x + _SHADOW, y=plain.y + _SHADOW),)
    top = spot.y + (spot.height - spot.card.height) / 2
    lines = written(spot.card, spot.x + spot.width / 2, top)
    return Group((*behind, plain, *lines), told(spot.box, spot.path), spot.path)


def _edge(route: Route) -> Path:
    return Path(route.start, route.pieces, "edge", dashed=route.edge.training, arrow=route.arrow)


def _label(label: Label) -> Text:
    return Text(label.x, label.y, label.text, label.size, "faint", label.width)


def _categories(placed: Placed) -> list[str]:
    """The categories of the boxes that are shown, in the order of the theme."""
    used = {known(spot.box.category) for spot in placed.spots}
    return [category for category in CATEGORIES if category in used]


def _key(categories: list[str], width: float) -> tuple[list[Item], float, float]:
    """A legend in rows of at most a width: its shapes, its width and its height."""
    items: list[Item] = []
    x, row, breadth = 0.0, 0, 0.0
    for category in categories:
        text = CATEGORIES[category][0]
        room = fonts.width(text, cards.SMALL)
        if x and x + _SWATCH + _AFTER_SWATCH + room > width:
            x, row = 0.0, row + 1
        y = row * _ROW
        fill, stroke = f"{category}.fill", f"{category}.stroke"
        items.append(Rectangle(x, y, _SWATCH, _SWATCH, fill, stroke, 2.0))
        at = x + _SWATCH + _AFTER_SWATCH
        items.append(Text(at, y + cards.SMALL * 0.95, text, cards.SMALL, "text", room))
        breadth = max(breadth, at + room)
        x = at + room + _BETWEEN
    return items, breadth, row * _ROW + _SWATCH


def _moved(item: Item, x: float, y: float) -> Item:
    """A shape somewhere else."""
    if isinstance(item, Group):
        return item.replace(items=tuple(_moved(inner, x, y) for inner in item.items))
    if isinstance(item, Path):
        start = item.start[0] + x, item.start[1] + y
        return item.replace(start=start, pieces=shifted(item.pieces, x, y))
    return item.replace(x=item.x + x, y=item.y + y)
