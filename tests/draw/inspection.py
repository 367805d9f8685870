"""A program that looks at pictures: what overlaps, what leaves its box, which edge is missing.

It measures text by the font's file and follows the edges of the graph itself, so that it shares
nothing with what draws but the shapes and places that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations
from typing import NamedTuple

from PIL import ImageFont

from netdsl.draw import fonts
from netdsl.draw.diagram import ENTRY, EXIT, Box, Level
from netdsl.draw.placed import Placed
from netdsl.draw.scene import Group, Item, Path, Rectangle, Scene, Text, shapes
from netdsl.graph import Graph, Node, Run, named_nodes

# What rounding may add, in points.
_NEAR = 0.6


class Area(NamedTuple):
    """A rectangle by its left, upper, right and lower rim."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Area) -> bool:
        """Whether both share more than a rim."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > _NEAR and down > _NEAR

    def holds(self, other: Area) -> bool:
        """Whether the other is inside."""
        return (
            self.left <= other.left + _NEAR
            and self.top <= other.top + _NEAR
            and self.right >= other.right - _NEAR
            and self.bottom >= other.bottom - _NEAR
        )


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(fonts.file(bold)), 1000)


def area(text: Text) -> Area:
    """Where a text's letters are, as FreeType measures them."""
    wide = _font(text.bold).getlength(text.text) * text.size / 1000
    high, low = 0.73 * text.size, 0.1 * text.size
    start = {"start": 0.0, "middle": wide / 2, "end": wide}[text.anchor]
    if text.rotated:
        return Area(text.x - high, text.y - wide + start, text.x + low, text.y + start)
    return Area(text.x - start, text.y - high, text.x - start + wide, text.y + low)


def text_faults(scene: Scene) -> Iterator[str]:
    """Texts that overlap, leave the picture, are too small, or leave their box."""
    texts = [shape for shape in shapes(scene.items) if isinstance(shape, Text)]
    page = Area(0, 0, scene.width, scene.height)
    scale = min(1.0, 468.0 / scene.width)
    for text in texts:
        if not page.holds(area(text)):
            yield f"{text.text!r} leaves the picture"
        if text.size * scale < 7 - 1e-6:
            yield f"{text.text!r} has {text.size * scale:.2f} points"
    ordered = sorted(((area(text), text.text) for text in texts), key=lambda pair: pair[0].top)
    for at, (one, name) in enumerate(ordered):
        for other, another in ordered[at + 1 :]:
            if other.top >= one.bottom:
                break
            if one.overlaps(other):
                yield f"{name!r} overlaps {another!r}"


def box_faults(scene: Scene) -> Iterator[str]:
    """Texts outside of their box, labels over boxes, boxes that overlap without being nested."""
    boxes: list[tuple[Area, str]] = []
    for group in _groups(scene.items):
        rims = [shape for shape in group.items if isinstance(shape, Rectangle)]
        if not rims:
            continue
        rim = rims[-1]
        own = Area(rim.x, rim.y, rim.x + rim.width, rim.y + rim.height)
        boxes.append((own, group.name))
        for shape in group.items:
            if isinstance(shape, Text) and not own.holds(area(shape)):
                yield f"{shape.text!r} leaves the box {group.name}"
    for (one, name), (other, another) in combinations(boxes, 2):
        if one.overlaps(other) and not (one.holds(other) or other.holds(one)):
            yield f"{name} overlaps {another}"
    frames = {name for (one, name), (other, _) in combinations(boxes, 2) if one.holds(other)}
    free = [shape for shape in scene.items if isinstance(shape, Text)]
    for text in free:
        for rim, name in boxes:
            if name not in frames and rim.overlaps(area(text)):
                yield f"{text.text!r} covers the box {name}"


def face_faults(scene: Scene) -> Iterator[str]:
    """Texts over a box of volumes, and such boxes that overlap."""
    boxes: list[tuple[Area, str]] = []
    for group in _groups(scene.items):
        points = [
            point
            for shape in group.items
            if isinstance(shape, Path) and shape.closed
            for point in (shape.start, *(piece[-1] for piece in shape.pieces))
        ]
        if points:
            across, down = zip(*points, strict=True)
            boxes.append((Area(min(across), min(down), max(across), max(down)), group.name))
    texts = [(area(shape), shape.text) for shape in shapes(scene.items) if isinstance(shape, Text)]
    for at, (one, name) in enumerate(boxes):
        for other, another in (*boxes[at + 1 :], *texts):
            if one.overlaps(other):
                yield f"{name} overlaps {another!r}"


def line_faults(scene: Scene) -> Iterator[str]:
    """Edges that run over a text or through a folded box on their way."""
    texts = [(area(shape), shape.text) for shape in shapes(scene.items) if isinstance(shape, Text)]
    lines = [item for item in scene.items if isinstance(item, Path)]
    for line in lines:
        points = list(_points(line))
        for rim, text in texts:
            if any(_within(rim, point) for point in points):
                yield f"an edge runs over {text!r}"


def _points(line: Path) -> Iterator[tuple[float, float]]:
    """Places along a line, close to one another."""
    at = line.start
    for piece in line.pieces:
        end = piece[-1]
        steps = max(2, int(abs(end[0] - at[0]) + abs(end[1] - at[1])))
        for step in range(steps + 1):
            t = step / steps
            if len(piece) == 1:
                yield at[0] + t * (end[0] - at[0]), at[1] + t * (end[1] - at[1])
            else:
                weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
                corners = (at, *piece)
                x = sum(w * corner[0] for w, corner in zip(weights, corners, strict=True))
                y = sum(w * corner[1] for w, corner in zip(weights, corners, strict=True))
                yield x, y
        at = end


def _within(rim: Area, point: tuple[float, float]) -> bool:
    across = rim.left + _NEAR < point[0] < rim.right - _NEAR
    return across and rim.top + _NEAR < point[1] < rim.bottom - _NEAR


def _groups(items: tuple[Item, ...]) -> Iterator[Group]:
    for item in items:
        if isinstance(item, Group):
            yield item
            yield from _groups(item.items)


def missing_edges(graph: Graph, level: Level, placed: Placed) -> list[str]:
    """The edges of a net's graph that are neither drawn nor inside of a folded box."""
    ends = {value: f"input {port.name}" for value, port in enumerate(graph.ports)}
    return list(_missing(graph, level, "", ends, _Ways(placed)))


class _Ways:
    """Where edges lead: from a box to another, through the rims of open ones.

    An end is the name of a box and its side: `in`, where tensors flow in, or `out`.
    """

    def __init__(self, placed: Placed) -> None:
        self.open = {spot.path for spot in placed.spots if spot.open}
        self.next: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for route in placed.routes:
            source = route.source, "in" if route.edge.source == ENTRY else "out"
            target = route.target, "out" if route.edge.target == EXIT else "in"
            self.next.setdefault(source, set()).add(target)

    def lead(self, source: tuple[str, str], target: tuple[str, str]) -> bool:
        """Whether an edge leads from one end to another without another folded box between."""
        waiting, seen = [source], set()
        while waiting:
            for end in self.next.get(waiting.pop(), ()):
                if end == target:
                    return True
                if end not in seen and end[0] in self.open:
                    seen.add(end)
                    waiting.append(end)
        return False


def _missing(
    graph: Graph, level: Level, path: str, ends: dict[int, str], ways: _Ways
) -> Iterator[str]:
    """The missing edges of a body and of the open ones inside; `ends` has what feeds its ports."""
    uses = list(_places(level, path))
    places = dict(zip(_apart(name for name, _ in uses), (own for _, own in uses), strict=True))
    names = _apart(name for name, _ in named_nodes(graph))
    boxes = {box.name: box for box in level.boxes}
    entered: set[str] = set()
    for name, node, inputs in _executed(graph.nodes, names, dict(ends)):
        target = places.get(name)
        for source in inputs:
            start = (path, "in") if source == _RIM else (places.get(source, ""), "out")
            if target is None or not start[0] or start[0] == target or _same_run(start[0], target):
                continue
            if not ways.lead(start, (target, "in")):
                yield f"{source} → {name} in {path or graph.name}"
        box = boxes.get(name)
        inside = box.inside if box is not None and box.kind == "block" else None
        if inside is not None and target is not None and target not in entered:
            entered.add(target)
            assert isinstance(node.work, Graph)
            ports = dict.fromkeys(range(len(node.work.ports)), _RIM)
            yield from _missing(node.work, inside, target, ports, ways)


# What feeds the ports of an open block: its rim.
_RIM = " rim"


def _executed(
    items: tuple[Node | Run, ...], names: Iterator[str], made: dict[int, str]
) -> Iterator[tuple[str, Node, list[str]]]:
    """Each node in order of execution, with the names of the nodes that its inputs come from."""
    for item in items:
        if isinstance(item, Node):
            name = next(names)
            yield name, item, [made[value] for value in item.inputs]
            made |= dict.fromkeys(item.outputs, name)
        else:
            for _ in range(item.count):
                yield from _executed(item.nodes, names, made)
                made[item.entry] = made[item.exit]
            made[item.result] = made[item.exit]


def _same_run(one: str, other: str) -> bool:
    """Whether two boxes are in one frame that is drawn once for several rounds."""
    return "…" in one and one.rpartition(" > ")[0] == other.rpartition(" > ")[0]


def _apart(names: Iterable[str]) -> Iterator[str]:
    """Names of their own for the uses of a shared layer, which have the layer's."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = count = seen.get(name, 0) + 1
        yield name if count == 1 else f"{name}#{count}"


def _places(level: Level, path: str) -> Iterator[tuple[str, str]]:
    """For each node of a body the box that stands for it, open groups and runs looked into."""
    for box in level.boxes:
        own = f"{path} > {box.name}" if path else box.name
        if box.kind in ("input", "output"):
            yield box.name, own
        elif box.inside is not None and box.kind in ("group", "run", "summary"):
            inner = list(_places(box.inside, own))
            yield from inner
            yield from _rounds(box, inner)
        else:
            yield from ((name, own) for name in box.nodes)


def _rounds(box: Box, inner: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Nodes of later rounds stand in the boxes of the first."""
    each, places = len(box.nodes) // box.count, dict(inner)
    for at, name in enumerate(box.nodes[each:]):
        first = box.nodes[at % each]
        if first in places:
            yield name, places[first]
