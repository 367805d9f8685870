"""PyTorch's rows of the recurrences: its own kernels where they compute the same, else steps."""

from __future__ import annotations

from typing import Any

from netdsl.backends.torch.helpers_recurrent import has_kernel, masked, masks
from netdsl.backends.torch.rows import Code, Emission, arguments, row
from netdsl.catalog.layers.recurrent import Gru, Lstm, Recurrence, Rnn
from netdsl.tensor import TensorType

# Activations of stepped recurrences, whose own default is torch.tanh.
_FUNCTIONS = {"relu": "torch.relu", "sigmoid": "torch.sigmoid", "identity": "nn.Identity()"}


@row(Rnn)
def rnn(layer: Rnn, inputs: tuple[TensorType, ...]) -> Emission:
    if has_kernel(layer):
        return _emission(layer, inputs, "RNN", activation=(layer.activation, "tanh"))
    return _stepped(layer, inputs, "SteppedRNN")


@row(Lstm)
def lstm(layer: Lstm, inputs: tuple[TensorType, ...]) -> Emission:
    if has_kernel(layer):
        return _emission(layer, inputs, "LSTM")
    return _stepped(layer, inputs, "SteppedLSTM", peephole=(layer.peephole, False))


@row(Gru)
def gru(layer: Gru, inputs: tuple[TensorType, ...]) -> Emission:
    if has_kernel(layer):
        return _emission(layer, inputs, "GRU")
    return _stepped(layer, inputs, "SteppedGRU", reset_after=(layer.reset_after, True))


def _stepped(
    layer: Recurrence, inputs: tuple[TensorType, ...], name: str, **own: tuple[Any, Any]
) -> Emission:
    emission = _emission(layer, inputs, name, "Stepped", **own)
    function = _FUNCTIONS.get(layer.activation)
    construct = emission.construct
    assert construct is not None
    if function:
        text = construct.text.replace("{units}", f"{{units}}, activation={function}")
        construct = construct.replace(text=text)
    return emission.replace(construct=construct)


def _emission(
    layer: Recurrence,
    inputs: tuple[TensorType, ...],
    name: str,
    *bases: str,
    **own: tuple[Any, Any],
) -> Emission:
    """The construction of a helper, and its calls; `bases` are further helpers that it needs."""
    rest, values = arguments(
        **own,
        sequence=(layer.return_ == "sequence", False),
        bidirectional=(layer.bidirectional, False),
        bias=(layer.bias, "single"),
    )
    values |= {"features": inputs[0].channels, "units": layer.units}
    helpers, given = ("Recurrence", *bases, name), [0, *layer.given]
    if layer.mask is not None:
        helpers, given = (*helpers, *masks(name), masked(name)), [0, layer.mask, *layer.given]
    called = ", ".join(f"{{{index}}}" for index in given)
    construct = Code(f"{helpers[-1]}({{features}}, {{units}}{rest})", values)
    members = dict.fromkeys(layer.members(*inputs), Code(f"{{module}}.states({called})"))
    return Emission(Code(f"{{module}}({called})"), construct, helpers, members)
