"""ONNX's rows of the recurrences: its operators `RNN`, `LSTM` and `GRU` compute them all.

They take the weights of both ways as one tensor (ways, gates * units, …), with gates in an order of
ONNX's own. Our weights stand in the model as they are, and nodes put them in that order; a runtime
computes what such nodes give once, when it loads the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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
    given = () if layer.initial is None else (names[layer.initial],)
    attributes = _activations(layer, layer.activation)
    y, state = graph.several("RNN", 2, *_operands(layer, graph, names[0], given), **attributes)
    return _results(layer, graph, y, state)


@row(Lstm)
def lstm(
    layer: Lstm, inputs: tuple[TensorType, ...], graph: Builder, *names: str
) -> tuple[str, ...]:
    given = [names[index] for index in layer.initial or ()]
    operands = [*_operands(layer, graph, names[0], given), *[""] * (2 - len(given))]
    if layer.peephole:
        operands.append(_peepholes(layer, graph))
    attributes = _activations(layer, "sigmoid", layer.activation, layer.activation)
    y, *left = graph.several("LSTM", 3, *operands, **attributes)
    return _results(layer, graph, y, *left)


@row(Gru)
def gru(layer: Gru, inputs: tuple[TensorType, ...], graph: Builder, *names: str) -> tuple[str, ...]:
    given = () if layer.initial is None else (names[layer.initial],)
    attributes = _activations(layer, "sigmoid", layer.activation)
    attributes["linear_before_reset"] = int(layer.reset_after)
    y, state = graph.several("GRU", 2, *_operands(layer, graph, names[0], given), **attributes)
    return _results(layer, graph, y, state)


def _operands(layer: Recurrence, graph: Builder, x: str, given: Sequence[str]) -> list[str]:
    """The sequence, position by position, the weights, and what is there before the first."""
    weights = [_gates(layer, graph, name) for name in ("weight_ih", "weight_hh")]
    ways = len(layer.directions)
    # No lengths: every sequence of a batch is as long as the others.
    operands = [graph.transpose(x, (1, 0, 2)), *weights, _biases(layer, graph), ""]
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


def _results(layer: Recurrence, graph: Builder, y: str, *left: str) -> tuple[str, ...]:
    """The output and the members, ways side by side: `left` is (ways, batch, units)."""
    units = len(layer.directions) * layer.units
    members = [graph.reshape(graph.transpose(tensor, (1, 0, 2)), units) for tensor in left]
    if layer.return_ == "last":
        return (members[0], *members)
    # (length, ways, batch, units); a 0 takes the length over as it is.
    apart = graph.transpose(y, (2, 0, 1, 3))
    return (graph.add("Reshape", apart, graph.integers([0, 0, units])), *members)
