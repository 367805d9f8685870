"""Folds along the paths of a graph: how far something has come when it reaches a tensor.

A fold is a few operations on steps (`Algebra`): the step of one layer, steps one after another,
the larger of two where paths meet, a step repeated. From them follows the step between any two
tensors. A body is folded once from each of its ports, and a run of rounds is one repeated step, so
that the cost is that of what is written, not of what is executed. What exists in training only is
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from netdsl.analyze.walk import node_of
from netdsl.catalog.base import Layer
from netdsl.graph import Graph, Node, Run
from netdsl.tensor import TensorType

Step = TypeVar("Step")

# The key of what begins inside a body: at a layer that takes no tensor.
INSIDE = -1


class Algebra(Generic[Step]):
    """What a fold says of steps; `None` stands for "no path" and is never given to it."""

    def start(self, flowing: TensorType) -> Step:
        """The step from a tensor to itself."""
        raise NotImplementedError

    def source(self, layer: Layer, made: TensorType) -> Step | None:
        """Where a layer that takes no tensor begins a path."""
        raise NotImplementedError

    def layer(
        self, layer: Layer, inputs: tuple[TensorType, ...], index: int, made: TensorType
    ) -> Step:
        """The step through a layer from one of its inputs."""
        raise NotImplementedError

    def then(self, first: Step, second: Step) -> Step:
        """One step after another."""
        raise NotImplementedError

    def join(self, one: Step, other: Step) -> Step:
        """What two paths to the same tensor are together."""
        raise NotImplementedError

    def power(self, step: Step, count: int) -> Step:
        """A step repeated `count` times, at least once."""
        if count == 1:
            return step
        half = self.power(step, count // 2)
        whole = self.then(half, half)
        return self.then(whole, step) if count % 2 else whole


class Paths(Generic[Step]):
    """One fold over the graphs of a net; what was found for a body is kept."""

    def __init__(self, algebra: Algebra[Step]) -> None:
        self._algebra = algebra
        self._bodies: dict[tuple[Graph, int], dict[int, Step]] = {}

    def to(self, graph: Graph, path: tuple[int, ...]) -> dict[int, Step]:
        """The steps to a tensor of a graph from each port that leads to it, and from `INSIDE`.

        `path` is the number of a value, or leads down to a value in a body (`Node.taps`).
        """
        found: dict[int, Step] = {}
        ports = range(len(graph.ports))
        for port in (*ports, INSIDE):
            step = self._at(graph, port, path)
            if step is not None:
                found[port] = step
        return found

    def _at(self, graph: Graph, port: int, path: tuple[int, ...]) -> Step | None:
        states = self._states(graph, port)
        if len(path) == 1:
            return states.get(path[0])
        _, node = node_of(graph.nodes, path[0])
        assert isinstance(node.work, Graph)
        return self._through(node.work, path[1:], node, states, port)

    def _states(self, graph: Graph, port: int) -> dict[int, Step]:
        """The step from a port to every value of a graph that it leads to."""
        key = (graph, port)
        if key not in self._bodies:
            states: dict[int, Step] = {}
            if port != INSIDE:
                states[port] = self._algebra.start(graph.ports[port].type)
            if port != INSIDE or self._begins(graph, graph.nodes):
                self._items(graph, graph.nodes, states, port)
            self._bodies[key] = states
        return self._bodies[key]

    def _begins(self, graph: Graph, items: tuple[Node | Run, ...]) -> bool:
        """Whether some path begins inside a graph; most have none."""
        for item in items:
            if isinstance(item, Run):
                if self._begins(graph, item.nodes):
                    return True
            elif isinstance(item.work, Graph):
                if self._states(item.work, INSIDE):
                    return True
            elif not item.inputs:
                return True
        return False

    def _items(
        self, graph: Graph, items: tuple[Node | Run, ...], states: dict[int, Step], port: int
    ) -> None:
        for item in items:
            if isinstance(item, Run):
                self._run(graph, item, states, port)
            elif not item.training:
                self._node(graph, item, states, port)

    def _node(self, graph: Graph, node: Node, states: dict[int, Step], port: int) -> None:
        work = node.work
        if isinstance(work, Graph):
            for value, tap in zip(node.outputs, ((work.result,), *node.taps), strict=True):
                assert isinstance(tap, tuple)
                self._put(states, value, self._through(work, tap, node, states, port))
            return
        types = graph.input_types(node)
        made = graph.types[node.outputs[0]]
        reached: Step | None = None
        if not node.inputs and port == INSIDE:
            reached = self._algebra.source(work, made)
        for index, value in enumerate(node.inputs):
            if value in states:
                through = self._algebra.layer(work, types, index, made)
                reached = self._joined(reached, self._algebra.then(states[value], through))
        for value in node.outputs:
            self._put(states, value, reached)

    def _through(
        self,
        body: Graph,
        path: tuple[int, ...],
        node: Node,
        states: Mapping[int, Step],
        port: int,
    ) -> Step | None:
        """The step to a value inside the body of a node, from where `states` begin."""
        reached = self._at(body, INSIDE, path) if port == INSIDE else None
        for index, value in enumerate(node.inputs):
            if value in states:
                through = self._at(body, index, path)
                if through is not None:
                    reached = self._joined(reached, self._algebra.then(states[value], through))
        return reached

    def _run(self, graph: Graph, run: Run, states: dict[int, Step], port: int) -> None:
        """Rounds one after another: a path goes through all, or begins beside them in any."""
        algebra = self._algebra
        entry = states.pop(run.entry, None)
        self._items(graph, run.nodes, states, port)
        beside = states.get(run.exit)
        alone = {run.entry: algebra.start(graph.types[run.entry])}
        # From the entry alone, nothing begins inside: a port that is none says so.
        self._items(graph, run.nodes, alone, run.entry)
        round_trip = alone.get(run.exit)
        result = beside
        if round_trip is not None:
            if beside is not None and run.count > 1:
                more = algebra.then(beside, algebra.power(round_trip, run.count - 1))
                result = self._joined(beside, more)
            if entry is not None:
                through = algebra.then(entry, algebra.power(round_trip, run.count))
                result = self._joined(result, through)
        if entry is not None:
            states[run.entry] = entry
            for value, step in alone.items():
                if value != run.entry:
                    joined = self._joined(states.get(value), algebra.then(entry, step))
                    self._put(states, value, joined)
        self._put(states, run.result, result)

    def _joined(self, one: Step | None, other: Step) -> Step:
        return other if one is None else self._algebra.join(one, other)

    def _put(self, states: dict[int, Step], value: int, step: Step | None) -> None:
        if step is not None:
            states[value] = step
