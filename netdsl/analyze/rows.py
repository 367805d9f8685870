"""The rows of the table that `netdsl check` shows.

A net is collapsed to its own level: its layers, its blocks, its named groups. Opened further, a
row has those inside it below. Neighbours that are alike are one row with a count, and its figures
are those of all; what stands below such a row is one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.analyze.cost import Cost, Costs, together
from netdsl.analyze.written import call
from netdsl.graph import Graph, Level, Node, Run, Shared, named_nodes
from netdsl.record import Record
from netdsl.tensor import TensorType


class Row(Record):
    """A layer, block, group or run: `count` of them, with their names, call and figures."""

    names: tuple[str, ...]
    call: str
    output: TensorType | None
    cost: Cost
    count: int
    depth: int
    training: bool


class _Item(Record):
    """A node, or a run with its items, at its place among the named levels of its graph."""

    node: Node | None
    name: tuple[str, ...]
    cost: Cost
    levels: tuple[Level, ...]
    output: TensorType
    inputs: tuple[TensorType, ...] = ()
    count: int = 1
    inside: tuple[_Item, ...] = ()


def rows(graph: Graph, costs: Costs, depth: int | None = 1) -> Iterator[Row]:
    """The rows of a net, `depth` levels of blocks and groups opened, all of them for None."""
    return _Rows(costs, depth).of_graph(graph, 0, False)


class _Rows:
    """Writes rows; `depth` says how many levels are opened."""

    def __init__(self, costs: Costs, depth: int | None) -> None:
        self._costs = costs
        self._depth = depth

    def of_graph(self, graph: Graph, depth: int, training: bool) -> Iterator[Row]:
        """The rows of a graph's own level, and below them what is opened.

        `training` says that the graph exists in training only.
        """
        used: set[Shared] = set()
        names = named_nodes(graph)
        items = [self._item(graph, item, names, used) for item in graph.nodes]
        for shared in graph.shared:
            # One that only blocks use has its weights here all the same.
            if shared not in used:
                cost = self._costs.shared(shared)
                yield Row((shared.name,), "shared", None, cost, 1, depth, False)
        for row in self._of_items(graph, items, 0, depth):
            yield _in_training(row) if training else row

    def _item(
        self,
        graph: Graph,
        item: Node | Run,
        names: Iterator[tuple[str, Node]],
        used: set[Shared],
    ) -> _Item:
        if isinstance(item, Run):
            return self._of_run(graph, item, names, used)
        name, _ = next(names)
        cost = self._costs.node(graph, item)
        if item.shared is not None and item.shared in graph.shared and item.shared not in used:
            cost = together([cost, self._costs.shared(item.shared)])
            used.add(item.shared)
        return _Item(
            item,
            tuple(name.split(".")),
            cost,
            _chain(item.level),
            graph.types[item.outputs[0]],
            graph.input_types(item),
        )

    def _of_run(
        self, graph: Graph, run: Run, names: Iterator[tuple[str, Node]], used: set[Shared]
    ) -> _Item:
        inside = tuple([self._item(graph, item, names, used) for item in run.nodes])
        rounds = together(item.cost for item in inside).times(run.count)
        for _ in range(_layers(run.nodes) * (run.count - 1)):
            next(names)
        if len(inside) == 1 and inside[0].node is not None:
            return inside[0].replace(cost=rounds, count=run.count)
        first = inside[0]
        output = graph.types[run.result]
        return _Item(None, first.name, rounds, first.levels, output, (), run.count, inside)

    def _of_items(
        self, graph: Graph, items: Sequence[_Item], level: int, depth: int
    ) -> Iterator[Row]:
        at = 0
        while at < len(items):
            first = items[at]
            end = at + 1
            if len(first.levels) > level:
                group = first.levels[level]
                while end < len(items) and group in items[end].levels:
                    end += 1
                yield from self._of_group(graph, items[at:end], level, depth)
            elif first.node is None:
                yield self._row(items[at:end], "", depth)
                yield from self._of_items(graph, first.inside, level, depth + 1)
            else:
                while end < len(items) and _alike(first, items[end]):
                    end += 1
                yield self._row(items[at:end], call(first.node), depth)
                if isinstance(first.node.work, Graph) and self._opens(depth):
                    yield from self.of_graph(first.node.work, depth + 1, first.node.training)
            at = end

    def _of_group(
        self, graph: Graph, items: Sequence[_Item], level: int, depth: int
    ) -> Iterator[Row]:
        name = items[0].name[level]
        cost = together(item.cost for item in items)
        training = all(item.node is not None and item.node.training for item in items)
        yield Row((name,), _contents(items), items[-1].output, cost, 1, depth, training)
        if self._opens(depth):
            yield from self._of_items(graph, items, level + 1, depth + 1)

    def _row(self, items: Sequence[_Item], written: str, depth: int) -> Row:
        names = tuple([item.name[-1] for item in items]) if written else ()
        count = sum(item.count for item in items)
        cost = together(item.cost for item in items)
        training = items[0].node is not None and items[0].node.training
        return Row(names, written, items[-1].output, cost, count, depth, training)

    def _opens(self, depth: int) -> bool:
        return self._depth is None or depth + 1 < self._depth


def _in_training(row: Row) -> Row:
    """The row of something that exists in training only."""
    return row.replace(cost=row.cost.replace(macs=0, layers=0), training=True)


def _alike(one: _Item, other: _Item) -> bool:
    """Whether two neighbours are the same layer or block on the same shapes."""
    if one.node is None or other.node is None:
        return False
    return (
        one.levels == other.levels
        and one.node.work == other.node.work
        and one.inputs == other.inputs
        and one.output == other.output
        and one.node.training == other.node.training
        and one.node.shared is other.node.shared
        and call(one.node) == call(other.node)
    )


def _contents(items: Sequence[_Item]) -> str:
    """What a named group holds: what is repeated, or its first and last."""
    first, last = items[0].node, items[-1].node
    if first is None or last is None:
        return "{ … }"
    if all(_alike(items[0], item) for item in items):
        count = sum(item.count for item in items)
        return f"{{ {f'{count} ' if count > 1 else ''}{call(first)} }}"
    return f"{{ {first.stem} … {last.stem} }}"


def _chain(level: Level | None) -> tuple[Level, ...]:
    """The named levels around a node, the outermost first."""
    return () if level is None else (*_chain(level.parent), level)


def _layers(items: tuple[Node | Run, ...]) -> int:
    """How many nodes one round executes at its graph's own level."""
    return sum(item.count * _layers(item.nodes) if isinstance(item, Run) else 1 for item in items)
