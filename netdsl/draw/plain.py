"""What formats lack, drawn with what they all have. From: a scene. To: one of plain shapes.

In a plain scene the background is the first rectangle, the head of an arrow is a filled path at
whose base its line ends, a halo is a rectangle below its text, and a corner is no rounder than half
a side; no shape is empty. Blanks in a text stand alone between words, as formats take several for
one. A character that has no looks, such as a control code, is the one for what cannot be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import hypot
from typing import TypeVar

from netdsl.draw import fonts
from netdsl.draw.scene import Group, Item, Path, Point, Rectangle, Scene, Text

# How long the head of an arrow is, and how wide half of it, in points: for a hairline, and what a
# line's width adds, in widths.
_LENGTH, _HALF = (3.5, 2.0), (1.4, 0.9)
# How far a halo reaches to the left and right of its text.
_MARGIN = 1.5
# Control codes, halves of pairs and what is no character; neither XML nor UTF-8 can write them all.
_UNSEEN = re.compile("[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(scene: Scene, limit: float | None = None) -> Scene:
    """The scene in plain shapes; one that is wider or higher than the limit is made smaller."""
    background = Rectangle(0.0, 0.0, scene.width, scene.height, "background", None)
    drawn = Scene(
        scene.width,
        scene.height,
        (background, *_items(scene.items)),
        _seen(scene.title),
        _seen(scene.description),
    )
    largest = max(scene.width, scene.height)
    if limit is None or largest <= limit:
        return drawn
    by = limit / largest
    return drawn.replace(
        width=drawn.width * by,
        height=drawn.height * by,
        items=tuple(_scaled(item, by) for item in drawn.items),
    )


def number(length: float) -> str:
    """A length with at most two decimals, as formats of text write it."""
    written = f"{length:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _items(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        match item:
            case Group():
                inside = tuple(_items(item.items))
                yield Group(inside, _seen(item.title), _seen(item.name))
            case Text():
                yield from _text(item)
            case Path():
                yield from _path(item)
            case Rectangle():
                if item.width > 0 and item.height > 0:
                    radius = min(item.radius, item.width / 2, item.height / 2)
                    yield item.replace(radius=radius)


def _text(text: Text) -> Iterator[Item]:
    words = " ".join(_seen(text.text).split())
    if not words:
        return
    if words != text.text:
        text = text.replace(text=words, width=fonts.width(words, text.size, text.bold))
    yield text


def _path(path: Path) -> Iterator[Item]:
    if not path.pieces:
        return
    before = _before_end(path)
    if not path.arrow or path.closed or path.stroke is None or before is None:
        yield path.replace(arrow=False)
        return
    tip = path.pieces[-1][-1]
    far = hypot(tip[0] - before[0], tip[1] - before[1])
    along = (tip[0] - before[0]) / far, (tip[1] - before[1]) / far
    length, half = (least + more * path.line for least, more in (_LENGTH, _HALF))
    base = _moved(tip, along, -min(length, far))
    last = (*path.pieces[-1][:-1], base)
    yield path.replace(pieces=(*path.pieces[:-1], last), arrow=False)
    yield _head(tip, along, length, half, path.stroke)


def _head(tip: Point, along: Point, length: float, half: float, color: str) -> Path:
    middle = _moved(tip, along, -length)
    across = -along[1], along[0]
    sides = [_moved(middle, across, side) for side in (half, -half)]
    return Path(tip, tuple((side,) for side in sides), None, color, closed=True)


def _moved(point: Point, along: Point, far: float) -> Point:
    return point[0] + along[0] * far, point[1] + along[1] * far


def _before_end(path: Path) -> Point | None:
    """The last point of a path that is not its end: a tangent there comes from it."""
    points = [path.start, *(point for piece in path.pieces for point in piece)]
    return next((point for point in reversed(points) if point != points[-1]), None)


def _seen(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text)


def _scaled(item: Item, by: float) -> Item:
    """The item with all its lengths so many times as long."""
    match item:
        case Group():
            return item.replace(items=tuple(_scaled(each, by) for each in item.items))
        case Rectangle():
            return _times(item, by, ("x", "y", "width", "height", "radius", "line"))
        case Text():
            return _times(item, by, ("x", "y", "width", "size"))
        case Path():
            pieces = tuple(tuple((x * by, y * by) for x, y in piece) for piece in item.pieces)
            start = item.start[0] * by, item.start[1] * by
            return _times(item.replace(start=start, pieces=pieces), by, ("line",))


_Shape = TypeVar("_Shape", Rectangle, Text, Path)


def _times(shape: _Shape, by: float, lengths: tuple[str, ...]) -> _Shape:
    return shape.replace(**{name: getattr(shape, name) * by for name in lengths})
