"""Nets as lists of lines, stage by stage. From: elaborated nets. To: the stages of each.

Blocks whose boxes follow one another in every use are opened, and so are named groups; a block
that branches is one line. Left out is what papers leave to the text: normalisations, activations,
noise and layers that only move numbers, where every net has them, and settings of blocks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from netdsl.draw import cards
from netdsl.draw import table_words as words
from netdsl.draw.diagram import ENTRY, EXIT, Box, Level
from netdsl.graph import ElaboratedNet, Graph, Node, named_nodes
from netdsl.record import Record
from netdsl.tensor import TensorType

# Families of layers that are left out where every net has them.
_MINOR = frozenset({"norm", "activation", "noise", "shape"})

# Layers that are alike are listed one by one up to this many, as VGG's are.
_ONE_BY_ONE = 8

# What comes again so often is told once, up to so many lines of it.
_AGAIN, _LONGEST = 3, 16

_STRIDE = "stride"
# How a number starts, or a tuple of them.
_NUMBER = re.compile(r"[-(\[]*\d")


class Line(Record):
    """A line of a cell, and whether it stands for what has weights."""

    text: str
    weights: bool


class Stage(Record):
    """The lines of a net between two changes of resolution.

    `positions` is the size of its images, empty for vectors; `output` is that of the last layer.
    """

    positions: str
    output: str
    lines: tuple[Line, ...]


class Listing(Record):
    """The stages of each of several nets, and sentences that tell what is not in them."""

    stages: tuple[tuple[Stage, ...], ...]
    notes: tuple[str, ...]


class _Item(Record):
    """A box with the nodes of one of those that it counts, and what it opens to."""

    box: Box
    nodes: tuple[Node, ...]
    inside: tuple[_Item, ...]


class _Entry(Record):
    """What is listed `count` times; of a `whole` one a single line tells how often it is there."""

    text: str
    count: int
    whole: bool
    output: TensorType
    weights: bool
    training: bool


def listing(nets: Sequence[ElaboratedNet], levels: Sequence[Level]) -> Listing:
    """What a configuration table lists of several nets, whose outlines have these levels."""
    graphs = list(zip([net.graph for net in nets], levels, strict=True))
    known: dict[Level, frozenset[str]] = {}
    branching = frozenset().union(*(_branching(*each, known) for each in graphs))
    trees = [tuple(_items(*each, branching)) for each in graphs]
    hidden = frozenset.intersection(*map(_minor, trees))
    told = _Told([net.name for net in nets], trees)
    lister = _Lister(hidden, told.names)
    return Listing(
        tuple([tuple(_stages(lister.entries(tree))) for tree in trees]),
        (*([f"Not shown: {', '.join(sorted(hidden))}."] if hidden else []), *told.notes()),
    )


class _Told:
    """What calls of blocks leave out: the stride, and settings that are alike throughout a net.

    A setting is an argument that is no number, such as a normalisation, or one that calls may
    leave out, of a block that is used often. `names` has those of each block.
    """

    def __init__(self, nets: Sequence[str], trees: Sequence[Sequence[_Item]]) -> None:
        self._nets = nets
        blocks = [[leaf for leaf in _leaves(tree) if leaf.box.kind == "block"] for tree in trees]
        self._strides = any(
            _STRIDE in leaf.nodes[0].written.arguments for leaves in blocks for leaf in leaves
        )
        self._uses = [_uses(leaves) for leaves in blocks]
        every = _uses(leaf for leaves in blocks for leaf in leaves)
        self.names = {block: self._settings(block, every) for block in every.blocks}

    def notes(self) -> Iterator[str]:
        """Sentences that tell what is left out."""
        if self._strides:
            yield "The first block of a stage has the stride."
        for block, names in self.names.items():
            # What the nets have, each with those that have it.
            found: dict[str, list[str]] = {}
            for net, uses in zip(self._nets, self._uses, strict=True):
                if block in uses.blocks and (alike := uses.alike(block, names)):
                    found.setdefault(words.told(alike), []).append(net)
            if len(found) == 1:
                yield f"{block} has {next(iter(found))}."
            elif found:
                each = [f"{told} in {' and '.join(nets)}" for told, nets in found.items()]
                yield f"{block} has {'; '.join(each)}."

    def _settings(self, block: str, every: words.Uses) -> frozenset[str]:
        given = every.given(block) - {_STRIDE}
        having = [uses.alike(block, given) for uses in self._uses if block in uses.blocks]
        return frozenset(
            name
            for name in given
            if all(name in alike for alike in having)
            and (
                (name in every.optional(block) and every.often(block))
                or not any(_NUMBER.match(alike[name]) for alike in having)
            )
        )


def _uses(leaves: Iterable[_Item]) -> words.Uses:
    return words.Uses((leaf.nodes[0], leaf.box.count) for leaf in leaves)


def _branching(graph: Graph, level: Level, known: dict[Level, frozenset[str]]) -> frozenset[str]:
    """The names of blocks below a level that branch in some use."""
    if level in known:
        return known[level]
    nodes = dict(named_nodes(graph))
    found: set[str] = set()
    for box in level.boxes:
        if box.inside is None:
            continue
        body = nodes[box.nodes[0]].work
        if box.kind == "block" and isinstance(body, Graph):
            found |= _branching(body, box.inside, known)
            found |= set() if _is_chain(box.inside) else {body.name}
        else:
            found |= _branching(graph, box.inside, known)
    known[level] = frozenset(found)
    return known[level]


def _is_chain(level: Level) -> bool:
    """Whether the boxes of a level follow one another, and nothing else flows."""
    last = len(level.boxes) - 1
    steps = [(ENTRY, 0), *((at, at + 1) for at in range(last)), (last, EXIT)]
    if sorted((edge.source, edge.target) for edge in level.edges) != sorted(steps):
        return False
    return all(
        box.kind == "block" or not box.inside or _is_chain(box.inside) for box in level.boxes
    )


def _items(graph: Graph, level: Level, closed: frozenset[str]) -> Iterator[_Item]:
    """The boxes of a level, with those inside of groups, runs and blocks that are not `closed`."""
    nodes = dict(named_nodes(graph))
    for box in level.boxes:
        if box.kind in ("input", "output"):
            continue
        own = tuple([nodes[name] for name in box.nodes[: len(box.parts) or 1]])
        body = own[0].work
        inside: Iterable[_Item] = ()
        if box.inside is not None and not box.training:
            if box.kind != "block":
                inside = _items(graph, box.inside, closed)
            elif isinstance(body, Graph) and body.name not in closed:
                inside = _items(body, box.inside, closed)
        yield _Item(box, own, tuple(inside))


def _leaves(items: Iterable[_Item]) -> Iterator[_Item]:
    """The boxes that are not opened."""
    for item in items:
        if item.inside:
            yield from _leaves(item.inside)
        else:
            yield item


def _minor(tree: Iterable[_Item]) -> frozenset[str]:
    """The words of minor layers of a net, but for what it ends with and has nowhere else."""
    found: list[tuple[str, str]] = []
    for leaf in _leaves(tree):
        found += zip(map(_word, leaf.nodes), _categories(leaf), strict=True)
    last = found[-1] if found and found.count(found[-1]) == 1 else None
    return frozenset(word for word, family in found if family in _MINOR and (word, family) != last)


def _word(node: Node) -> str:
    return node.work.name if isinstance(node.work, Graph) else node.work.word


def _categories(leaf: _Item) -> list[str]:
    return [part.category for part in leaf.box.parts] or [leaf.box.category]


class _Lister:
    """Lists boxes; `told` has the arguments of blocks that notes tell."""

    def __init__(self, hidden: frozenset[str], told: Mapping[str, frozenset[str]]) -> None:
        self._hidden = hidden
        self._told = told

    def entries(self, items: Iterable[_Item]) -> Iterator[_Entry]:
        """The entries of items, rounds one by one where they are few."""
        for item in items:
            box = item.box
            if not item.inside:
                found = list(self._of_leaf(item))
            else:
                found = list(self.entries(item.inside))
            if box.count == 1 or not found:
                yield from found
            elif len(found) == 1:
                yield found[0].replace(count=found[0].count * box.count)
            elif len(found) * box.count <= _ONE_BY_ONE:
                yield from found * box.count
            else:
                yield _together(found, box.count)

    def _of_leaf(self, leaf: _Item) -> Iterator[_Entry]:
        """The block, or the layers of a box that are shown, each once."""
        box = leaf.box
        costs = [part.cost for part in box.parts] or [box.cost]
        outputs = [part.output for part in box.parts] or [box.outputs[0]]
        for node, cost, output in zip(leaf.nodes, costs, outputs, strict=True):
            word = _word(node)
            if word in self._hidden:
                continue
            text = words.line(node, output, {*self._told.get(word, ()), _STRIDE})
            text += ", in training only" if box.training else ""
            block = box.kind == "block"
            yield _Entry(text, 1, block, output, cost.total > 0, box.training)


def _text(entry: _Entry) -> str:
    """An entry in one line: `unit(64) × 3`, `(conv 3 × 3, 64) × 20`."""
    apart = entry.count == 1 or entry.whole
    return words.times(entry.text if apart else f"({entry.text})", entry.count)


def _stages(entries: Iterable[_Entry]) -> Iterator[Stage]:
    """The stages of a net; a head of training is told in the stage that it branches from."""
    groups: list[tuple[str, list[_Entry]]] = []
    for entry in entries:
        positions = _positions(entry.output)
        if groups and (entry.training or groups[-1][0] == positions):
            groups[-1][1].append(entry)
        else:
            groups.append((positions, [entry]))
    for positions, found in groups:
        flowing = [entry for entry in found if not entry.training] or found
        yield Stage(positions, cards.shape(flowing[-1].output), tuple(_lines(found)))


def _positions(output: TensorType) -> str:
    return cards.shape(TensorType(output.spatial)) if output.spatial else ""


def _together(entries: Sequence[_Entry], count: int) -> _Entry:
    """Entries that follow one another several times, in one line."""
    text = "; ".join(map(_text, entries))
    weights = any(entry.weights for entry in entries)
    return entries[-1].replace(text=f"({text})", count=count, whole=True, weights=weights)


def _lines(entries: Iterable[_Entry]) -> Iterator[Line]:
    """The lines of a stage; what reads alike one after another is told together where it is much.

    A stage that goes through the same few layers again and again has one line for all of them.
    """
    counted = []
    for _, group in groupby(entries, key=lambda entry: (entry.text, entry.whole)):
        same = list(group)
        counted.append(same[0].replace(count=sum(entry.count for entry in same)))
    read = [(entry.text, entry.whole, entry.count) for entry in counted]
    at = 0
    while at < len(counted):
        length, count = _period(read[at:])
        entry = counted[at] if count == 1 else _together(counted[at : at + length], count)
        at += length * count
        if entry.whole or entry.count > _ONE_BY_ONE:
            yield Line(_text(entry), entry.weights)
        else:
            yield from [Line(entry.text, entry.weights)] * entry.count


def _period(read: Sequence[object]) -> tuple[int, int]:
    """How many things come again at the beginning of a list, and how often; (1, 1) for none."""
    best = 1, 1
    for length in range(2, min(len(read) // _AGAIN, _LONGEST) + 1):
        count = 1
        while read[count * length : (count + 1) * length] == read[:length]:
            count += 1
        if count >= _AGAIN and length * count > max(_ONE_BY_ONE, math.prod(best)):
            best = length, count
    return best
