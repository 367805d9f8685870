"""What of a diagram is open. From: a diagram. To: one whose folded boxes have nothing inside."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from netdsl.draw.diagram import Box, Diagram, Level

# Between the names of boxes in a full name.
INTO = " > "


def folded(
    diagram: Diagram,
    depth: int | None,
    opened: Collection[str] = (),
    paths: Collection[str] = (),
) -> Diagram:
    """The diagram with so many levels of boxes open, None for all of them.

    `opened` names boxes that are open whatever the depth, with what is around them: blocks
    (`inception`) or boxes (`inception3`); `paths` are full names of single ones. What is repeated
    inside a body counts no level: it is a frame with a number, not a block of the spec.
    """
    fold = _Fold(frozenset(opened), frozenset(paths))
    return diagram.replace(level=fold.level(diagram.level, depth, ""))


def full_name(path: str, box: Box) -> str:
    """A box's name with those of the boxes around it."""
    return f"{path}{INTO}{box.name}" if path else box.name


def called(box: Box) -> str:
    """The block, layer or group of which a box is a use."""
    return box.title.partition("(")[0].partition(" as ")[0]


def size(level: Level) -> int:
    """How many boxes a picture of the level has, frames among them."""
    return sum(1 + (size(box.inside) if box.inside else 0) for box in level.boxes)


def names_of(diagram: Diagram) -> set[str]:
    """Everything that can be opened by name: boxes with something inside, and their blocks."""
    found: set[str] = set()
    for box in _all(diagram.level, set()):
        if box.inside is not None:
            found |= {box.name, called(box)}
    return found


def _all(level: Level, seen: set[Level]) -> Iterator[Box]:
    """The boxes of a level and of all inside, those of a shared body once."""
    if level in seen:
        return
    seen.add(level)
    for box in level.boxes:
        yield box
        if box.inside is not None:
            yield from _all(box.inside, seen)


class _Fold:
    """Opens and folds; what is folded is not looked into."""

    def __init__(self, opened: frozenset[str], paths: frozenset[str]) -> None:
        self._opened = opened
        self._paths = paths
        self._holds: dict[Level, bool] = {}

    def level(self, level: Level, depth: int | None, path: str) -> Level:
        boxes = []
        for box in level.boxes:
            if box.inside is None:
                boxes.append(box)
            elif self._opens(box, depth, full_name(path, box)):
                below = depth if depth is None or box.kind == "run" else max(depth - 1, 0)
                inside = self.level(box.inside, below, full_name(path, box))
                boxes.append(box.replace(inside=inside))
            else:
                boxes.append(box.replace(inside=None))
        return level.replace(boxes=tuple(boxes))

    def _opens(self, box: Box, depth: int | None, path: str) -> bool:
        assert box.inside is not None
        if depth is None or depth > 0 or box.kind == "run":
            return box.kind != "summary"
        return (
            self._named(box)
            or path in self._paths
            or any(name.startswith(path + INTO) for name in self._paths)
            or self._holding(box.inside)
        )

    def _named(self, box: Box) -> bool:
        return not self._opened.isdisjoint((box.name, called(box)))

    def _holding(self, level: Level) -> bool:
        """Whether a box that is to be open is somewhere inside."""
        if not self._opened:
            return False
        if level not in self._holds:
            self._holds[level] = any(
                box.inside is not None and (self._named(box) or self._holding(box.inside))
                for box in level.boxes
            )
        return self._holds[level]
