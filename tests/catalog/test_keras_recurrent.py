"""Keras' rows of the recurrences give PyTorch's numbers, whichever layer computes them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from netdsl.catalog.base import Example, Layer
from netdsl.tensor import TensorType
from tests.catalog.keras_rows import Built, check_example, check_gradients, compare
from tests.catalog.torch_rows import drawn, examples, record, types


@pytest.mark.parametrize("opened", [False, True], ids=["known", "open"])
@pytest.mark.parametrize(("layer", "example"), examples("recurrent"))
def test_example(layer: type[Layer], example: Example, opened: bool) -> None:
    check_example(layer, example, opened)


GOOD = [found for found in examples("recurrent") if not found.values[1].rejects]


@pytest.mark.parametrize(("layer", "example"), GOOD)
def test_gradients(layer: type[Layer], example: Example) -> None:
    check_gradients(record(example.call), example)


KINDS = ("rnn({})", "lstm({})", "lstm({}, peephole=true)", "gru({})", "gru({}, reset_after=false)")


@pytest.mark.parametrize("bidirectional", ["false", "true"], ids=["one way", "both ways"])
@pytest.mark.parametrize("bias", ["single", "double", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_members_of_every_kind(kind: str, bias: str, bidirectional: str) -> None:
    call = kind.format(f"6, return=sequence, bias={bias}, bidirectional={bidirectional}")
    example = Example(call, ((5, 4),))
    compare(record(call), types(example), drawn(example), opened=True)


@pytest.mark.parametrize("returned", ["last", "sequence"])
@pytest.mark.parametrize(
    ("kind", "states"), [("rnn({})", 1), ("lstm({})", 1), ("lstm({})", 2), ("gru({})", 1)]
)
def test_both_ways_begin_with_halves_of_the_states_given(
    kind: str, states: int, returned: str
) -> None:
    initial = "[b, c]" if states == 2 else "b"
    call = kind.format(f"6, return={returned}, bidirectional=true, initial={initial}")
    example = Example(call, ((5, 4), *[(12,)] * states))
    compare(record(call), types(example), drawn(example))


# A sequence counts here and there, at its beginning, nowhere, or as a whole.
MASKS = torch.tensor([[[0, 1, 0, 1, 1], [0] * 5], [[1, 1, 0, 0, 0], [1] * 5]])


@pytest.mark.parametrize("begun", [False, True], ids=["from zero", "from a state"])
@pytest.mark.parametrize("bidirectional", ["false", "true"], ids=["one way", "both ways"])
@pytest.mark.parametrize("returned", ["last", "sequence"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_mask_leaves_out(kind: str, returned: str, bidirectional: str, begun: bool) -> None:
    call = f"6, return={returned}, bidirectional={bidirectional}, mask=b" + ", initial=c" * begun
    layer, width = record(kind.format(call)), 12 if bidirectional == "true" else 6
    inputs = (TensorType((5, 4)), TensorType((5,), "int"), *[TensorType((width,))] * begun)
    sequence, state = drawn(Example("", ((5, 4), (width,))))
    for mask in MASKS:
        compare(layer, inputs, [sequence, mask, *[state] * begun], opened=True)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_where_a_mask_leaves_out(kind: str) -> None:
    call = kind.format("6, return=sequence, bidirectional=true, mask=b")
    example = Example(call, ((5, 4), (5,)), number=("float", "int"))
    check_gradients(record(call), example)


@pytest.mark.parametrize("function", ["relu", "sigmoid", "identity"])
@pytest.mark.parametrize("kind", KINDS)
def test_activations(kind: str, function: str) -> None:
    # Few positions: what nothing bounds grows, and with it what rounding costs.
    call = kind.format(f"3, activation={function}")
    example = Example(call, ((2, 4),))
    compare(record(call), types(example), drawn(example))


@pytest.mark.parametrize("bias", ["single", "double"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_start_as_the_language_says(kind: str, bias: str) -> None:
    layer = record(kind.format(f"32, bias={bias}, bidirectional=true, bias_init=ones"))
    built = Built(layer, (TensorType((5, 200)),))
    for name, place in built.held().items():
        values = place.get()
        if name.startswith("weight_ih"):
            assert values.std() == pytest.approx((2 / 200) ** 0.5, rel=0.05)
        elif name.startswith("weight_hh"):
            for gate in np.split(values, layer.gates):
                np.testing.assert_allclose(gate @ gate.T, np.eye(32), atol=1e-5)
        else:
            assert (values == (0 if name.startswith("weight_c") else 1)).all()


@pytest.mark.parametrize(
    ("call", "made"),
    [
        ("rnn(4, activation=identity)", keras.layers.SimpleRNN),
        ("lstm(4)", keras.layers.LSTM),
        ("gru(4, bias=double)", keras.layers.GRU),
        ("gru(4, reset_after=false)", keras.layers.GRU),
        ("gru(4)", keras.layers.RNN),
    ],
)
def test_keras_own_layer_is_used_where_it_computes_the_same(
    call: str, made: type[keras.layers.Layer]
) -> None:
    assert type(Built(record(call), (TensorType((5, 3)),)).module) is made


def test_a_drawn_start_of_ones_own_survives_the_second_way() -> None:
    layer = record("gru(32, bidirectional=true, init=normal(0.1), bias_init=uniform(1, 2))")
    for name, place in Built(layer, (TensorType((5, 200)),)).held().items():
        values = place.get()
        if name.startswith("weight_ih"):
            assert values.std() == pytest.approx(0.1, rel=0.05)
        elif name.startswith("bias"):
            assert 1 <= values.min() < values.max() <= 2
