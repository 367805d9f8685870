"""What changes from one net to another: layers added, removed and changed, block by block.

The two nets are laid beside each other level by level. On a level the longest common sequences of
what is exactly alike are matched first; between those what is called alike, then what is merely of
the same kind. Two blocks that were matched and are not alike are opened. What follows from a change
(a layer after it with more channels, on a larger image) is told where it changes weights or
multiply-adds, since that is what a reader of a difference counts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, TypeAlias

from netdsl.analyze.cost import Costs
from netdsl.analyze.steps import Maker, Step, Steps, steps_of
from netdsl.analyze.written import parameters
from netdsl.catalog.arguments import TensorInput, TiedWeight
from netdsl.catalog.base import Layer
from netdsl.catalog.describe import value_text
from netdsl.graph import ElaboratedNet, Graph
from netdsl.record import Record
from netdsl.tensor import Dim, TensorType

# Beyond so many steps on a level, the search passes over what is frequent (difflib's "junk"): the
# difference found is a true one, if perhaps not the shortest.
_THOROUGH = 3000

_Key = Callable[[Step], Hashable]


Kind: TypeAlias = Literal["added", "removed", "changed"]


class Change(Record):
    """What one net has and the other has not, or has otherwise.

    `names` and `calls` are those in the first net and in the second, empty where there is none;
    `details` says in words what differs; `inside` are the changes in a block. Neighbours that
    change alike are one change: `last` has the names of the last of the `count`, the differences
    in weights and multiply-adds (second less first) are those of all.
    """

    kind: Kind
    names: tuple[str, str]
    calls: tuple[str, str]
    weights: int
    macs: Dim
    details: tuple[str, ...]
    inside: tuple[Change, ...]
    count: int
    last: tuple[str, str]


def difference(before: ElaboratedNet, after: ElaboratedNet) -> tuple[Change, ...]:
    """The changes from one net to another: inputs, layers in order of execution, outputs."""
    return (
        *_declared("input", *(_inputs(net) for net in (before, after))),
        *_Comparison().graphs(before.graph, after.graph),
        *_declared("output", *(_outputs(net.graph) for net in (before, after))),
    )


def reshaped(before: ElaboratedNet, after: ElaboratedNet) -> tuple[Reshaped, ...]:
    """What gives another shape than before on the net's own level, neighbours alike as one."""
    pairs = _Comparison().pairs(before.graph, after.graph)
    changed = [(old, new) for old, new in pairs if old and new and old.output != new.output]
    found: list[Reshaped] = []
    for kinds, alike in groupby(changed, key=lambda pair: (pair[0].output, pair[1].output)):
        names = [new.name for _, new in alike]
        found.append(Reshaped(names[0], names[-1], *kinds))
    return tuple(found)


def _inputs(net: ElaboratedNet) -> dict[str, str]:
    return {port.name: str(port.type) for port in net.inputs}


def _outputs(graph: Graph) -> dict[str, str]:
    return {output.name: str(graph.types[output.value]) for output in graph.outputs}


def _declared(word: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """Inputs or outputs that came, went or have another type."""
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            kind: Kind = "changed" if old and new else "added" if new else "removed"
            names = (name if old else "", name if new else "")
            calls = (f"{word} {old}" if old else "", f"{word} {new}" if new else "")
            yield _change(kind, names, calls)


class Reshaped(Record):
    """Layers or blocks from one name to another whose output has another type than before."""

    first: str
    last: str
    before: TensorType
    after: TensorType


class _Comparison:
    """Compares graphs; two bodies are compared once, wherever they are used."""

    def __init__(self) -> None:
        self._costs = Costs()
        self._changes: dict[tuple[Graph, Graph], tuple[Change, ...]] = {}
        self._steps: dict[Graph, Steps] = {}
        self._numbers: dict[Hashable, int] = {}
        self._structures: dict[Graph, int] = {}

    def graphs(self, before: Graph, after: Graph) -> tuple[Change, ...]:
        """The changes from one body to another; none where they are alike."""
        pair = (before, after)
        if pair not in self._changes:
            self._changes[pair] = () if before is after else tuple(_merged(self._level(*pair)))
        return self._changes[pair]

    def pairs(self, before: Graph, after: Graph) -> Iterator[tuple[Step | None, Step | None]]:
        """Steps of two levels that belong together; None where one has no partner."""
        old, new = self._of(before), self._of(after)
        for a, b in self._places(old, new):
            yield (
                None if a is None else old.steps[a],
                None if b is None else new.steps[b],
            )

    def _places(self, old: Steps, new: Steps) -> list[tuple[int | None, int | None]]:
        keys: tuple[_Key, ...] = (self._exactly, _as_called, _kind)
        return list(_matched(old.steps, new.steps, 0, 0, keys))

    def _level(self, before: Graph, after: Graph) -> Iterator[Change]:
        """The changes on one level of two bodies, and in the blocks on it."""
        old, new = self._of(before), self._of(after)
        pairs = self._places(old, new)
        wiring = _Wiring(old, new, {a: b for a, b in pairs if a is not None and b is not None})
        for a, b in pairs:
            if b is None and a is not None:
                yield _alone("removed", old.steps[a])
            elif a is None and b is not None:
                yield _alone("added", new.steps[b])
            elif a is not None and b is not None:
                yield from self._pair(old.steps[a], new.steps[b], wiring)
        yield from wiring.of_results()
        weights = new.inside.weights - old.inside.weights
        if weights:
            told = ("shared layers that blocks use",) * 2
            yield _change("changed", ("", ""), told, weights)

    def _pair(self, old: Step, new: Step, wiring: _Wiring) -> Iterator[Change]:
        """What changes from a step to its partner, nothing where it is all the same."""
        details = (*_details(old, new), *wiring.of_inputs(old, new))
        inside = self._inside(old.node.work, new.node.work)
        weights, macs = new.cost.weights - old.cost.weights, _less(new.cost.macs, old.cost.macs)
        if details or inside or weights or macs != 0:
            names = (old.name, new.name)
            calls = (old.call, new.call)
            yield _change("changed", names, calls, weights, macs, details, inside)

    def _inside(self, before: Layer | Graph, after: Layer | Graph) -> tuple[Change, ...]:
        """What changes in a block; nothing where only what flows in is another."""
        if isinstance(before, Layer) or isinstance(after, Layer):
            return ()
        if self._structure(before) == self._structure(after):
            return ()
        return self.graphs(before, after)

    def _of(self, graph: Graph) -> Steps:
        if graph not in self._steps:
            self._steps[graph] = steps_of(graph, self._costs)
        return self._steps[graph]

    def _exactly(self, step: Step) -> Hashable:
        """What two steps share that are the same but for their shapes."""
        node = step.node
        work = self._structure(node.work) if isinstance(node.work, Graph) else node.work
        return _kind(step), work, node.training, _given_name(step), _groups(step)

    def _structure(self, graph: Graph) -> int:
        """A number that two bodies share when layers, names and wiring in them are the same.

        Shapes do not count: they follow from what flows in.
        """
        if graph not in self._structures:
            level = self._of(graph)
            steps = [(self._exactly(step), step.makers) for step in level.steps]
            key = (graph.name, tuple(steps), level.result, level.outputs)
            self._structures[graph] = self._numbers.setdefault(key, len(self._numbers))
        return self._structures[graph]


def _matched(
    before: Sequence[Step], after: Sequence[Step], a: int, b: int, keys: Sequence[_Key]
) -> Iterator[tuple[int | None, int | None]]:
    """Positions (from `a` and `b` on) of steps that belong together; None for no partner."""
    if not keys or not before or not after:
        yield from ((a + at, None) for at in range(len(before)))
        yield from ((None, b + at) for at in range(len(after)))
        return
    one, other = (list(map(keys[0], steps)) for steps in (before, after))
    search = SequenceMatcher(None, one, other, autojunk=len(one) + len(other) > _THOROUGH)
    for word, start, end, start_after, end_after in search.get_opcodes():
        if word == "equal":
            yield from ((a + at, b + at + start_after - start) for at in range(start, end))
        else:
            parts = before[start:end], after[start_after:end_after]
            yield from _matched(*parts, a + start, b + start_after, keys[1:])


def _as_called(step: Step) -> Hashable:
    return step.call, step.node.training


def _kind(step: Step) -> str:
    work = step.node.work
    return work.name if isinstance(work, Graph) else work.word


def _given_name(step: Step) -> str:
    """The name that the spec gave it, empty where it was numbered."""
    return step.node.stem if step.node.named else ""


def _groups(step: Step) -> tuple[str, ...]:
    """The named groups around it, the outermost first."""
    level, stems = step.node.level, []
    while level is not None:
        stems.append(level.stem)
        level = level.parent
    return tuple(reversed(stems))


class _Wiring(Record):
    """Two levels and the partners of steps on them: what is fed by something else than before.

    Only where the new maker is a partner of some other one: what is fed by a layer that was
    added, or in place of one that was removed, is told by that layer.
    """

    old: Steps
    new: Steps
    partners: Mapping[int, int]

    def of_inputs(self, old: Step, new: Step) -> Iterator[str]:
        """What a step takes otherwise than its partner."""
        if len(old.makers) != len(new.makers):
            yield f"{len(old.makers)} inputs → {len(new.makers)}"
            return
        for before, after in zip(old.makers, new.makers, strict=True):
            if self._moved(before, after):
                yield f"takes {_maker(before, self.old)} → {_maker(after, self.new)}"

    def of_results(self) -> Iterator[Change]:
        """What flows out, or is handed out by name, from somewhere else."""
        kept = dict(self.new.outputs)
        results = [("what flows out", self.old.result, self.new.result)]
        results += [(name, before, kept[name]) for name, before in self.old.outputs if name in kept]
        for name, before, after in dict.fromkeys(results):
            if self._moved(before, after):
                places = (_maker(before, self.old), _maker(after, self.new))
                yield _change("changed", (name, name), places)

    def _moved(self, before: Maker, after: Maker) -> bool:
        place, output = before
        expected = self.partners.get(place) if place >= 0 else place
        known = after[0] < 0 or after[0] in self.partners.values()
        return expected is not None and known and (expected, output) != after


def _maker(maker: Maker, level: Steps) -> str:
    """A tensor in words: the name of the step that makes it, or which of the inputs it is."""
    place, output = maker
    if place < 0:
        return "what flows in" if place == -1 else f"input {-place}"
    step = level.steps[place]
    tap = step.node.taps[output - 1] if output else ""
    return f"{step.name}.{tap}" if isinstance(tap, str) and tap else step.name


def _details(old: Step, new: Step) -> Iterator[str]:
    """What two steps of a kind differ in, apart from what is in a block and what feeds them."""
    before, after = old.node, new.node
    names = [".".join([*_groups(step), _given_name(step)]).rstrip(".") for step in (old, new)]
    if names[0] != names[1]:
        yield f"called {old.name} → {new.name}"
    if isinstance(before.work, Layer) and isinstance(after.work, Layer):
        yield from _arguments(before.work, after.work)
    if isinstance(before.work, Graph) and isinstance(after.work, Graph):
        yield from _parameters(parameters(before, before.work), parameters(after, after.work))
    if before.training != after.training:
        yield "now in training only" if after.training else "now in evaluation too"
    if (before.shared is None) != (after.shared is None):
        yield "now shared" if after.shared else "no longer shared"


def _arguments(before: Layer, after: Layer) -> Iterator[str]:
    """The arguments of two layers of a kind that differ, given or by default."""
    for name, argument in before.arguments().items():
        values = [getattr(layer, name) for layer in (before, after)]
        if values[0] != values[1] and not isinstance(argument, (TensorInput, TiedWeight)):
            yield f"{name} {' → '.join(value_text(value, argument) for value in values)}"


def _parameters(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """The parameters of two blocks of a kind that differ, given or by default."""
    for name, value in before.items():
        if after.get(name, value) != value:
            yield f"{name} {value} → {after[name]}"


def _alone(kind: Literal["added", "removed"], step: Step) -> Change:
    """A step that only one of the nets has."""
    sign = 1 if kind == "added" else -1
    names = ("", step.name) if kind == "added" else (step.name, "")
    calls = ("", step.call) if kind == "added" else (step.call, "")
    details = ("in training only",) if step.node.training else ()
    return _change(kind, names, calls, sign * step.cost.weights, step.cost.macs * sign, details)


def _change(
    kind: Kind,
    names: tuple[str, str],
    calls: tuple[str, str],
    weights: int = 0,
    macs: Dim = 0,
    details: tuple[str, ...] = (),
    inside: tuple[Change, ...] = (),
) -> Change:
    """A change by itself; `_merged` makes one of several."""
    return Change(kind, names, calls, weights, macs, details, inside, 1, names)


def _less(one: Dim, other: Dim) -> Dim:
    """The difference of two figures, either of which may be known only at run time."""
    return 0 if one == other else one + other * -1


def _merged(changes: Iterable[Change]) -> Iterator[Change]:
    """Neighbours that change alike as one."""
    open_change: Change | None = None
    for change in changes:
        if open_change is not None and _alike(open_change, change):
            open_change = open_change.replace(
                weights=open_change.weights + change.weights,
                macs=open_change.macs + change.macs,
                count=open_change.count + 1,
                last=change.last,
            )
            continue
        if open_change is not None:
            yield open_change
        open_change = change
    if open_change is not None:
        yield open_change


def _alike(one: Change, other: Change) -> bool:
    """Whether two changes differ in nothing but their names and figures."""
    return (one.kind, one.calls, one.details, one.inside) == (
        other.kind,
        other.calls,
        other.details,
        other.inside,
    )
