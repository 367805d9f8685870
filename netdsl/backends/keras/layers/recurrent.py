"""Keras' rows of the recurrences: its own layers where they compute the same, else cells of ours.

Only a layer made with `return_state` gives an LSTM's cell, and what is left where a mask says which
positions count: its first output is the main one. The states of the others stand in their outputs.
"""

from __future__ import annotations

from typing import Any

from netdsl.backends.keras.helpers_recurrent import is_built_in
from netdsl.backends.keras.rows import Code, Emission, arguments, row
from netdsl.backends.keras.starts import starts
from netdsl.catalog.initializers import GlorotUniform, HeNormal, Zeros
from netdsl.catalog.layers.recurrent import Gru, Lstm, Recurrence, Rnn
from netdsl.tensor import TensorType


@row(Rnn)
def rnn(layer: Rnn, inputs: tuple[TensorType, ...]) -> Emission:
    return _emission(layer, "SimpleRNN")


@row(Gru)
def gru(layer: Gru, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(reset_after=(layer.reset_after, True))
    return _emission(layer, "GRU", rest, **values)


@row(Lstm)
def lstm(layer: Lstm, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(peephole=(layer.peephole, False))
    if is_built_in(layer):
        rest, values = "" if layer.bias == "none" else ", unit_forget_bias=False", {}
    return _emission(layer, "LSTM", rest, **values)


def _emission(layer: Recurrence, name: str, rest: str = "", **own: Any) -> Emission:
    """What a row is; `rest` and `own` are the arguments of this kind of layer alone."""
    lasting = isinstance(layer, Lstm) or layer.mask is not None
    made = _made(layer, name, rest, ", return_state=True" * lasting, **own)
    if lasting:
        return _with_states(layer, made)
    if layer.return_ == "last":
        return made.replace(members={"state": Code(f"[{made.call.text}] * 2")})
    ways = ", ways=2" if layer.bidirectional else ""
    member = Code(f"with_state({made.call.text}{ways})")
    return made.replace(members={"state": member}, member_helpers=("with_state",))


def _made(layer: Recurrence, name: str, rest: str, outer: str, **own: Any) -> Emission:
    """The construction of a layer and the call that gives what the layer does.

    `outer` are the arguments of the layer that steps through a cell.
    """
    sequences, values = arguments(return_sequences=(layer.return_ == "sequence", False))
    text, more, helpers = _core(layer, name, rest)
    text = f"{text[:-1]}{sequences}{outer})"
    if layer.bidirectional:
        text = f"layers.Bidirectional({text})"
    given = [f"{{{index}}}" for index in layer.given]
    if isinstance(layer, Lstm) and len(given) == 1:
        given.append(f"ops.zeros_like({given[0]})")
    called = "" if layer.mask is None else f", mask=ops.not_equal({{{layer.mask}}}, 0)"
    if given:
        state = f"[{', '.join(given)}]" if len(given) > 1 else given[0]
        if layer.bidirectional:
            state = f"way_by_way({', '.join(given)})"
            helpers = (*helpers, "way_by_way")
        called += f", initial_state={state}"
    construct = Code(text, {"units": layer.units} | values | more | own)
    return Emission(Code(f"{{module}}({{0}}{called})"), construct, helpers)


def _with_states(layer: Recurrence, made: Emission) -> Emission:
    """What a layer made with `return_state` gives.

    With a mask Keras repeats outputs where a position does not count. Its last output is 0 where
    none counts, and its last state the first.
    """
    text, helpers = made.call.text, ["side_by_side"] * layer.bidirectional
    all_of_it = f"side_by_side(*{text})" if layer.bidirectional else text
    if layer.mask is not None:
        last = layer.return_ == "last"
        helpers.append("as_left" if last else "where_counted")
        begin = "" if last else f"{{{layer.mask}}}, "
        all_of_it = f"{helpers[-1]}({begin}*{all_of_it})"
    masked = layer.mask is not None
    return made.replace(
        call=Code(f"{all_of_it if masked else text}[0]"),
        helpers=(*made.helpers, *helpers) if masked else made.helpers,
        members=dict.fromkeys(layer.kept, Code(all_of_it)),
        member_helpers=tuple(helpers),
    )


def _core(layer: Recurrence, name: str, rest: str) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """The constructor of Keras' layer, or of one with a cell of ours; its values and helpers."""
    activation = "linear" if layer.activation == "identity" else layer.activation
    biases = {"bias_initializer": (layer.bias_init, Zeros())}
    if is_built_in(layer):
        options, values = arguments(
            activation=(activation, "tanh"), use_bias=(layer.bias != "none", True)
        )
        begin, more = starts(kernel_initializer=(layer.init, GlorotUniform()), **biases)
        # One gate is one orthogonal matrix, which Keras starts with by itself.
        gates = ("orthogonal_gates",) * (layer.gates > 1)
        begin += "".join(f", recurrent_initializer={start}" for start in gates)
        return f"layers.{name}({{units}}{options}{rest}{begin})", values | more, gates
    options, values = arguments(activation=(activation, "tanh"), bias=(layer.bias, "single"))
    begin, more = starts(kernel_initializer=(layer.init, HeNormal()), **biases)
    cell = f"{name.removeprefix('Simple')}Cell"
    text = f"layers.RNN({cell}({{units}}{options}{rest}{begin}))"
    return text, values | more, ("orthogonal_gates", "Cell", cell)
