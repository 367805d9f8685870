"""Boxes of a level in rows, so that every edge leads from a row to a later one.

From: a level. To: rows of slots and the links between neighbouring rows, ordered so that few links
cross (Sugiyama, Tagawa and Toda, 1981, "Methods for visual understanding of hierarchical system
structures"). Nothing has a size or a place yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from netdsl.draw.diagram import ENTRY, EXIT, Edge, Level
from netdsl.record import Record

# How often rows are ordered by their neighbours, down and up again.
_SWEEPS = 8
# How far an output or input is from the next, as a share of the distance between boxes.
_PORT = 1e-3

Tensor: TypeAlias = tuple[int, int]  # the number of a box and that of its output


class Slot(Record):
    """A place in a row: that of a box, of a tensor that passes by, or of a way in or out.

    `number` is that of the box or port; a tensor that passes is known by `number` and `output`.
    """

    kind: Literal["box", "pass", "entry", "exit"]
    number: int
    output: int = 0


class Link(Record):
    """A line from a slot to one of the next row: which of the source's outputs, which input.

    One to the `side` leads to what exists in training only.
    """

    source: Slot
    output: int
    target: Slot
    input: int
    side: bool = False


class Ranks(Record):
    """Rows of slots from first to last; `links[i]` lead from row i to the next.

    `ways` has for each edge of the level the slots that it goes through, both ends included.
    """

    rows: tuple[tuple[Slot, ...], ...]
    links: tuple[tuple[Link, ...], ...]
    ways: tuple[tuple[Slot, ...], ...]


def ranked(level: Level) -> Ranks:
    """The rows of a level. A tensor that passes a row has one slot there, whoever takes it."""
    ranks = _ranks(level)
    count = 1 + max(ranks.values(), default=0)
    rows: list[dict[Slot, float]] = [{} for _ in range(count)]
    for slot, rank in ranks.items():
        # Boxes in order of execution, what passes to the right of what it leads to.
        rows[rank][slot] = slot.number
    links: list[dict[Link, None]] = [{} for _ in range(count)]
    ways = []
    for edge in level.edges:
        way = _way(edge, ranks)
        for at, slot in enumerate(way[1:-1], ranks[way[0]] + 1):
            rows[at].setdefault(slot, _target_place(edge, level) + 0.5)
        for at, (one, other) in enumerate(pairwise(way), ranks[way[0]]):
            output = edge.output if one.kind == "box" else 0
            input = edge.input if other.kind == "box" else 0
            links[at][Link(one, output, other, input, edge.training)] = None
        ways.append(way)
    ordered = [sorted(row, key=lambda slot, row=row: row[slot]) for row in rows]  # type: ignore[misc]
    found = [tuple(row_links) for row_links in links[:-1]]
    best = _ordered(ordered, found)
    return Ranks(tuple(map(tuple, best)), tuple(found), tuple(ways))


def _target_place(edge: Edge, level: Level) -> int:
    return len(level.boxes) if edge.target == EXIT else edge.target


def _source(edge: Edge) -> Slot:
    return Slot("entry", edge.output) if edge.source == ENTRY else Slot("box", edge.source)


def _target(edge: Edge) -> Slot:
    return Slot("exit", edge.input) if edge.target == EXIT else Slot("box", edge.target)


def _ranks(level: Level) -> dict[Slot, int]:
    """The row of each box and port: the longest way to it."""
    ranks = {Slot("entry", port): 0 for port in range(len(level.entries))}
    into: dict[int, list[Edge]] = {}
    out_of: dict[int, list[Edge]] = {}
    for edge in level.edges:
        into.setdefault(edge.target, []).append(edge)
        out_of.setdefault(edge.source, []).append(edge)
    first = int(bool(level.entries))
    for number in range(len(level.boxes)):
        above = [ranks[_source(edge)] for edge in into.get(number, [])]
        ranks[Slot("box", number)] = 1 + max(above) if above else first
    last = 1 + max(ranks.values(), default=0)
    for port in range(len(level.exits)):
        ranks[Slot("exit", port)] = last
    for number in reversed(range(len(level.boxes))):
        slot = Slot("box", number)
        below = [ranks[_target(edge)] for edge in out_of.get(number, [])]
        # What needs nothing, such as a parameter, stands right above what it is for.
        if number not in into and below and level.boxes[number].kind != "input":
            ranks[slot] = max(first, min(below) - 1)
    return ranks


def _way(edge: Edge, ranks: dict[Slot, int]) -> tuple[Slot, ...]:
    source, target = _source(edge), _target(edge)
    passed = Slot("pass", edge.source, edge.output)
    return (source, *[passed] * (ranks[target] - ranks[source] - 1), target)


def _ordered(
    rows: Sequence[Sequence[Slot]], links: Sequence[Sequence[Link]]
) -> Sequence[Sequence[Slot]]:
    """Rows of which neighbours are ordered alike: each slot by the middle of those it is linked to.

    The order with the fewest crossings is kept, the first of equal ones.
    """
    best, fewest = rows, _crossings(rows, links)
    current = [list(row) for row in rows]
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        pairs = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for at in pairs:
            beside = at - 1 if down else at + 1
            current[at] = _by_middle(current[at], current[beside], links[min(at, beside)], down)
        crossings = _crossings(current, links)
        if crossings < fewest:
            best, fewest = [list(row) for row in current], crossings
    return best


def _by_middle(
    row: Sequence[Slot], beside: Sequence[Slot], links: Sequence[Link], down: bool
) -> list[Slot]:
    places = {slot: place for place, slot in enumerate(beside)}
    linked: dict[Slot, list[float]] = {}
    for link in links:
        one, other = (link.target, link.source) if down else (link.source, link.target)
        port = link.output if down else link.input
        linked.setdefault(one, []).append(places[other] + port * _PORT)
    own = {slot: place for place, slot in enumerate(row)}

    def middle(slot: Slot) -> tuple[float, int]:
        found = linked.get(slot)
        return (sum(found) / len(found) if found else own[slot]), own[slot]

    return sorted(row, key=middle)


def _crossings(rows: Sequence[Sequence[Slot]], links: Sequence[Sequence[Link]]) -> int:
    """How many pairs of links cross."""
    count = 0
    for at, row_links in enumerate(links):
        above = {slot: place for place, slot in enumerate(rows[at])}
        below = {slot: place for place, slot in enumerate(rows[at + 1])}
        ends = sorted(
            (above[link.source] + link.output * _PORT, below[link.target]) for link in row_links
        )
        for number, (start, end) in enumerate(ends):
            count += sum(1 for left, right in ends[:number] if left < start and right > end)
    return count
