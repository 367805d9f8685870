"""Long levels as short ones. From: a diagram. To: one with few boxes in each level.

What follows one another is gathered in boxes that can be opened: uses of one block with changing
arguments, as in PyramidNet, then what lies between two places through which everything flows, then
as much of that as need be. A level that is short enough stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from netdsl.analyze.cost import together
from netdsl.draw.diagram import ENTRY, EXIT, Box, Diagram, Edge, Level
from netdsl.draw.fold import called

# Ends of a net, and what exists in training only, stay by themselves.
_ALONE = frozenset({"input", "output"})


def shortened(diagram: Diagram, limit: int) -> Diagram:
    """The diagram with at most so many boxes in every level, as far as its structure allows."""
    return diagram.replace(level=_Shorten(limit).level(diagram.level))


class _Shorten:
    """Shortens each body once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done: dict[Level, Level] = {}

    def level(self, level: Level) -> Level:
        if level not in self._done:
            boxes = tuple(self._inside(box) for box in level.boxes)
            self._done[level] = self._short(level.replace(boxes=boxes))
        return self._done[level]

    def _inside(self, box: Box) -> Box:
        return box if box.inside is None else box.replace(inside=self.level(box.inside))

    def _short(self, level: Level) -> Level:
        for gather in (_of_one_block, _between_cuts):
            if len(level.boxes) <= self._limit:
                return level
            level = gathered(level, gather(level))
        while len(level.boxes) > self._limit:
            shorter = gathered(level, list(_in_pieces(level, self._limit)))
            if len(shorter.boxes) == len(level.boxes):
                return level
            level = shorter
        return level


def regions(level: Level) -> list[range]:
    """The boxes between places through which one tensor flows alone, in order of execution."""
    found, start = [], 0
    open: dict[tuple[int, int], int] = {}
    for edge in level.edges:
        key = edge.source, edge.output
        target = len(level.boxes) if edge.target == EXIT else edge.target
        open[key] = max(open.get(key, -1), target)
    by_source: dict[int, list[int]] = {}
    for (source, _), target in open.items():
        by_source.setdefault(source, []).append(target)
    live: list[int] = by_source.get(ENTRY, [])
    for number in range(len(level.boxes)):
        live = [target for target in live if target > number] + by_source.get(number, [])
        if len(live) <= 1:
            found.append(range(start, number + 1))
            start = number + 1
    if start < len(level.boxes):
        found.append(range(start, len(level.boxes)))
    return found


def _of_one_block(level: Level) -> list[range]:
    """Neighbours on the main way that are uses of one block, together but for the first."""

    def kind(region: range) -> tuple[str, int]:
        first = level.boxes[region[0]]
        alone = len(region) > 1 or first.kind in _ALONE
        return ("", region[0]) if alone else (called(first), 0)

    found = []
    for _, group in groupby(regions(level), kind):
        first, *others = group
        found += [first, *([_span(others)] if others else [])]
    return found


def _between_cuts(level: Level) -> list[range]:
    """What lies between two places through which everything flows, together."""
    return regions(level)


def _in_pieces(level: Level, limit: int) -> Iterator[range]:
    """Neighbours on the main way in as many pieces as there may be boxes."""
    every = regions(level)
    at_once = max(2, -(-len(every) // limit))
    piece: list[range] = []
    for region in every:
        alone = any(level.boxes[number].kind in _ALONE for number in region)
        if piece and (alone or len(piece) == at_once):
            yield _span(piece)
            piece = []
        if alone:
            yield from ([number] for number in region)  # type: ignore[misc]
        else:
            piece.append(region)
    if piece:
        yield _span(piece)


def _span(pieces: Sequence[range]) -> range:
    return range(pieces[0].start, pieces[-1].stop)


def gathered(level: Level, groups: Sequence[Sequence[int]]) -> Level:
    """The level with each group of several boxes, neighbours in order, in one box."""
    group_of = {number: at for at, group in enumerate(groups) for number in group}
    inputs: list[dict[tuple[int, int], int]] = [{} for _ in groups]
    outputs: list[dict[tuple[int, int], int]] = [{} for _ in groups]
    edges: dict[Edge, None] = {}
    inner: list[list[Edge]] = [[] for _ in groups]
    for edge in level.edges:
        tensor = edge.source, edge.output
        source, target = group_of.get(edge.source), group_of.get(edge.target)
        if source is not None and source == target:
            inner[source].append(_relative(edge, groups[source].__getitem__(0)))
            continue
        start = edge.source, edge.output
        if source is not None:
            port = edge.output
            if len(groups[source]) > 1:
                first = groups[source][0]
                if tensor not in outputs[source]:
                    outputs[source][tensor] = len(outputs[source])
                    out = edge.replace(target=EXIT, input=outputs[source][tensor])
                    inner[source].append(_relative(out, first))
                port = outputs[source][tensor]
            start = source, port
        end = edge.target, edge.input
        if target is not None:
            port = edge.input
            if len(groups[target]) > 1:
                first = groups[target][0]
                port = inputs[target].setdefault(tensor, len(inputs[target]))
                into = edge.replace(source=ENTRY, output=port)
                inner[target].append(_relative(into, first))
            end = target, port
        edges[Edge(*start, *end, edge.type, edge.training)] = None
    boxes = [
        level.boxes[group[0]]
        if len(group) == 1
        else _summary(level, group, inner[at], inputs[at], outputs[at])
        for at, group in enumerate(groups)
    ]
    return level.replace(boxes=tuple(boxes), edges=tuple(edges))


def _relative(edge: Edge, first: int) -> Edge:
    """An edge with the numbers that boxes have inside their group."""
    source = edge.source if edge.source == ENTRY else edge.source - first
    target = edge.target if edge.target == EXIT else edge.target - first
    return edge.replace(source=source, target=target)


def _summary(
    level: Level,
    group: Sequence[int],
    edges: Sequence[Edge],
    inputs: dict[tuple[int, int], int],
    outputs: dict[tuple[int, int], int],
) -> Box:
    """The box around a group."""
    boxes = [level.boxes[number] for number in group]
    types = {(edge.source, edge.output): edge.type for edge in level.edges}
    inside = Level(
        tuple(boxes),
        tuple(edges),
        tuple(types[tensor] for tensor in inputs),
        tuple(types[tensor] for tensor in outputs),
    )
    return Box(
        name=f"{boxes[0].name} … {boxes[-1].name}",
        kind="summary",
        title=_title(boxes),
        category=boxes[0].category if len({box.category for box in boxes}) == 1 else "block",
        parts=(),
        count=1,
        cost=together(box.cost for box in boxes),
        nodes=tuple(name for box in boxes for name in box.nodes),
        inputs=len(inputs),
        outputs=inside.exits,
        span=boxes[0].span,
        training=all(box.training for box in boxes),
        inside=inside,
    )


def _title(boxes: Sequence[Box]) -> str:
    """What a group of boxes holds: how many of one block, or its first and last."""
    words = {called(box) for box in boxes}
    count = sum(box.count for box in boxes)
    if len(words) == 1:
        return f"{count} × {words.pop()}(…)"
    return f"{called(boxes[0])} … {called(boxes[-1])} ({count} boxes)"
