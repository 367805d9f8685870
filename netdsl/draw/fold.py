"""What of a diagram is open. From: a diagram. To: one whose folded boxes have nothing inside."""

from __future__ import annotations

from collections.abc import Collection

from netdsl.draw.diagram import Diagram, Level


def folded(diagram: Diagram, depth: int | None, opened: Collection[str] = ()) -> Diagram:
    """The diagram with so many levels of boxes open, None for all of them.

    `opened` names boxes that are open whatever the depth, with what is around them: blocks
    (`inception`) or boxes by name (`inception3`). What is repeated inside a body counts no level:
    it is a frame with a number, not a block of the spec.
    """
    level, _ = _fold(diagram.level, depth, frozenset(opened), {})
    return diagram.replace(level=level)


_Known = dict[tuple[Level, "int | None"], tuple[Level, bool]]


def _fold(
    level: Level, depth: int | None, opened: frozenset[str], known: _Known
) -> tuple[Level, bool]:
    """The level folded, and whether one that is to be open is in it."""
    key = level, depth
    if key in known:
        return known[key]
    boxes, found = [], False
    for box in level.boxes:
        if box.inside is None:
            boxes.append(box)
            continue
        below = depth if box.kind == "run" or depth is None else depth - 1
        inside, inner = _fold(box.inside, below and max(below, 0), opened, known)
        wanted = bool(opened & {box.name, box.title.partition("(")[0]})
        opens = depth is None or depth > 0 or box.kind == "run" or wanted or inner
        found = found or wanted or inner
        boxes.append(box.replace(inside=inside if opens else None))
    known[key] = level.replace(boxes=tuple(boxes)), found
    return known[key]


def size(level: Level) -> int:
    """How many boxes a picture of the level has, frames among them."""
    return sum(1 + (size(box.inside) if box.inside else 0) for box in level.boxes)
