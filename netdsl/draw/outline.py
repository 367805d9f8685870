"""A net as levels of boxes. From: an elaborated net. To: a `Diagram` with every level inside.

Layers that only follow another (a normalisation, an activation, noise) stand in its box, as papers
draw them. Neighbours that are alike are one box with a count. Bodies that the graph shares are
shared here too. It decides nothing of what is open; see `fold.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from netdsl.analyze.cost import NOTHING, Cost, Costs, together
from netdsl.analyze.written import call
from netdsl.draw.chains import attached, repeated
from netdsl.draw.diagram import ENTRY, EXIT, Box, Diagram, Edge, Kind, Level, Part
from netdsl.graph import ElaboratedNet, Graph, Node, Output, Port, Run, TapPath, named_nodes
from netdsl.graph import Level as NameLevel
from netdsl.record import Record
from netdsl.source import Span
from netdsl.tensor import TensorType

# Families of the catalogue that share a colour with another.
_SHARED = {"resize": "shape", "select": "shape", "scaling": "shape", "generative": "other"}

Items: TypeAlias = "Sequence[Node | Run]"


def outline(net: ElaboratedNet) -> Diagram:
    """The boxes of a net, its inputs and outputs among them."""
    costs = Costs()
    doc = net.graph.definition.doc
    return Diagram(net.name, _Outline(costs).of_net(net), costs.graph(net.graph), doc)


def category(node: Node) -> str:
    """The family of a node's layer, by the module of the catalogue that has it."""
    if isinstance(node.work, Graph):
        return "block"
    family = type(node.work).__module__.rpartition(".")[2]
    return _SHARED.get(family, family)


class _Tensor(Record):
    """A tensor of a level: its number there, and the way on to one inside the node that made it."""

    value: int
    inside: TapPath = ()


class _Segment(Record):
    """A node or a run, or the items of a group that `as` names."""

    items: Items
    group: NameLevel | None = None


class _Made(Record):
    """A box with what flows in and what it hands out, in order of its inputs and outputs."""

    box: Box
    inputs: Sequence[int]
    outputs: Sequence[_Tensor]


class _Outline:
    """Makes the levels of bodies, each once for the tensors that are asked of it."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._bodies: dict[tuple[Graph, tuple[TapPath, ...]], Level] = {}
        self._names: dict[Graph, dict[int, tuple[str, ...]]] = {}

    def of_net(self, net: ElaboratedNet) -> Level:
        """The level of a net, with its inputs and outputs as boxes."""
        graph = net.graph
        wants = [_Tensor(output.value) for output in graph.outputs]
        body = self._level(graph, graph.nodes, range(len(graph.ports)), wants, 0)
        return _with_ends(body, graph.ports, graph.outputs, net)

    def _of_body(self, graph: Graph, taps: tuple[TapPath, ...]) -> Level:
        """The level of a block: its main output, then those that its node hands out."""
        key = graph, taps
        if key not in self._bodies:
            wants = [_Tensor(graph.result), *(_Tensor(tap[0], tap[1:]) for tap in taps)]
            self._bodies[key] = self._level(graph, graph.nodes, range(len(graph.ports)), wants, 0)
        return self._bodies[key]

    def _level(
        self,
        graph: Graph,
        items: Items,
        entries: Sequence[int],
        wants: Sequence[_Tensor],
        depth: int,
    ) -> Level:
        """A level of these items, which tensors flow into and are wanted from.

        `depth` says how many named groups are open around them.
        """
        places = {_Tensor(value): (ENTRY, port) for port, value in enumerate(entries)}
        types = {_Tensor(value): graph.types[value] for value in entries}
        boxes: list[Box] = []
        edges: list[Edge] = []
        segments = list(_segments(items, depth))
        last = {value: at for at, segment in enumerate(segments) for value in _free(segment.items)}
        last |= {want.value: len(segments) for want in wants}
        for at, segment in enumerate(segments):
            later = [value for value in _made(segment.items) if last.get(value, -1) > at]
            made = self._box(graph, segment, later, wants, depth)
            box = made.box
            for port, value in enumerate(made.inputs):
                tensor = _Tensor(value)
                edges.append(Edge(*places[tensor], at, port, types[tensor], box.training))
            boxes.append(box)
            for port, tensor in enumerate(made.outputs):
                places[tensor], types[tensor] = (at, port), box.outputs[port]
        for port, want in enumerate(wants):
            edges.append(Edge(*places[want], EXIT, port, types[want]))
        level = Level(
            _apart(boxes),
            tuple(edges),
            tuple(graph.types[value] for value in entries),
            tuple(types[want] for want in wants),
        )
        return repeated(attached(level))

    def _box(
        self,
        graph: Graph,
        segment: _Segment,
        later: Sequence[int],
        wants: Sequence[_Tensor],
        depth: int,
    ) -> _Made:
        """The box of a segment, of which the tensors in `later` are used further on."""
        names = self._names_of(graph, segment.items)
        if segment.group is not None:
            return self._group(graph, segment, later, wants, depth, names)
        (item,) = segment.items
        if isinstance(item, Run):
            return self._run(graph, item, depth, names)
        return self._node(graph, item, wants, names)

    def _node(
        self, graph: Graph, node: Node, wants: Sequence[_Tensor], names: tuple[str, ...]
    ) -> _Made:
        cost = self._cost(graph, node)
        title = _rounded(call(node, brief=True))
        if node.named and node.stem != title:
            title += f" as {node.stem}"
        main = node.outputs[0]
        inner = [want for want in wants if want.value == main and want.inside]
        types = tuple([graph.types[value] for value in node.outputs])
        inside: Level | None = None
        parts: tuple[Part, ...] = ()
        if isinstance(node.work, Graph):
            taps = [tap for tap in node.taps if isinstance(tap, tuple)]
            inside = self._of_body(node.work, (*taps, *(want.inside for want in inner)))
            types = inside.exits
        else:
            span = node.written.span
            parts = (Part(names[0], title, category(node), types[0], cost, span),)
        box = Box(
            name=names[0],
            kind="layer" if inside is None else "block",
            title=title,
            category=category(node),
            parts=parts,
            count=1,
            cost=cost,
            nodes=names,
            inputs=len(node.inputs),
            outputs=types,
            span=node.written.span,
            training=node.training,
            inside=inside,
        )
        return _Made(box, node.inputs, [*map(_Tensor, node.outputs), *inner])

    def _run(self, graph: Graph, run: Run, depth: int, names: tuple[str, ...]) -> _Made:
        inputs = list(dict.fromkeys([run.entry, *_free(run.nodes)]))
        level = self._level(graph, run.nodes, inputs, [_Tensor(run.exit)], depth)
        first = level.boxes[0]
        cost = together(box.cost for box in level.boxes).times(run.count)
        if len(level.boxes) == 1:
            # One layer or block that is repeated is a box with a count.
            count = first.count * run.count
            box = first.replace(count=count, cost=cost, nodes=names)
            order = {edge.input: inputs[edge.output] for edge in level.edges if edge.target == 0}
            inputs = [order[port] for port in range(box.inputs)]
        else:
            box = _around(level, f"{first.name}…", "run", f"repeat {run.count}", names)
            box = box.replace(count=run.count, cost=cost)
        return _Made(box, inputs, [_Tensor(run.result)])

    def _group(
        self,
        graph: Graph,
        segment: _Segment,
        later: Sequence[int],
        wants: Sequence[_Tensor],
        depth: int,
        names: tuple[str, ...],
    ) -> _Made:
        inputs = _free(segment.items)
        made = _made(segment.items)
        outputs = [_Tensor(value) for value in later or made[-1:]]
        outputs += [want for want in wants if want.inside and want.value in made]
        level = self._level(graph, segment.items, inputs, outputs, depth + 1)
        title = ".".join(names[0].split(".")[: depth + 1])
        box = _around(level, title, "group", title.rpartition(".")[2], names)
        return _Made(box, inputs, outputs)

    def _cost(self, graph: Graph, node: Node) -> Cost:
        """What a node costs; each use of a shared layer shows what the layer has."""
        if node.shared is None:
            return self._costs.node(graph, node)
        return self._costs.alone(graph, node)

    def _names_of(self, graph: Graph, items: Items) -> tuple[str, ...]:
        """The names of all nodes that items execute, rounds of runs one by one."""
        if graph not in self._names:
            found: dict[int, tuple[str, ...]] = {}
            names = (name for name, _ in named_nodes(graph))
            for item in graph.nodes:
                _take(item, names, found)
            self._names[graph] = found
        return tuple([name for item in items for name in self._names[graph][id(item)]])


def _rounded(text: str) -> str:
    """A call whose long fractions have six digits, as many as a picture has room for."""
    return re.sub(r"\b\d+\.\d{6,}", lambda found: f"{float(found[0]):.6g}", text)


def _around(level: Level, name: str, kind: Kind, title: str, names: tuple[str, ...]) -> Box:
    """A box around a level."""
    return Box(
        name=name,
        kind=kind,
        title=title,
        category="block",
        parts=(),
        count=1,
        cost=together(box.cost for box in level.boxes),
        nodes=names,
        inputs=len(level.entries),
        outputs=level.exits,
        span=level.boxes[0].span,
        training=all(box.training for box in level.boxes),
        inside=level,
    )


def _take(item: Node | Run, names: Iterator[str], found: dict[int, tuple[str, ...]]) -> None:
    """Gives each item its names, in order of execution; what is in a run those of a first round."""
    if isinstance(item, Node):
        found[id(item)] = (next(names),)
        return
    every: list[str] = []
    for number in range(item.count):
        of_round: dict[int, tuple[str, ...]] = {}
        for inner in item.nodes:
            _take(inner, names, of_round)
            every += of_round[id(inner)]
        if not number:
            found |= of_round
    found[id(item)] = tuple(every)


def _segments(items: Items, depth: int) -> Iterator[_Segment]:
    """Items one by one, neighbours in one named group together."""
    group: NameLevel | None = None
    together: list[Node | Run] = []
    for item in items:
        chain = _chain(_first(item).level)
        own = chain[depth] if len(chain) > depth else None
        if together and own is not group:
            yield _Segment(together, group)
            together = []
        if own is None:
            yield _Segment([item])
        else:
            together.append(item)
        group = own
    if together:
        yield _Segment(together, group)


def _first(item: Node | Run) -> Node:
    return item if isinstance(item, Node) else _first(item.nodes[0])


def _chain(level: NameLevel | None) -> tuple[NameLevel, ...]:
    """The named groups around a node, the outermost first."""
    return () if level is None else (*_chain(level.parent), level)


def _free(items: Items) -> list[int]:
    """The tensors that flow into items from elsewhere, in order of use."""
    made: set[int] = set()
    found: dict[int, None] = {}
    for item in items:
        if isinstance(item, Node):
            used: Iterable[int] = item.inputs
        else:
            used = [item.entry, *_free(item.nodes)]
        found |= dict.fromkeys(value for value in used if value not in made)
        made.update(_made([item]))
    return list(found)


def _made(items: Items) -> list[int]:
    """The tensors that items make, as others can use them."""
    found: list[int] = []
    for item in items:
        found += item.outputs if isinstance(item, Node) else [item.result]
    return found


def _apart(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Boxes with names of their own: uses of a shared layer have the layer's."""
    seen: dict[str, int] = {}
    found = []
    for box in boxes:
        seen[box.name] = count = seen.get(box.name, 0) + 1
        found.append(box if count == 1 else box.replace(name=f"{box.name}#{count}"))
    return tuple(found)


def _with_ends(
    level: Level, ports: Sequence[Port], outputs: Sequence[Output], net: ElaboratedNet
) -> Level:
    """The level of a net whose inputs and outputs are boxes."""
    ahead = len(ports)
    span = net.graph.definition.span
    boxes = [_end("input", port.name, port.type, span) for port in ports]
    boxes += level.boxes
    for output, type in zip(outputs, level.exits, strict=True):
        training = output.kind == "auxiliary"
        boxes.append(_end("output", output.name, type, output.span, training))
    edges = []
    for edge in level.edges:
        source = (edge.output, 0) if edge.source == ENTRY else (edge.source + ahead, edge.output)
        if edge.target == EXIT:
            number = ahead + len(level.boxes) + edge.input
            edges.append(Edge(*source, number, 0, edge.type, boxes[number].training))
        else:
            edges.append(Edge(*source, edge.target + ahead, edge.input, edge.type, edge.training))
    return Level(_apart(boxes), tuple(edges), (), ())


def _end(kind: Kind, name: str, type: TensorType, span: Span, training: bool = False) -> Box:
    """An input, out of which a tensor flows, or an output, into which one does."""
    leaves = kind == "input"
    return Box(
        name=f"{kind} {name}",
        kind=kind,
        title=name,
        category="input",
        parts=(),
        count=1,
        cost=NOTHING,
        nodes=(),
        inputs=int(not leaves),
        outputs=(type,) if leaves else (),
        span=span,
        training=training,
    )
