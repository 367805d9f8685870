"""What `forward` must compute: the steps that lead to what it returns, and how often each tensor
is used. Steps that pass a tensor on as it is are taken out: their output is their input."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission.places import without
from netdsl.backends.emission.plan import Choice, Item, Loop, Use, Value


class Needs:
    """The needed steps of one method, and the number of uses of each tensor."""

    def __init__(self, items: Sequence[Item], returned: Sequence[Value]) -> None:
        self.same: dict[Value, Value] = {}
        self._find_same(items)
        self.needed: set[Value] = {self.of(value) for value in returned}
        self.kept: set[int] = set()
        self._mark(items)
        self.counts: dict[Value, int] = {}
        self.consumer: dict[Value, Use] = {}
        for value in returned:
            self._count(value)
        self._count_items(items)

    def of(self, value: Value) -> Value:
        """The tensor that a value is."""
        while value in self.same:
            value = self.same[value]
        return value

    def _find_same(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Use():
                    if _passes_on(item):
                        self.same[item.outputs[0]] = item.inputs[0]
                case Loop():
                    self._find_same(item.items)
                case Choice():
                    for arm in item.arms.values():
                        self._find_same(arm)

    def _need(self, value: Value) -> None:
        self.needed.add(self.of(value))

    def _mark(self, items: Sequence[Item]) -> None:
        for item in reversed(items):
            match item:
                case Use():
                    if item.outputs[0] in self.same or not self.needed.intersection(item.outputs):
                        continue
                    self.kept.add(id(item))
                    for value in item.inputs:
                        self._need(value)
                case Loop():
                    if item.result not in self.needed:
                        continue
                    self.kept.add(id(item))
                    self._need(item.exit)
                    self._need(item.entry)
                    self._mark(item.items)
                case Choice():
                    self._mark_choice(item)

    def _mark_choice(self, choice: Choice) -> None:
        for value, sources in choice.joins:
            if value in self.needed:
                self.kept.add(id(choice))
                for source in sources.values():
                    self._need(source)
        for arm in choice.arms.values():
            self._mark(arm)
            if any(id(item) in self.kept for item in arm):
                self.kept.add(id(choice))

    def _count(self, value: Value, by: Use | None = None) -> None:
        value = self.of(value)
        self.counts[value] = self.counts.get(value, 0) + 1
        if by is not None:
            self.consumer[value] = by

    def _count_items(self, items: Sequence[Item]) -> None:
        for item in items:
            if id(item) not in self.kept:
                continue
            match item:
                case Use():
                    for value in item.inputs:
                        self._count(value, item)
                case Loop():
                    self._count(item.entry)
                    self._count(item.exit)
                    self._count_items(item.items)
                case Choice():
                    for value, sources in item.joins:
                        if value in self.needed:
                            for source in sources.values():
                                self._count(source)
                    for arm in item.arms.values():
                        self._count_items(arm)

    def inside(self, item: Item) -> dict[Value, int]:
        """How often the steps inside an item use each tensor."""
        before, self.counts = self.counts, {}
        consumer = dict(self.consumer)
        self._count_items([item])
        found, self.counts, self.consumer = self.counts, before, consumer
        return found


def _passes_on(use: Use) -> bool:
    """Whether what comes out is what flows in, as it is."""
    if use.emission is None or use.module is not None:
        return False
    return without(use.emission.call.text, use.omitted) == "{0}"
