"""Lays plans of one block upon each other. From: two plans. To: one plan of all their bodies.

Plans of equal structure become one as they are. Where plans differ only in the arms that `if`
steps took, the arms become a `Choice`. Whoever merges checks afterwards that each body still has
the structure that it had: here nothing is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netdsl.backends.emission.plan import Choice, Item, Loop, Plan, Use, Value, uses
from netdsl.backends.emission.structure import code_of_place
from netdsl.graph import Graph
from netdsl.syntax import tree


class Different(Exception):
    """Two plans differ in more than the arms of `if` steps."""


def with_choices(plan: Plan) -> Plan:
    """The plan with the steps of every arm of an `if` as a choice of that arm alone."""
    (graph,) = plan.graphs
    plan.items = _grouped(plan.items, 0, graph)
    return plan


def _grouped(items: Sequence[Item], depth: int, graph: Graph) -> list[Item]:
    found: list[Item] = []
    at = 0
    while at < len(items):
        branch = _branch(items[at], depth)
        if branch is None:
            found.append(items[at])
            at += 1
            continue
        end = at
        while end < len(items) and _branch(items[end], depth) == branch:
            end += 1
        step, arm = branch
        inner = _grouped(items[at:end], depth + 1, graph)
        found.append(Choice(step, {arm: inner}, {graph: arm}))
        at = end
    return found


def _branch(item: Item, depth: int) -> tuple[tree.If, int] | None:
    """The `if` step, that many levels deep, in whose arm an item stands."""
    first = next(uses([item]), None)
    if first is None:
        return None
    branches = first.place.node.written.branches
    if len(branches) <= depth:
        return None
    return branches[depth].step, branches[depth].arm


def merge(into: Plan, other: Plan, classes: Mapping[Graph, int]) -> Plan:
    """The first plan with the bodies of the second; both are used up. `Different` if they are."""
    _Merger(into, other, classes).merge()
    return into


class _Merger:
    def __init__(self, into: Plan, other: Plan, classes: Mapping[Graph, int]) -> None:
        self.classes = classes
        self.into = into
        self.other = other
        # The tensors of the second plan, in the first.
        self.found: dict[Value, Value] = {}
        self.choices: list[Choice] = []

    def merge(self) -> None:
        into, other = self.into, self.other
        if len(into.ports) != len(other.ports) or len(into.owned) != len(other.owned):
            raise Different
        for mine, its in zip(into.ports, other.ports, strict=True):
            self._same(mine, its)
        into.items = self._items(into.items, other.items)
        into.result = self._value(into.result, other.result)
        if [name for name, *_ in into.outputs] != [name for name, *_ in other.outputs]:
            raise Different
        into.outputs = [
            (name, self._value(mine, its), kind)
            for (name, mine, kind), (_, its, _) in zip(into.outputs, other.outputs, strict=True)
        ]
        for own, its_own in zip(into.owned, other.owned, strict=True):
            own.places.update(its_own.places)
            own.keys.update(its_own.keys)
        for graph, local in other.local.items():
            into.local[graph] = {n: self.found.get(value, value) for n, value in local.items()}
        into.foreign.update(other.foreign)

    def _same(self, mine: Value, its: Value) -> None:
        mine.types.update(its.types)
        mine.hint = mine.hint or its.hint
        self.found[its] = mine

    def _items(self, mine: Sequence[Item], its: Sequence[Item]) -> list[Item]:
        items: list[Item] = []
        a = b = 0
        while a < len(mine) or b < len(its):
            left = mine[a] if a < len(mine) else None
            right = its[b] if b < len(its) else None
            choice = self._next_choice(left, right)
            if choice is None:
                if left is None or right is None:
                    raise Different
                items.append(self._joined(left, right))
                a, b = a + 1, b + 1
                continue
            first = left if isinstance(left, Choice) and left.step is choice else None
            second = right if isinstance(right, Choice) and right.step is choice else None
            items.append(self._choice(first, second))
            a, b = a + (first is not None), b + (second is not None)
        return items

    def _next_choice(self, left: Item | None, right: Item | None) -> tree.If | None:
        """The `if` step that stands next in either plan; that which is written first."""
        steps = [item.step for item in (left, right) if isinstance(item, Choice)]
        return min(steps, key=lambda step: step.span.start) if steps else None

    def _choice(self, left: Choice | None, right: Choice | None) -> Choice:
        if left is None or right is None:
            choice = left or right
            assert choice is not None
            if right is not None:
                self._rewire(right)
            self.choices.append(choice)
            return choice
        for arm, items in right.arms.items():
            if arm in left.arms:
                left.arms[arm] = self._items(left.arms[arm], items)
            else:
                self._rewire_items(items)
                left.arms[arm] = items
        left.taken.update(right.taken)
        self.choices.append(left)
        return left

    def _rewire(self, choice: Choice) -> None:
        """Steps that only the second plan has use the tensors of the first."""
        for items in choice.arms.values():
            self._rewire_items(items)

    def _rewire_items(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Use():
                    item.inputs = [self.found.get(value, value) for value in item.inputs]
                    if item.tie is not None:
                        item.tie = self.found.get(item.tie, item.tie)
                case Loop():
                    item.entry = self.found.get(item.entry, item.entry)
                    self._rewire_items(item.items)
                case Choice():
                    self._rewire(item)
                    self.choices.append(item)

    def _joined(self, left: Item, right: Item) -> Item:
        if isinstance(left, Use) and isinstance(right, Use):
            return self._use(left, right)
        if isinstance(left, Loop) and isinstance(right, Loop):
            left.entry = self._value(left.entry, right.entry)
            self._same(left.carry, right.carry)
            left.items = self._items(left.items, right.items)
            left.exit = self._value(left.exit, right.exit)
            self._same(left.result, right.result)
            left.counts.update(right.counts)
            return left
        raise Different

    def _use(self, left: Use, right: Use) -> Use:
        if len(left.inputs) != len(right.inputs) or len(left.outputs) != len(right.outputs):
            raise Different
        if left.module != right.module or self._code(left) != self._code(right):
            raise Different
        pairs = zip(left.inputs, right.inputs, strict=True)
        left.inputs = [self._value(mine, its) for mine, its in pairs]
        if left.tie is not None and right.tie is not None:
            left.tie = self._value(left.tie, right.tie)
        for mine, its in zip(left.outputs, right.outputs, strict=True):
            self._same(mine, its)
        left.places.update(right.places)
        return left

    def _code(self, use: Use) -> object:
        return code_of_place(use.place, self.classes)

    def _value(self, mine: Value, its: Value) -> Value:
        """One tensor for both plans: the same, or one that comes from the arms of a choice."""
        its = self.found.get(its, its)
        if mine is its:
            return mine
        others = set(self.other.local)
        for choice in reversed(self.choices):
            theirs = {choice.taken.get(graph) for graph in others}
            for value, sources in choice.joins:
                if value is mine and all(sources.get(arm, its) is its for arm in theirs):
                    sources.update(dict.fromkeys(theirs, its))
                    mine.types.update(its.types)
                    return mine
            ours = {choice.taken.get(graph) for graph in self.into.local}
            if theirs & ours:
                continue
            return self._join(choice, mine, its, ours, theirs)
        raise Different

    def _join(
        self,
        choice: Choice,
        mine: Value,
        its: Value,
        ours: set[int | None],
        theirs: set[int | None],
    ) -> Value:
        for value, sources in choice.joins:
            if all(sources.get(arm) is mine for arm in ours) and all(
                sources.get(arm) is its for arm in theirs
            ):
                return value
        joined = Value({**mine.types, **its.types}, mine.hint if mine.hint == its.hint else "")
        sources = {**dict.fromkeys(ours, mine), **dict.fromkeys(theirs, its)}
        choice.joins.append((joined, sources))
        return joined


def simplified(items: Sequence[Item], graphs: Sequence[Graph]) -> list[Item]:
    """The items without choices that are none, because all bodies take the same arm."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Choice):
            inside = [graph for graph in graphs if graph in item.taken]
            for arm, inner in item.arms.items():
                takers = [graph for graph in inside if item.taken[graph] == arm]
                item.arms[arm] = simplified(inner, takers)
            if len(inside) == len(graphs) and len(item.arms) == 1:
                found += next(iter(item.arms.values()))
                continue
        found.append(item)
    return found


def scoped(plan: Plan) -> bool:
    """Whether nothing that an arm makes is used outside of it but through the choice's joins."""
    visible = set(plan.ports)
    if not _scoped(plan.items, visible):
        return False
    return plan.result in visible and all(value in visible for _, value, _ in plan.outputs)


def _scoped(items: Sequence[Item], visible: set[Value]) -> bool:
    for item in items:
        match item:
            case Use():
                if not visible.issuperset(item.inputs):
                    return False
                if item.tie is not None and item.tie not in visible:
                    return False
                visible.update(item.outputs)
            case Loop():
                inner = {*visible, item.carry}
                if item.entry not in visible or not _scoped(item.items, inner):
                    return False
                if item.exit not in inner:
                    return False
                visible.add(item.result)
            case Choice():
                if not _choice_scoped(item, visible):
                    return False
    return True


def _choice_scoped(choice: Choice, visible: set[Value]) -> bool:
    inside: dict[int | None, set[Value]] = {}
    for arm, items in choice.arms.items():
        inside[arm] = set(visible)
        if not _scoped(items, inside[arm]):
            return False
    for value, sources in choice.joins:
        if any(source not in inside.get(arm, visible) for arm, source in sources.items()):
            return False
        visible.add(value)
    return True
