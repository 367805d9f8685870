"""Finds steps that are repeated with names that count on. From: a plan. To: a plan with loops.

Rounds must be alike in structure, be fed one by the other, and have values that are equal or
grow evenly; what is shorter without a loop stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.explain import Explainers
from netdsl.backends.emission.expression import same
from netdsl.backends.emission.places import code_of
from netdsl.backends.emission.plan import Choice, Item, Loop, ModuleName, Place, Use, Value
from netdsl.backends.emission.structure import code_of_place

_LONGEST_ROUND = 16
# Fewer rounds than these are as clear without a loop; two are no sign of even growth.
_ROUNDS = 3
_ROUNDS_OF_MANY = 2
_ROUNDS_OF_LAYERS = 4
_MANY = 5


class Roller:
    """Rolls up the steps of one class."""

    def __init__(self, found: Class, explainers: Explainers, ready: set[Class]) -> None:
        self.found = found
        self.ready = ready
        self.explainers = explainers
        self.class_of = class_of = explainers.class_of
        self.numbers = {graph: id(class_) for graph, class_ in class_of.items()}
        self.uses = consumers(found)
        self._kinds: dict[int, object] = {}

    def roll(self, items: Sequence[Item]) -> list[Item]:
        """The items with loops for what is repeated."""
        rolled: list[Item] = []
        at = 0
        while at < len(items):
            period, count = self._best(items, at)
            if count:
                rolled.append(self._loop(items[at : at + period * count], period, count))
                at += period * count
            else:
                rolled.append(items[at])
                at += 1
        return rolled

    def _best(self, items: Sequence[Item], at: int) -> tuple[int, int]:
        """The period and number of rounds, from an item on, that save most; (0, 0) for none."""
        best, saved = (0, 0), 0
        for period in range(1, min(_LONGEST_ROUND, (len(items) - at) // 2) + 1):
            count = self._rounds(items, at, period)
            needed = self._needed(items[at : at + period])
            while count >= needed and not self._closed(items, at, period, count):
                count -= 1
            if count >= needed and (count - 1) * period > saved:
                best, saved = (period, count), (count - 1) * period
        return best

    def _needed(self, round_: Sequence[Item]) -> int:
        """From how many rounds on a loop is clearer."""
        if len(round_) >= _MANY:
            return _ROUNDS_OF_MANY
        blocks = any(use.place.child is not None for use in _uses(round_))
        return _ROUNDS if blocks else _ROUNDS_OF_LAYERS

    def _kind(self, item: Item) -> object:
        """What an item is in structure; None for what no loop takes in."""
        if id(item) not in self._kinds:
            self._kinds[id(item)] = self._compute_kind(item)
        return self._kinds[id(item)]

    def _compute_kind(self, item: Item) -> object:
        if not isinstance(item, Use) or item.taps or item.shared or item.tie or item.tie_shared:
            return None
        if item.place.child is not None and self.class_of[item.place.child] not in self.ready:
            return None
        numbered = _numbered(item)
        if item.module is not None and numbered is None:
            return None
        what = code_of_place(item.place, self.numbers)
        name = (item.module.levels, numbered[0]) if item.module and numbered else None
        return what, name, len(item.inputs), item.training, frozenset(item.places)

    def _rounds(self, items: Sequence[Item], at: int, period: int) -> int:
        """How many rounds of a period are alike from an item on, seen one by one."""
        first = [self._kind(item) for item in items[at : at + period]]
        if None in first or not any(
            isinstance(i, Use) and i.module for i in items[at : at + period]
        ):
            return 0
        count = 1
        while at + (count + 1) * period <= len(items):
            start = at + count * period
            if [self._kind(item) for item in items[start : start + period]] != first:
                break
            count += 1
        if count < _ROUNDS_OF_MANY:
            return 0
        rounds = [_uses(items[at + k * period : at + (k + 1) * period]) for k in range(count)]
        for fits in (self._names_fit, self._wires_fit, self._values_fit):
            while len(rounds) > 1 and not fits(rounds):
                rounds.pop()
        return len(rounds)

    def _names_fit(self, rounds: list[list[Use]]) -> bool:
        for column in zip(*rounds, strict=True):
            numbers = [_number(use) for use in column]
            if numbers[0] is None:
                continue
            if any(b - a != numbers[1] - numbers[0] for a, b in pairwise(numbers)):  # type: ignore[operator]
                return False
        return True

    def _wires_fit(self, rounds: list[list[Use]]) -> bool:
        ends = _ends(rounds[0], rounds[1])
        if ends is None:
            return False
        exit_ = ends[1]
        for before, now in pairwise(rounds):
            place = next(
                (row, column)
                for row, use in enumerate(rounds[0])
                for column, value in enumerate(use.outputs)
                if value is exit_
            )
            fed = before[place[0]].outputs[place[1]]
            if not _wired(rounds[0], now, ends[0], fed):
                return False
        return True

    def _values_fit(self, rounds: list[list[Use]]) -> bool:
        return all(
            _even(sequence)
            for column in zip(*rounds, strict=True)
            for sequence in self._values(column)
        )

    def _values(self, column: Sequence[Use]) -> Iterator[list[object]]:
        """Every value of a use, round by round, in each body."""
        for graph in column[0].places:
            places = [use.places[graph][0] for use in column]
            if places[0].child is not None:
                yield from self._arguments(places)
                continue
            parts = ["construct", "call", *(f"starts.{n}" for n in range(len(places[0].starts)))]
            for part in parts:
                codes = [code_of(place, part) for place in places]
                for name in codes[0].values if codes[0] is not None else ():
                    yield [code.values[name] for code in codes if code is not None]

    def _arguments(self, places: Sequence[Place]) -> Iterator[list[object]]:
        children = [place.child for place in places if place.child is not None]
        explainer = self.explainers.of(children[0])
        for key in explainer.given():
            yield [explainer.known(key, child) for child in children]

    def _closed(self, items: Sequence[Item], at: int, period: int, count: int) -> bool:
        """Whether nothing inside the rounds is used after them but what the last one ends in."""
        inside = {id(item) for item in items[at : at + period * count]}
        rounds = [_uses(items[at + k * period : at + (k + 1) * period]) for k in range(count)]
        ends = _ends(rounds[0], rounds[1])
        assert ends is not None
        row, column = _place_of(rounds[0], ends[1])
        last = rounds[-1][row].outputs[column]
        for round_ in rounds:
            for use in round_:
                for value in use.outputs:
                    if value is not last and not self.uses.get(value, set()) <= inside:
                        return False
        return True

    def _loop(self, items: Sequence[Item], period: int, count: int) -> Loop:
        rounds = [_uses(items[k * period : (k + 1) * period]) for k in range(count)]
        ends = _ends(rounds[0], rounds[1])
        assert ends is not None
        entry, exit_ = ends
        row, column = _place_of(rounds[0], exit_)
        result = rounds[-1][row].outputs[column]
        carry = Value(entry.types)
        for number, use in enumerate(rounds[0]):
            same_use = [round_[number] for round_ in rounds]
            use.inputs = [carry if value is entry else value for value in use.inputs]
            for graph in use.places:
                use.places[graph] = [other.places[graph][0] for other in same_use]
            numbers = [_number(other) for other in same_use]
            if use.module is not None and numbers[0] is not None and numbers[1] is not None:
                stem = use.place.node.stem
                counting = (numbers[0], numbers[1] - numbers[0])
                use.module = ModuleName(use.module.levels, stem, counting)
        counts = dict.fromkeys(rounds[0][0].places, count)
        return Loop(list(rounds[0]), counts, (entry, carry, exit_, result))


def _uses(items: Sequence[Item]) -> list[Use]:
    return [item for item in items if isinstance(item, Use)]


def _numbered(use: Use) -> tuple[str, int] | None:
    """Stem and number of a use's module, if it was numbered by its kind."""
    if use.module is None or use.module.number:
        return None
    stem = use.place.node.stem
    number = use.module.stem.removeprefix(stem)
    if not use.module.stem.startswith(stem) or not number.isdecimal():
        return None
    return (stem, int(number)) if number == str(int(number)) else None


def _number(use: Use) -> int | None:
    numbered = _numbered(use)
    return numbered[1] if numbered is not None else None


def _ends(first: Sequence[Use], second: Sequence[Use]) -> tuple[Value, Value] | None:
    """What feeds the first round and what it feeds the second with, if that is one tensor."""
    made = {value for use in first for value in use.outputs}
    found: set[tuple[Value, Value]] = set()
    for before, after in zip(first, second, strict=True):
        for mine, its in zip(before.inputs, after.inputs, strict=True):
            if its in made:
                found.add((mine, its))
    if len(found) != 1:
        return None
    (ends,) = found
    return ends if ends[0] not in made else None


def _wired(first: Sequence[Use], now: Sequence[Use], entry: Value, fed: Value) -> bool:
    """Whether a round is wired like the first, fed by `fed` where that takes `entry`."""
    pairs = zip(first, now, strict=True)
    mine = {a: b for use, other in pairs for a, b in zip(use.outputs, other.outputs, strict=True)}
    return all(
        b is (fed if a is entry else mine.get(a, a))
        for use, other in zip(first, now, strict=True)
        for a, b in zip(use.inputs, other.inputs, strict=True)
    )


def _place_of(round_: Sequence[Use], value: Value) -> tuple[int, int]:
    return next(
        (row, column)
        for row, use in enumerate(round_)
        for column, output in enumerate(use.outputs)
        if output is value
    )


def _even(values: list[object]) -> bool:
    """Whether values are equal, or whole numbers that grow evenly."""
    if all(same(value, values[0]) for value in values):
        return True
    whole = [value for value in values if type(value) is int]
    if len(whole) < max(_ROUNDS, len(values)):
        return False
    return len({b - a for a, b in pairwise(whole)}) == 1


def consumers(found: Class) -> dict[Value, set[int]]:
    """Which items use each tensor, by `id`; what is handed out is used by the class."""
    uses: dict[Value, set[int]] = {}

    def add(value: Value, by: object) -> None:
        uses.setdefault(value, set()).add(id(by))

    def walk(items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Use():
                    for value in item.inputs:
                        add(value, item)
                    if item.tie is not None:
                        add(item.tie, item)
                case Loop():
                    add(item.entry, item)
                    add(item.exit, item)
                    walk(item.items)
                case Choice():
                    for _, sources in item.joins:
                        for value in sources.values():
                            add(value, item)
                    for arm in item.arms.values():
                        walk(arm)

    plan = found.plan
    walk(plan.items)
    for value in [plan.result, *found.taps, *(value for _, value, _ in plan.outputs)]:
        add(value, plan)
    return uses
