"""ONNX's rows of the recurrences: its operators `RNN`, `LSTM` and `GRU` compute them all.

They take the weights of both ways as one tensor (ways, gates * units, …), with gates in an order of
ONNX's own. Our weights stand in the model as they are, and nodes put them in that order; a runtime
computes what such nodes give once, when it loads the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from onnx import TensorProto

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.rows import row
from netdsl.catalog.layers.recurrent import BIASES, Gru, Lstm, Recurrence, Rnn
from netdsl.tensor import TensorType

# Which of our gates stands at each place: i, o, f, g of an LSTM and z, r, n of a GRU.
GATES: dict[type[Recurrence], tuple[int, ...]] = {
    Rnn: (0,),
    Lstm: (0, 3, 1, 2),
    Gru: (1, 0, 2),
}
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "identity": "Affine"}


@row(Rnn)
def rnn(layer: Rnn, inputs: tuple[TensorType, ...], graph: Builder, *names: str) -> tuple[str, ...]:
    return _run(layer, graph, names, "RNN", _activations(layer, layer.activation))


@row(Lstm)
def lstm(
    layer: Lstm, inputs: tuple[TensorType, ...], graph: Builder, *names: str
) -> tuple[str, ...]:
    peepholes = [_peepholes(layer, graph)] if layer.peephole else []
    attributes = _activations(layer, "sigmoid", layer.activation, layer.activation)
    return _run(layer, graph, names, "LSTM", attributes, *peepholes)


@row(Gru)
def gru(layer: Gru, inputs: tuple[TensorType, ...], graph: Builder, *names: str) -> tuple[str, ...]:
    attributes = _activations(layer, "sigmoid", layer.activation)
    attributes["linear_before_reset"] = int(layer.reset_after)
    return _run(layer, graph, names, "GRU", attributes)


def _run(
    layer: Recurrence,
    graph: Builder,
    names: tuple[str, ...],
    op: str,
    attributes: dict[str, Any],
    *further: str,
) -> tuple[str, ...]:
    """The output and the members, of an operator that takes `further` tensors after the rest."""
    kept = len(layer.kept)
    x, given = names[0], [names[index] for index in layer.given]
    mask = Mask(graph, names[layer.mask]) if layer.mask is not None else None
    if mask is not None:
        x = mask.gathered(x)
    lengths = mask.lengths if mask is not None else ""
    operands = _operands(layer, graph, x, lengths, given)
    if further:
        operands += [*[""] * (kept - len(given)), *further]
    y, *left = graph.several(op, 1 + kept, *operands, **attributes)
    units = len(layer.directions) * layer.units
    # From (ways, batch, units): ways side by side.
    members = [graph.reshape(graph.transpose(tensor, (1, 0, 2)), units) for tensor in left]
    if mask is not None:
        members = [mask.or_else(*pair) for pair in zip_longest(members, given, fillvalue="")]
    if layer.return_ == "last":
        return (members[0], *members)
    # (length, ways, batch, units); a 0 takes the length over as it is.
    apart = graph.transpose(y, (2, 0, 1, 3))
    output = graph.add("Reshape", apart, graph.integers([0, 0, units]))
    return (mask.spread(output) if mask is not None else output, *members)


class Mask:
    """The positions that count, (batch, length), of sequences (batch, length, features).

    ONNX's operators know how long each sequence is: so positions that count are moved before the
    others, and what comes out is moved back.
    """

    def __init__(self, graph: Builder, mask: str) -> None:
        self._graph = graph
        seen = graph.add("Cast", mask, to=TensorProto.BOOL)
        counted = graph.add("Cast", seen, to=TensorProto.INT64)
        other = graph.add("Sub", graph.integers(1), counted)
        axis = graph.integers(1)
        count = graph.add("ReduceSum", counted, graph.integers([1]), keepdims=1)
        after = graph.add("Add", count, graph.add("CumSum", other, axis))
        place = graph.add("Where", seen, graph.add("CumSum", counted, axis), after)
        place = graph.add("Sub", place, graph.integers(1))
        self._place = graph.column(place, 1, after=2)
        self._seen = graph.column(seen, 1, after=2)
        self._some = graph.add("Greater", count, graph.integers(0))
        # A sequence of which nothing counts is given one position; `or_else` has it back.
        least = graph.add("Max", count, graph.integers(1))
        least = graph.add("Squeeze", least, graph.integers([1]))
        self.lengths = graph.add("Cast", least, to=TensorProto.INT32)

    def gathered(self, x: str) -> str:
        """Sequences with the positions that count before the others."""
        return self._graph.add("ScatterElements", x, self._places(x), x, axis=1)

    def spread(self, y: str) -> str:
        """What comes out, where each position was, and 0 where it does not count."""
        back = self._graph.add("GatherElements", y, self._places(y), axis=1)
        return self._graph.add("Where", self._seen, back, self._graph.floats(0))

    def or_else(self, state: str, before: str) -> str:
        """A state that is left, or what was `before` where nothing counts; a name or 0."""
        return self._graph.add("Where", self._some, state, before or self._graph.floats(0))

    def _places(self, x: str) -> str:
        return self._graph.add("Expand", self._place, self._graph.add("Shape", x))


def _operands(
    layer: Recurrence, graph: Builder, x: str, lengths: str, given: Sequence[str]
) -> list[str]:
    """The sequence, position by position, the weights, and what is there before the first.

    Without `lengths` every sequence of a batch is as long as the others.
    """
    weights = [_gates(layer, graph, name) for name in ("weight_ih", "weight_hh")]
    ways = len(layer.directions)
    operands = [graph.transpose(x, (1, 0, 2)), *weights, _biases(layer, graph), lengths]
    for tensor in given:
        apart = graph.reshape(tensor, ways, layer.units)
        operands.append(graph.transpose(apart, (1, 0, 2)))
    return operands


def _gates(layer: Recurrence, graph: Builder, name: str) -> str:
    """A weight or bias of all ways, (ways, gates * units, …), its gates in ONNX's order."""
    both = _ways(graph, [graph.weight(f"{name}{end}") for end in layer.directions])
    rest = [-1] if name.startswith("weight") else []
    order = GATES[type(layer)]
    ways = len(layer.directions)
    apart = graph.add("Reshape", both, graph.integers([ways, len(order), layer.units, *rest]))
    if len(order) > 1:
        apart = graph.add("Gather", apart, graph.integers(order), axis=1)
    return graph.add("Reshape", apart, graph.integers([ways, len(order) * layer.units, *rest]))


def _biases(layer: Recurrence, graph: Builder) -> str:
    """The biases beside both weights, (ways, 2 * gates * units); an empty name for none."""
    found = [_gates(layer, graph, name) for name in BIASES[layer.bias]]
    if len(found) == 1:
        zeros = np.zeros((len(layer.directions), layer.gates * layer.units))
        found.append(graph.floats(zeros))
    return graph.add("Concat", *found, axis=1) if found else ""


def _peepholes(layer: Lstm, graph: Builder) -> str:
    """What the gates see of the cell, (ways, 3 * units), in the order i, o, f."""
    found = [graph.weight(f"weight_c{gate}{end}") for end in layer.directions for gate in "iof"]
    sizes = graph.integers([len(layer.directions), 3 * layer.units])
    return graph.add("Reshape", _ways(graph, found), sizes)


def _ways(graph: Builder, weights: Sequence[str]) -> str:
    return graph.add("Concat", *weights, axis=0) if len(weights) > 1 else weights[0]


def _activations(layer: Recurrence, *activations: str) -> dict[str, Any]:
    """The attributes that an operator has for each way, and how many units that has."""
    ways = len(layer.directions)
    written = [ACTIVATIONS[activation] for activation in activations]
    attributes: dict[str, Any] = {"hidden_size": layer.units, "activations": written * ways}
    if ways > 1:
        attributes["direction"] = "bidirectional"
    affine = written.count("Affine") * ways
    if affine:
        # Affine(x) = alpha * x + beta; those lists name the functions that have numbers.
        attributes |= {"activation_alpha": [1.0] * affine, "activation_beta": [0.0] * affine}
    return attributes
