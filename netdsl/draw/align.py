"""Places across the rows: slots as near below what they are linked to as their neighbours allow.

Each slot wants the weighted middle of its links; within a row slots keep their order and distance,
which makes it a regression under an order, solved by pooling adjacent violators (Ayer, Brunk,
Ewing, Reid and Silverman, 1955, "An empirical distribution function for sampling with incomplete
information"). Rows are visited in turn until they settle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from netdsl.draw.ranks import Link, Ranks, Slot
from netdsl.record import Record

# Rows first follow the row before them, down and up again, which carries a place through the whole
# level; then they settle between the rows on both sides, and chains are made straight, in turn.
_FOLLOWING, _SETTLING, _TURNS = 6, 4, 8
# How strongly a slot holds its place against its neighbours in the row.
_FIRM = {"box": 16.0, "entry": 4.0, "exit": 4.0, "pass": 1.0}
# How strongly a link pulls at a box: one between two that have no other, so that a chain is a
# straight line; any other; one to the side, or to what passes, which goes beside boxes.
_CHAIN, _BRANCH, _SIDE, _PASSING = 2.0, 1.0, 0.02, 0.01
# At what passes, so that it stays on one line between its ends: by another place of its own, and
# by an end.
_ON, _END = 2.0, 0.5

Offsets: TypeAlias = "Mapping[tuple[Slot, bool, int], float]"


class Extent(Record):
    """How far a slot reaches to both sides of its place, room to its neighbours included."""

    before: float
    after: float


def aligned(
    ranks: Ranks,
    extents: Sequence[Mapping[Slot, Extent]],
    offsets: Offsets,
) -> list[dict[Slot, float]]:
    """The place of each slot, by row.

    `extents` has one mapping for each row. `offsets` say how far from a slot's place its outputs
    (True) and inputs (False) are, by number; 0 where nothing is said.
    """
    strengths = [_strengths(links) for links in ranks.links]
    lines = list(_lines(ranks, strengths, offsets))
    places = [_packed(row, reach) for row, reach in zip(ranks.rows, extents, strict=True)]

    def sweep(down: bool, above: bool, below: bool) -> None:
        rows = range(len(ranks.rows))
        for at in rows if down else reversed(rows):
            pulls = _pulls(at, strengths, offsets, places, above, below)
            places[at] = _settled(ranks.rows[at], extents[at], pulls, places[at])

    for number in range(_FOLLOWING):
        down = number % 2 == 0
        sweep(down, down, not down)
    for _ in range(_TURNS):
        for number in range(_SETTLING):
            sweep(number % 2 == 0, True, True)
        # Twice, for one line may make room for another.
        for line in (*lines, *lines):
            _straighten(line, ranks, extents, places)
    return places


def _packed(row: Sequence[Slot], reach: Mapping[Slot, Extent]) -> dict[Slot, float]:
    """Slots side by side, around 0."""
    places, at = {}, 0.0
    for slot in row:
        at += reach[slot].before
        places[slot] = at
        at += reach[slot].after
    return {slot: place - at / 2 for slot, place in places.items()}


def _strengths(links: Sequence[Link]) -> dict[Link, float]:
    """How strongly each link between two rows pulls at boxes."""
    plain = [link for link in links if not _passes(link) and not link.side]
    sources = Counter(link.source for link in plain)
    targets = Counter(link.target for link in plain)
    found = {}
    for link in links:
        if _passes(link) or link.side:
            found[link] = _PASSING if _passes(link) else _SIDE
        else:
            alone = sources[link.source] == 1 == targets[link.target]
            found[link] = _CHAIN if alone else _BRANCH
    return found


def _passes(link: Link) -> bool:
    return "pass" in (link.source.kind, link.target.kind)


def _pulls(
    at: int,
    strengths: Sequence[Mapping[Link, float]],
    offsets: Offsets,
    places: Sequence[Mapping[Slot, float]],
    above: bool,
    below: bool,
) -> dict[Slot, list[tuple[float, float]]]:
    """Where the rows above and below want the slots of a row, and how strongly."""
    found: dict[Slot, list[tuple[float, float]]] = {}
    for link, strength in strengths[at - 1].items() if above and at else ():
        end = places[at - 1][link.source] + offsets.get((link.source, True, link.output), 0.0)
        own = offsets.get((link.target, False, link.input), 0.0)
        pull = _pull(link.source, link.target, strength)
        found.setdefault(link.target, []).append((pull, end - own))
    for link, strength in strengths[at].items() if below and at < len(strengths) else ():
        end = places[at + 1][link.target] + offsets.get((link.target, False, link.input), 0.0)
        own = offsets.get((link.source, True, link.output), 0.0)
        pull = _pull(link.target, link.source, strength)
        found.setdefault(link.source, []).append((pull, end - own))
    return found


def _pull(by: Slot, at: Slot, strength: float) -> float:
    if at.kind != "pass":
        return strength
    return _ON if by.kind == "pass" else _END


def _settled(
    row: Sequence[Slot],
    reach: Mapping[Slot, Extent],
    pulls: Mapping[Slot, list[tuple[float, float]]],
    places: Mapping[Slot, float],
) -> dict[Slot, float]:
    """The places of one row, given where the rows beside it want them."""
    desired = []
    for slot in row:
        wanted = pulls.get(slot, [(1.0, places[slot])])
        total = sum(pull for pull, _ in wanted)
        desired.append(sum(pull * place for pull, place in wanted) / total)
    return dict(zip(row, _apart(row, desired, reach), strict=True))


def _apart(
    row: Sequence[Slot], desired: Sequence[float], reach: Mapping[Slot, Extent]
) -> list[float]:
    """The places nearest to the desired ones that keep order and distance."""
    shifts, shift = [], 0.0
    for number, slot in enumerate(row):
        if number:
            shift += reach[row[number - 1]].after + reach[slot].before
        shifts.append(shift)
    # Blocks of slots that touch: weight, mean, and how many.
    blocks: list[tuple[float, float, int]] = []
    for slot, place, moved in zip(row, desired, shifts, strict=True):
        blocks.append((_FIRM[slot.kind], place - moved, 1))
        while len(blocks) > 1 and blocks[-2][1] > blocks[-1][1]:
            (weight, mean, count), (more, other, further) = blocks[-2:]
            joint = (weight * mean + more * other) / (weight + more)
            blocks[-2:] = [(weight + more, joint, count + further)]
    means = [mean for _, mean, count in blocks for _ in range(count)]
    return [mean + moved for mean, moved in zip(means, shifts, strict=True)]


def _goes_on(link: Link, leaving: Mapping[Slot, int], arriving: Mapping[Slot, int]) -> bool:
    """Whether a link goes straight on: it passes a row, or has both ends for itself."""
    alone = leaving[link.source] == 1 == arriving[link.target]
    return link.source == link.target or (alone and link.source.kind == "box")


class _Line(Record):
    """Slots that are to be on one line: the row of each, and how far it is from the line."""

    slots: tuple[tuple[int, Slot, float], ...]


def _lines(
    ranks: Ranks, strengths: Sequence[Mapping[Link, float]], offsets: Offsets
) -> Iterator[_Line]:
    """What is to be straight: a chain of boxes, and a tensor that passes rows."""
    open: dict[Slot, list[tuple[int, Slot, float]]] = {}
    for at, row in enumerate(ranks.rows):
        before: dict[Slot, Link] = {}
        links = strengths[at - 1] if at else {}
        leaving = Counter(link.source for link in links)
        arriving = Counter(link.target for link in links)
        for link, strength in links.items():
            if strength == _CHAIN or _goes_on(link, leaving, arriving):
                before[link.target] = link
        going: dict[Slot, list[tuple[int, Slot, float]]] = {}
        for slot in row:
            along = before.get(slot)
            if along is None or along.source not in open:
                going[slot] = [(at, slot, 0.0)]
                continue
            line = open.pop(along.source)
            out = offsets.get((along.source, True, along.output), 0.0)
            into = offsets.get((slot, False, along.input), 0.0)
            going[slot] = [*line, (at, slot, line[-1][2] + out - into)]
        yield from (_Line(tuple(line)) for line in open.values() if len(line) > 1)
        open = going
    yield from (_Line(tuple(line)) for line in open.values() if len(line) > 1)


def _straighten(
    line: _Line,
    ranks: Ranks,
    extents: Sequence[Mapping[Slot, Extent]],
    places: list[dict[Slot, float]],
) -> None:
    """Puts slots on one line where there is room for that."""
    rooms = []
    for at, slot, apart in line.slots:
        low, high = _room(ranks.rows[at], slot, extents[at], places[at])
        rooms.append((low - apart, high - apart))
    low, high = max(room[0] for room in rooms), min(room[1] for room in rooms)
    if low > high:
        return
    middle = sum(places[at][slot] - apart for at, slot, apart in line.slots) / len(line.slots)
    for at, slot, apart in line.slots:
        places[at][slot] = min(max(middle, low), high) + apart


def _room(
    row: Sequence[Slot], slot: Slot, reach: Mapping[Slot, Extent], places: Mapping[Slot, float]
) -> tuple[float, float]:
    """Between which places a slot may move without touching its neighbours."""
    at = row.index(slot)
    low, high = float("-inf"), float("inf")
    if at:
        before = row[at - 1]
        low = places[before] + reach[before].after + reach[slot].before
    if at + 1 < len(row):
        after = row[at + 1]
        high = places[after] - reach[after].before - reach[slot].after
    return low, high
