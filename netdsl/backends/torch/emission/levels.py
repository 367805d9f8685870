"""Levels of names within a class: which of them is a plain chain, and when it is constructed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.plan import Choice, Item, Loop, Use, Value, uses
from netdsl.backends.torch.emission.names import allowed


class Chain:
    """A level whose steps are modules in a row, each fed by the one before: `nn.Sequential`."""

    __slots__ = ("entry", "items", "level", "result")

    def __init__(self, level: str, items: list[Item], entry: Value, result: Value) -> None:
        self.level = level
        self.items = items
        self.entry = entry
        self.result = result


def chains(found: Class, plain: set[int], consumers: dict[Value, set[int]]) -> dict[str, Chain]:
    """The chains of a class by their level; `plain` are the `id`s of uses that are one call."""
    groups: dict[str, list[Item]] = {}
    places: dict[str, list[int]] = {}
    scattered = set(_levels_inside(found.plan.items))
    for place, item in enumerate(found.plan.items):
        levels = {use.module.levels if use.module else () for use in uses([item])}
        if len(levels) == 1 and levels != {()}:
            (path,) = levels
            groups.setdefault(path[0], []).append(item)
            places.setdefault(path[0], []).append(place)
            if len(path) > 1:
                scattered.add(path[0])
        else:
            scattered.update(path[0] for path in levels if path)
    result: dict[str, Chain] = {}
    for level, items in groups.items():
        in_a_row = places[level] == list(range(places[level][0], places[level][-1] + 1))
        if level in scattered or not in_a_row:
            continue
        chain = _chain(level, items, plain, consumers)
        if chain is not None:
            result[level] = chain
    return result


def _levels_inside(items: Sequence[Item]) -> Iterator[str]:
    """Levels with steps in a choice: an arm that is not taken constructs none of them."""
    for item in items:
        if isinstance(item, Choice):
            for use in uses([item]):
                if use.module is not None and use.module.levels:
                    yield use.module.levels[0]


def _chain(
    level: str, items: list[Item], plain: set[int], consumers: dict[Value, set[int]]
) -> Chain | None:
    entry = _ends(items[0])[0]
    flowing = entry
    for item in items:
        start, end = _ends(item)
        inner = list(uses([item]))
        if start is not flowing or not all(id(use) in plain for use in inner):
            return None
        if isinstance(item, Loop) and not _straight(item):
            return None
        if not all(use.module is not None and allowed(use.module.stem) for use in inner):
            return None
        if item is not items[-1] and len(consumers.get(end, ())) != 1:
            return None
        flowing = end
    return Chain(level, items, entry, flowing)


def _straight(loop: Loop) -> bool:
    flowing = loop.carry
    for item in loop.items:
        start, end = _ends(item)
        if start is not flowing or not isinstance(item, Use):
            return False
        flowing = end
    return flowing is loop.exit


def _ends(item: Item) -> tuple[Value, Value]:
    """What an item takes first and what it gives."""
    match item:
        case Loop():
            return item.entry, item.result
        case Use():
            return (item.inputs or item.outputs)[0], item.outputs[0]
    none = Value({})
    return none, none


def chained(items: Sequence[Item], chains: dict[str, Chain]) -> list[Item | Chain]:
    """The items with the steps of each chain as one."""
    starts = {id(chain.items[0]): chain for chain in chains.values()}
    inside = {id(item) for chain in chains.values() for item in chain.items}
    found: list[Item | Chain] = []
    for item in items:
        if id(item) in starts:
            found.append(starts[id(item)])
        elif id(item) not in inside:
            found.append(item)
    return found
