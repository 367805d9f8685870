"""The tables in which papers print nets. From: elaborated nets. To: a `Table`, for any format.

`rows_table` has a row for each layer or block of one net, after Table 1 of "Going deeper with
convolutions" (Szegedy et al., 2015); `configurations`, in `table_stages.py`, a column for each of
several nets, after Table 1 of "Very deep convolutional networks" (Simonyan and Zisserman, 2015).
Weights and multiply-adds are those that `netdsl check` tells.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from netdsl.analyze.cost import Cost, Costs, together
from netdsl.analyze.written import parameters
from netdsl.draw import cards
from netdsl.draw import table_words as words
from netdsl.draw.diagram import Box, Level
from netdsl.draw.outline import outline
from netdsl.draw.table_parts import Row, Side, Table, cell
from netdsl.draw.table_stages import configurations
from netdsl.graph import ElaboratedNet, Graph, Node, named_nodes
from netdsl.record import Record

__all__ = ["Table", "configurations", "rows_table"]

# Columns before and after those of the parameters of blocks.
_BEFORE: dict[str, Side] = {
    "type": "left",
    "patch size / stride": "left",
    "output size": "left",
    "depth": "right",
}
_AFTER: dict[str, Side] = {"params": "right", "ops": "right"}

_COST_NOTE = "Params are what is learned, biases with it; ops are multiply-adds of one example."
_COUNT_NOTE = "A row with × has the figures of all."
_TRAINING_NOTE = "What exists in training only has params and no ops."


class _Listed(Record):
    """A box that has a row, with its nodes and what it costs; `around` are groups and runs."""

    box: Box
    nodes: tuple[Node, ...]
    count: int
    cost: Cost
    depth: int
    around: tuple[Box, ...]


def rows_table(net: ElaboratedNet) -> Table:
    """The layers and blocks of a net's own level, one a row, with their figures.

    Parameters that differ between the uses of a block that is used more than twice have columns.
    """
    diagram = outline(net)
    walk = _Walk(net.graph)
    listed = list(walk.of(diagram.level, ()))
    uses = words.Uses((one.nodes[0], one.count) for one in listed if one.box.kind == "block")
    writer = _Writer(uses)
    groups = [
        list(rows) for _, rows in groupby(listed, key=lambda one: [box.name for box in one.around])
    ]
    body = [writer.group(rows, first=not at) for at, rows in enumerate(groups)]
    unused = walk.unused()
    if unused.weights:
        body.append((writer.figures("shared", "", unused),))
    depth = str(walk.depths.level(diagram.level))
    return Table(
        caption=f"{net.name} on {' and '.join(map(words.port, net.inputs))}",
        sides=writer.sides,
        head=writer.head(),
        body=tuple(body),
        foot=(writer.figures("total", depth, diagram.cost),),
        notes=(*_notes(listed), *writer.notes()),
    )


class _Walk:
    """Goes through the boxes of a net's own level; what a shared layer has counts once."""

    def __init__(self, graph: Graph) -> None:
        self.costs = Costs()
        self.depths = words.Depths()
        self._graph = graph
        self._nodes = dict(named_nodes(graph))
        self._unused = dict.fromkeys(graph.shared)

    def of(self, level: Level, around: tuple[Box, ...]) -> Iterator[_Listed]:
        """The boxes of a level, as often as the boxes around it are there."""
        rounds = math.prod(box.count for box in around)
        for box in level.boxes:
            if box.kind in ("input", "output"):
                continue
            if box.kind in ("group", "run") and box.inside is not None:
                yield from self.of(box.inside, (*around, box))
                continue
            nodes = tuple([self._nodes[name] for name in box.nodes])
            cost = together(list(self._costs_of(nodes, rounds)))
            depth = self.depths.of(box) * rounds
            yield _Listed(box, nodes, box.count * rounds, cost, depth, around)

    def unused(self) -> Cost:
        """The cost of the shared layers that only blocks use."""
        return together([self.costs.shared(shared) for shared in self._unused])

    def _costs_of(self, nodes: Iterable[Node], rounds: int) -> Iterator[Cost]:
        for node in nodes:
            yield self.costs.node(self._graph, node).times(rounds)
            if node.shared is not None and node.shared in self._unused:
                del self._unused[node.shared]
                yield self.costs.shared(node.shared)


class _Writer:
    """Writes rows."""

    def __init__(self, uses: words.Uses) -> None:
        often = [block for block in uses.blocks if uses.often(block)]
        self._differing = {block: uses.differing(block) for block in often}
        self._alike = {block: uses.alike(block, uses.given(block)) for block in often}
        # Blocks that have a parameter of the same name share its column.
        self._owners: dict[str, list[str]] = {}
        for block, names in self._differing.items():
            for name in names:
                self._owners.setdefault(name, []).append(block)
        between: list[Side] = ["right"] * len(self._owners)
        self.sides: tuple[Side, ...] = (*_BEFORE.values(), *between, *_AFTER.values())

    def head(self) -> tuple[Row, ...]:
        """The names of the columns; those of parameters stand below their blocks."""
        if not self._owners:
            return (tuple([cell(name, heading=True) for name in (*_BEFORE, *_AFTER)]),)
        before, after = (
            [cell(name, rows=2, heading=True) for name in names] for names in (_BEFORE, _AFTER)
        )
        blocks = [
            cell(", ".join(owners), columns=len(list(names)), heading=True)
            for owners, names in groupby(self._owners, key=lambda name: self._owners[name])
        ]
        names = tuple([cell(name, heading=True) for name in self._owners])
        return (*before, *blocks, *after), names

    def notes(self) -> Iterator[str]:
        """What all uses of a block have alike."""
        for block, alike in self._alike.items():
            if alike:
                yield f"{block} has {words.told(alike)}."

    def group(self, listed: Sequence[_Listed], first: bool) -> tuple[Row, ...]:
        """The rows of neighbours, below one that names what is around them."""
        names = [words.times(_name(box), box.count) for box in listed[0].around]
        heading = ", ".join(names) if names else "" if first else "then"
        rows = [self._row(one) for one in listed]
        if heading:
            rows.insert(0, (cell(heading, columns=len(self.sides), heading=True),))
        return tuple(rows)

    def figures(self, name: str, depth: str, cost: Cost) -> Row:
        """A row of figures alone."""
        told = {"type": name, "depth": depth}
        return self._cells(told, cost)

    def _row(self, one: _Listed) -> Row:
        output = one.box.outputs[0]
        told = {"type": self._type(one), "output size": cards.shape(output)}
        told["depth"] = str(one.depth)
        work = one.nodes[0].work
        if isinstance(work, Graph):
            return self._cells(told, one.cost, self._values(one.nodes[0], work))
        if window := words.patch(work, output):
            told["patch size / stride"] = f"{window} / {words.stride(work, output)}"
        return self._cells(told, one.cost)

    def _cells(self, told: Mapping[str, str], cost: Cost, values: Mapping[str, str] = {}) -> Row:
        """The cells of a row; a parameter may be called like one of our own columns."""
        before = [told.get(name, "") for name in _BEFORE]
        between = [values.get(name, "") for name in self._owners]
        after = [words.exact(cost.weights), words.exact(cost.macs)]
        first, *others = [*before, *between, *after]
        return (cell(first, heading=True), *map(cell, others))

    def _type(self, one: _Listed) -> str:
        """What a row is: `inception`, `(conv, relu) × 2`, `bottleneck × 3`, `head(1000) (aux1)`."""
        told = []
        # Layers that stand in one box follow one another, as often as the box is there.
        for node in one.nodes[: len(one.box.parts) or 1]:
            name = f" ({node.stem})" if node.named else ""
            told.append(words.row_type(node, self._told(node)) + name)
        text = ", ".join(told)
        text = words.times(f"({text})" if len(told) > 1 < one.count else text, one.count)
        return f"{text}, in training only" if one.box.training else text

    def _told(self, node: Node) -> set[str]:
        """The arguments of a block that columns or notes tell."""
        if not isinstance(node.work, Graph):
            return set()
        name = node.work.name
        return {*self._differing.get(name, ()), *self._alike.get(name, ())}

    def _values(self, node: Node, body: Graph) -> dict[str, str]:
        """What the columns say of a use of a block."""
        values = parameters(node, body)
        return {name: values.get(name, "") for name in self._differing.get(body.name, ())}


def _name(box: Box) -> str:
    """What a group or a run is called."""
    return box.title if box.kind == "group" else "in turn"


def _notes(listed: Sequence[_Listed]) -> Iterator[str]:
    yield words.DEPTH_NOTE
    yield _COST_NOTE
    if any(one.count > 1 for one in listed):
        yield _COUNT_NOTE
    if any(one.box.training for one in listed):
        yield _TRAINING_NOTE
