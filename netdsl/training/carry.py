"""Nets whose states flow in and out. From: an elaborated net. To: one that windows can go on with.

So a window begins where the one before it has ended, on every backend in the same way.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from netdsl.analyze.further import Further, Opened
from netdsl.backends.carry import Carry
from netdsl.backends.engine import Array, Model
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.recurrent import Recurrence
from netdsl.diagnostics import UserError
from netdsl.elaborate.carry import nothing_to_carry
from netdsl.graph import (
    PRIVATE,
    ElaboratedNet,
    Graph,
    Node,
    Output,
    TapPath,
)
from netdsl.tensor import TensorType

# By the names of the inputs where they flow in.
States: TypeAlias = dict[str, Array]

_STATE = "state"
# How the name of an output begins that hands on what has flowed in as a state.
_LEFT = f"{PRIVATE}left"


def carrying(net: ElaboratedNet) -> tuple[ElaboratedNet, Carry]:
    """The net with an input for each state, behind its own, and an output for what is left of it.

    States are those of every recurrence that starts from its own first state, a cell beside them.
    There is one lane. Raises `UserError` where nothing can be carried.
    """
    opened = _Carrying().net(net)
    further = opened.inputs[len(net.inputs) :]
    if not further:
        raise UserError(nothing_to_carry(net))
    graph, left = _with_outputs(opened.graph, [port.type for port in further])
    sizes = tuple(port.type.channels for port in further)
    carry = Carry(tuple(port.name for port in further), left, sizes, 1)  # type: ignore[arg-type]
    return opened.replace(graph=graph), carry


class InOrder:
    """A net with states that reads the windows of a text one after the other, in one lane."""

    def __init__(self, model: Model, carry: Carry) -> None:
        self._model, self._carry = model, carry

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`; the examples are windows that follow one another."""
        states, parts = None, []
        for at in range(len(inputs[0])):
            outputs, states = self.step([values[at : at + 1] for values in inputs], states)
            parts.append(outputs)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def step(
        self, inputs: Sequence[Array], states: States | None
    ) -> tuple[dict[str, Array], States]:
        """The outputs for a window of each lane, and the states after it.

        None are the states before the first window.
        """
        begun = self._carry.first(len(inputs[0])) if states is None else states
        outputs = self._model.predict([*inputs, *begun.values()])
        return outputs, self._carry.after(outputs)

    def weights(self, names: Container[str] | None = None) -> dict[str, Array]:
        """See `Model.weights`."""
        return self._model.weights(names)

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`."""
        self._model.put_weights(weights)


class _Carrying(Further):
    """Has the states of recurrences flow in."""

    stem = _STATE

    def enters(self, node: Node) -> bool:
        """See `Further.enters`; what exists in training alone starts anew with each window."""
        return not node.training

    def wanted(self, graph: Graph, node: Node, layer: Layer) -> list[TensorType]:
        """See `Further.wanted`."""
        if not isinstance(layer, Recurrence) or layer.given:
            return []
        return list(layer.members(*graph.input_types(node)).values())

    def given(
        self, body: Opened, node: Node, layer: Layer, further: tuple[int, ...]
    ) -> Iterator[Node]:
        """See `Further.given`; what is left is handed out of the layer."""
        assert isinstance(layer, Recurrence)
        new = body.renumbered(node)
        taps = tuple(name for name in layer.kept if name not in new.taps)
        places = range(len(new.inputs), len(new.inputs) + len(further))
        yield new.replace(
            work=layer.begun(tuple(places)),
            inputs=(*new.inputs, *further),
            outputs=(*new.outputs, *(body.tensor(body.types[further[0]]) for _ in taps)),
            taps=(*new.taps, *taps),
        )


def _with_outputs(graph: Graph, states: list[TensorType]) -> tuple[Graph, tuple[str, ...]]:
    """A net that hands out what is left of its states, and the names of these outputs."""
    types, nodes, outputs = list(graph.types), [], list(graph.outputs)
    names: list[str] = []
    for node in graph.nodes:
        assert isinstance(node, Node), "the runs are written out"
        for path in _left(graph, node):
            if len(path) > 1 and path[1:] not in node.taps:
                types.append(states[len(names)])
                node = node.replace(
                    outputs=(*node.outputs, len(types) - 1), taps=(*node.taps, path[1:])
                )
            value = path[0] if len(path) == 1 else _tapped(node, path[1:])
            names.append(f"{_LEFT}{len(names) + 1}")
            outputs.append(Output(names[-1], value, "output", node.written.span))
        nodes.append(node)
    new = graph.replace(types=tuple(types), nodes=tuple(nodes), outputs=tuple(outputs))
    return new, tuple(names)


def _left(graph: Graph, node: Node) -> Iterator[TapPath]:
    """The ways down to what is left of the states that flow into a node, in their order."""
    if isinstance(node.work, Graph):
        for inner in node.work.nodes:
            if isinstance(inner, Node):
                for path in _left(node.work, inner):
                    yield (node.outputs[0], *path)
    elif isinstance(node.work, Recurrence) and _carried(graph, node, node.work):
        for name in node.work.kept:
            yield (_tapped(node, name),)


def _carried(graph: Graph, node: Node, layer: Recurrence) -> bool:
    ports = graph.ports
    values = [node.inputs[index] for index in layer.given]
    begin = f"{PRIVATE}{_STATE}"
    return any(value < len(ports) and ports[value].name.startswith(begin) for value in values)


def _tapped(node: Node, tap: str | TapPath) -> int:
    return node.outputs[1 + node.taps.index(tap)]
