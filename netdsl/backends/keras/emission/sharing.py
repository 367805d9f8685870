"""The inputs of shared blocks, which are models of their own: sizes, where all uses agree."""

from __future__ import annotations

from netdsl.backends.emission.explain import Explainer, Point
from netdsl.backends.emission.expression import Expression
from netdsl.backends.emission.plan import Use
from netdsl.graph import Graph, Shared, each_node
from netdsl.tensor import TensorType


def explain_inputs(explainer: Explainer) -> None:
    """Finds the expressions for the inputs of the shared blocks of a class."""
    for use in explainer.owned.values():
        if use.place.child is not None:
            input_sizes(explainer, use)


def input_sizes(explainer: Explainer, use: Use) -> list[list[Expression]]:
    """The sizes of what flows into a shared block: None where they are open or uses differ."""
    found: list[list[Expression]] = []
    module = next(m for m in explainer.found.plan.owned if explainer.owned[m.name] is use)
    types = {graph: _types(graph, shared) for graph, shared in module.keys.items()}
    for number, value in enumerate(use.inputs):
        sizes: list[Expression] = []
        for axis in range(value.type.rank):
            slot = (id(use), f"size.{number}.{axis}")
            if slot not in explainer.found.explained:
                points = [
                    Point(graph, 0, _agreed(each, number, axis)) for graph, each in types.items()
                ]
                name = f"{module.name}_size{axis + 1}"
                chosen = explainer.choose(points, [], name, ("extra", slot))
                explainer.found.explained[slot] = chosen
            sizes.append(explainer.found.explained[slot])
        found.append(sizes)
    return found


def _agreed(types: list[tuple[TensorType, ...]], number: int, axis: int) -> int | None:
    """A size that all uses have in common."""
    sizes = {each[number].shape[axis] for each in types}
    size = sizes.pop()
    return size if isinstance(size, int) and not sizes else None


def _types(graph: Graph, shared: Shared) -> list[tuple[TensorType, ...]]:
    """What flows into each use of a shared layer, in a body and in its blocks."""
    found: list[tuple[TensorType, ...]] = []
    for node in each_node(graph.nodes):
        if node.shared is shared:
            found.append(graph.input_types(node))
        elif isinstance(node.work, Graph):
            found += _types(node.work, shared)
    return found
