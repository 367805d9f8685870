"""Tensors that a class hands out beside its main one, because some use of it asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.plan import Use, Value, uses
from netdsl.graph import Graph, TapPath


def collect(classes: Sequence[Class], class_of: Mapping[Graph, Class]) -> None:
    """Notes in each class what its uses ask for; a path goes down level by level."""
    for found in reversed(classes):
        for use in list(uses(found.plan.items)):
            for graph, places in use.places.items():
                child = places[0].child
                for path in places[0].node.taps if child is not None else ():
                    assert isinstance(path, tuple) and child is not None and graph is not None
                    demand(class_of, child, path)


def demand(class_of: Mapping[Graph, Class], graph: Graph, path: TapPath) -> Value:
    """The tensor at a path in a body, which its class now hands out."""
    found = class_of[graph]
    value = at(class_of, graph, path)
    if value not in found.taps:
        found.taps.append(value)
    return value


def at(class_of: Mapping[Graph, Class], graph: Graph, path: TapPath) -> Value:
    """The tensor at a path in a body."""
    found = class_of[graph]
    value = found.plan.local[graph][path[0]]
    if len(path) == 1:
        return value
    use = next(use for use in uses(found.plan.items) if use.outputs[0] is value)
    child = use.places[graph][0].child
    assert child is not None
    inner = demand(class_of, child, path[1:])
    for tap, output in zip(use.taps, use.outputs[1:], strict=True):
        if isinstance(tap, tuple) and at(class_of, child, tap) is inner:
            return output
    handed = Value({graph: inner.types[child]})
    use.taps = (*use.taps, path[1:])
    use.outputs.append(handed)
    return handed


def returned(class_of: Mapping[Graph, Class], use: Use) -> list[Value | None]:
    """The tensors of a use of a block in the order in which the block returns them."""
    child = use.place.child
    assert child is not None
    asked = {
        at(class_of, child, tap): output
        for tap, output in zip(use.taps, use.outputs[1:], strict=True)
        if isinstance(tap, tuple)
    }
    return [use.outputs[0], *(asked.get(tap) for tap in class_of[child].taps)]
