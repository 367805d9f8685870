"""Long levels as short ones. From: a diagram. To: one with few boxes in each level.

What follows one another is gathered in boxes that can be opened: uses of one block with changing
arguments, as in PyramidNet, then what lies between two places through which everything flows, then
as much of that as need be. A level that is short enough stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil

from netdsl.analyze.cost import together
from netdsl.draw.diagram import ENTRY, EXIT, Box, Diagram, Edge, Level
from netdsl.draw.fold import called
from netdsl.tensor import TensorType

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
        for gather in (_of_one_block, regions):
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


def _in_pieces(level: Level, limit: int) -> Iterator[range]:
    """Neighbours on the main way in as many pieces as there may be boxes."""
    every = regions(level)
    at_once = max(2, ceil(len(every) / limit))
    piece: list[range] = []
    for region in every:
        alone = any(level.boxes[number].kind in _ALONE for number in region)
        if piece and (alone or len(piece) == at_once):
            yield _span(piece)
            piece = []
        if alone:
            yield from (range(number, number + 1) for number in region)
        else:
            piece.append(region)
    if piece:
        yield _span(piece)


def _span(pieces: Sequence[range]) -> range:
    return range(pieces[0].start, pieces[-1].stop)


def gathered(level: Level, groups: Sequence[range]) -> Level:
    """The level with each group of several boxes, neighbours in order, in one box."""
    made = [_Group(level, numbers) for numbers in groups]
    group_of = {number: at for at, numbers in enumerate(groups) for number in numbers}
    edges: dict[Edge, None] = {}
    for edge in level.edges:
        source, target = group_of.get(edge.source), group_of.get(edge.target)
        if source is not None and source == target:
            made[source].keep(edge)
            continue
        outer = edge
        if source is not None:
            outer = outer.replace(source=source, output=made[source].out(edge))
        if target is not None:
            outer = outer.replace(target=target, input=made[target].into(edge))
        # A tensor flows into a group once, however many of its boxes take it.
        edges[outer] = None
    return level.replace(boxes=tuple(group.box() for group in made), edges=tuple(edges))


class _Group:
    """Neighbours that become one box; what flows in and out has numbers in order of use."""

    def __init__(self, level: Level, numbers: range) -> None:
        self._boxes = level.boxes[numbers.start : numbers.stop]
        self._first = numbers.start
        self._inputs: dict[tuple[int, int], TensorType] = {}
        self._outputs: dict[tuple[int, int], TensorType] = {}
        self._edges: dict[Edge, None] = {}

    def keep(self, edge: Edge) -> None:
        """Takes an edge inside."""
        source = edge.source if edge.source == ENTRY else edge.source - self._first
        target = edge.target if edge.target == EXIT else edge.target - self._first
        self._edges[edge.replace(source=source, target=target)] = None

    def out(self, edge: Edge) -> int:
        """The output through which an edge leaves."""
        if len(self._boxes) == 1:
            return edge.output
        port = _port(self._outputs, edge)
        self.keep(edge.replace(target=EXIT, input=port, training=False))
        return port

    def into(self, edge: Edge) -> int:
        """The input through which an edge arrives."""
        if len(self._boxes) == 1:
            return edge.input
        port = _port(self._inputs, edge)
        self.keep(edge.replace(source=ENTRY, output=port))
        return port

    def box(self) -> Box:
        """The box, or the one box that the group has."""
        first = self._boxes[0]
        if len(self._boxes) == 1:
            return first
        entries, exits = tuple(self._inputs.values()), tuple(self._outputs.values())
        alike = len({box.category for box in self._boxes}) == 1
        return Box(
            name=f"{first.name} … {self._boxes[-1].name}",
            kind="summary",
            title=_title(self._boxes),
            category=first.category if alike else "block",
            parts=(),
            count=1,
            cost=together(box.cost for box in self._boxes),
            nodes=tuple(name for box in self._boxes for name in box.nodes),
            inputs=len(entries),
            outputs=exits,
            span=first.span,
            training=all(box.training for box in self._boxes),
            inside=Level(self._boxes, tuple(self._edges), entries, exits),
        )


def _port(ports: dict[tuple[int, int], TensorType], edge: Edge) -> int:
    """The number of a tensor among those that flow in or out."""
    tensor = edge.source, edge.output
    ports.setdefault(tensor, edge.type)
    return list(ports).index(tensor)


def _title(boxes: Sequence[Box]) -> str:
    """What a group of boxes holds: how many of one block, or its first and last."""
    words = {called(box) for box in boxes}
    count = sum(box.count for box in boxes)
    if len(words) == 1:
        return f"{count} × {words.pop()}(…)"
    return f"{called(boxes[0])} … {called(boxes[-1])} ({count} boxes)"
