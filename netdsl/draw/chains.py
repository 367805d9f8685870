"""Boxes that follow one another, drawn as one. From: a level. To: the level with fewer boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netdsl.analyze.cost import together
from netdsl.draw.diagram import Box, Edge, Level

# What stands in the box of the layer that it follows.
_FOLLOWS = frozenset({"norm", "activation", "noise"})


def attached(level: Level) -> Level:
    """Normalisations, activations and noise stand in the box of the layer before them."""
    return _joined(level, _follows, _with_parts)


def repeated(level: Level) -> Level:
    """Neighbours that are alike are one box with a count."""
    return _joined(level, _alike, _counted)


def _follows(box: Box, before: Box) -> bool:
    return (
        before.kind == box.kind == "layer"
        and box.category in _FOLLOWS
        and before.count == box.count == 1
        and before.training == box.training
    )


def _with_parts(before: Box, box: Box) -> Box:
    return before.replace(
        parts=before.parts + box.parts,
        cost=together([before.cost, box.cost]),
        nodes=before.nodes + box.nodes,
        outputs=box.outputs,
    )


def _alike(box: Box, before: Box) -> bool:
    """Whether two neighbours are the same layer or block on the same shapes."""
    if not (before.kind == box.kind and before.kind in ("layer", "block")):
        return False
    same = before.inside is box.inside and before.title == box.title
    parts = [[(part.call, part.output) for part in one.parts] for one in (before, box)]
    return (
        same
        and parts[0] == parts[1]
        and before.outputs == box.outputs
        and before.cost.times(box.count) == box.cost.times(before.count)
        and before.training == box.training
    )


def _counted(before: Box, box: Box) -> Box:
    return before.replace(
        count=before.count + box.count,
        cost=together([before.cost, box.cost]),
        nodes=before.nodes + box.nodes,
    )


def _joined(
    level: Level, joins: Callable[[Box, Box], bool], join: Callable[[Box, Box], Box]
) -> Level:
    """The level in which a box that is fed by one other alone may be joined with it."""
    into = _by_end(level.edges, lambda edge: edge.target)
    out_of = _by_end(level.edges, lambda edge: edge.source)
    boxes: list[Box] = []
    # The new number of each old box.
    numbers: dict[int, int] = {}
    gone: set[int] = set()
    for number, box in enumerate(level.boxes):
        flows_in = into.get(number, [])
        source = flows_in[0].source if len(flows_in) == 1 else -1
        if (
            source >= 0
            and len(out_of[source]) == 1
            and _single(level.boxes[source])
            and _single(box)
            and joins(box, boxes[numbers[source]])
        ):
            numbers[number] = numbers[source]
            boxes[numbers[source]] = join(boxes[numbers[source]], box)
            gone.add(number)
        else:
            numbers[number] = len(boxes)
            boxes.append(box)
    edges = [
        edge.replace(
            source=numbers.get(edge.source, edge.source),
            target=numbers.get(edge.target, edge.target),
        )
        for edge in level.edges
        if edge.target not in gone
    ]
    return level.replace(boxes=tuple(boxes), edges=tuple(edges))


def _single(box: Box) -> bool:
    """Whether one tensor flows out, and one in or several into one layer."""
    return len(box.outputs) == 1


def _by_end(edges: Iterable[Edge], end: Callable[[Edge], int]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(end(edge), []).append(edge)
    return found
