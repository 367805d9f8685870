"""A diagram without levels. From: a folded diagram. To: its boxes, and what flows between them.

A tensor flows from the innermost box that makes it to the innermost box that takes it, through the
rims of open boxes. It decides nothing of places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from netdsl.draw.diagram import ENTRY, EXIT, Box, Diagram, Edge, Level
from netdsl.draw.fold import full_name
from netdsl.record import Record


class Shown(Record):
    """A box with its place in the order of the whole diagram, frames counted, from 1.

    `path` is its full name, as `placed.Spot` has it; `inside` the boxes in it where it is open,
    `training` whether it or a box around it exists in training only.
    """

    number: int
    path: str
    box: Box
    training: bool
    inside: tuple[Shown, ...] = ()

    @property
    def id(self) -> str:
        """Its name in a text for programs: `b7`."""
        return f"b{self.number}"


class Flow(Record):
    """A tensor on its way from one innermost box to another.

    `number` is its place among all flows, from 0, and `edge` the last edge on its way, with the
    places of both boxes in their levels. `skip` marks one beside which another way leads
    there through other boxes. One flow of each tensor is `labelled`: where the tensor's shape is
    written.
    """

    number: int
    source: Shown
    target: Shown
    edge: Edge
    skip: bool = False
    labelled: bool = False


class Flat(Record):
    """The outermost boxes, with those inside, and flows by the order of their targets."""

    boxes: tuple[Shown, ...]
    flows: tuple[Flow, ...]


def flat(diagram: Diagram) -> Flat:
    """The boxes and flows of a folded diagram."""
    finder = _Finder()
    boxes = finder.boxes(diagram.level, "", False)
    return Flat(boxes, _labelled(_skipping(finder.flows())))


def everyone(boxes: Sequence[Shown]) -> Iterator[Shown]:
    """Boxes and those inside, each frame before what it has."""
    for shown in boxes:
        yield shown
        yield from everyone(shown.inside)


# An output of an innermost box, or an entry or exit of an open one: its number and whether it
# lies at the box's start, then the number of the tensor there.
_End: TypeAlias = tuple[int, bool, int]


class _Finder:
    """Numbers boxes, and follows each tensor back to the box that makes it."""

    def __init__(self) -> None:
        self._shown: dict[int, Shown] = {}
        # By the number of a box: its place in its level.
        self._places: dict[int, int] = {}
        self._count = 0
        # By the rim of an open box that a tensor flows through: where it comes from.
        self._feeds: dict[_End, tuple[_End, bool]] = {}
        self._into: list[tuple[_End, int, Edge]] = []

    def boxes(self, level: Level, around: str, training: bool, frame: int = 0) -> tuple[Shown, ...]:
        """The boxes of a level, which is inside the box of number `frame`."""
        found = []
        numbers = []
        for at, box in enumerate(level.boxes):
            self._count += 1
            number = self._count
            numbers.append(number)
            self._places[number] = at
            path = full_name(around, box)
            only = training or box.training
            inside: tuple[Shown, ...] = ()
            if box.inside is not None and box.inside.boxes:
                inside = self.boxes(box.inside, path, only, number)
            shown = Shown(number, path, box, only, inside)
            self._shown[number] = shown
            found.append(shown)
        for edge in level.edges:
            self._follow(edge, numbers, frame)
        return tuple(found)

    def _follow(self, edge: Edge, numbers: list[int], frame: int) -> None:
        """Notes what flows along an edge of a level."""
        inward = edge.source == ENTRY
        source = (frame if inward else numbers[edge.source], inward, edge.output)
        if edge.target == EXIT:
            self._feeds[frame, False, edge.input] = source, edge.training
        elif self._shown[number := numbers[edge.target]].inside:
            self._feeds[number, True, edge.input] = source, edge.training
        else:
            self._into.append((source, number, edge))

    def flows(self) -> list[Flow]:
        """Everything that flows into innermost boxes."""
        found = []
        for end, number, edge in self._into:
            training = edge.training or self._shown[number].training
            while end in self._feeds:
                end, only = self._feeds[end]
                training = training or only
            source = self._shown[end[0]]
            training = training or source.training
            own = Edge(
                self._places[source.number],
                end[2],
                self._places[number],
                edge.input,
                edge.type,
                training,
            )
            found.append((number, source, own))
        found.sort(key=lambda flow: (flow[0], flow[2].input))
        return [
            Flow(at, source, self._shown[number], own)
            for at, (number, source, own) in enumerate(found)
        ]


def _skipping(flows: list[Flow]) -> list[Flow]:
    """Flows, with those marked that another way leads around."""
    after: dict[int, set[int]] = defaultdict(set)
    for flow in flows:
        after[flow.source.number].add(flow.target.number)
    # Sets of boxes that something of a box flows on to, as bits: boxes are in order of execution.
    reached: dict[int, int] = {}
    beyond: dict[int, int] = {}
    for number in sorted(after, reverse=True):
        beyond[number] = 0
        for target in after[number]:
            beyond[number] |= reached.get(target, 0)
        reached[number] = beyond[number]
        for target in after[number]:
            reached[number] |= 1 << target
    return [
        flow.replace(skip=bool(beyond[flow.source.number] >> flow.target.number & 1))
        for flow in flows
    ]


def _labelled(flows: list[Flow]) -> tuple[Flow, ...]:
    """Flows, of which one of each tensor carries its shape: the next step on its longest way."""
    ahead: dict[int, int] = {}
    for flow in reversed(flows):
        beyond = ahead.get(flow.target.number, 0) + 1
        ahead[flow.source.number] = max(beyond, ahead.get(flow.source.number, 0))
    rank = [(flow.skip, flow.edge.training, -ahead.get(flow.target.number, 0)) for flow in flows]
    chosen: dict[tuple[int, int], int] = {}
    for at, flow in enumerate(flows):
        tensor = flow.source.number, flow.edge.output
        if tensor not in chosen or rank[at] < rank[chosen[tensor]]:
            chosen[tensor] = at
    labelled = set(chosen.values())
    return tuple([flow.replace(labelled=at in labelled) for at, flow in enumerate(flows)])
