"""ONNX's operators compute every kind of recurrence as PyTorch's rows do, members too."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch

from netdsl.tensor import TensorType
from tests.catalog.onnx_rows import compare, model_of
from tests.catalog.torch_rows import BATCH, record

# Short, for without a bound a difference of rounding grows from position to position.
LENGTH, FEATURES, UNITS = 3, 5, 4
BIASES = ("single", "double", "none")
# What each recurrence can do beyond what all can.
KINDS = {
    "rnn": [""],
    "lstm": ["", ", peephole=true"],
    "gru": ["", ", reset_after=false"],
}
GIVEN = {"rnn": ["", "b"], "lstm": ["", "b", "[b, c]"], "gru": ["", "b"]}
CASES = [
    (word, own, activation, bias)
    for word, kinds in KINDS.items()
    for own, activation, bias in product(kinds, ("tanh", "relu", "sigmoid", "identity"), BIASES)
]


@pytest.mark.parametrize(("word", "own", "activation", "bias"), CASES)
def test_every_kind(word: str, own: str, activation: str, bias: str) -> None:
    for both, given in product((False, True), GIVEN[word]):
        call = f"{word}({UNITS}{own}, activation={activation}, bias={bias}, return=sequence"
        call += ", bidirectional=true" * both + f", initial={given}" * bool(given) + ")"
        widths = [UNITS * (1 + both)] * (given.count("b") + given.count("c"))
        shapes = [(LENGTH, FEATURES), *((width,) for width in widths)]
        generator = torch.Generator().manual_seed(0)
        tensors = [torch.randn(BATCH, *shape, generator=generator) for shape in shapes]
        compare(record(call), tuple(map(TensorType, shapes)), tensors)


# A sequence counts here and there, at its beginning, nowhere, or as a whole.
MASKS = torch.tensor([[[0, 1, 0, 1, 1], [0] * 5], [[1, 1, 0, 0, 0], [1] * 5]])


@pytest.mark.parametrize("number", ["int", "float"])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("word", KINDS)
def test_what_a_mask_leaves_out(word: str, both: bool, number: Any) -> None:
    masks = MASKS if number == "int" else MASKS * 0.5
    generator = torch.Generator().manual_seed(0)
    width = UNITS * (1 + both)
    x, state = (torch.randn(BATCH, *s, generator=generator) for s in ((5, FEATURES), (width,)))
    for own, returned, given in product(KINDS[word], ("last", "sequence"), (False, True)):
        call = f"{word}({UNITS}{own}, return={returned}, mask=b"
        call += ", bidirectional=true" * both + ", initial=c" * given + ")"
        inputs = (TensorType((5, FEATURES)), TensorType((5,), number))
        inputs += (TensorType((width,)),) * given
        for mask in masks:
            compare(record(call), inputs, [x, mask, *[state] * given])


def test_weights_stand_in_the_model_under_our_names_as_they_are() -> None:
    layer = record("lstm(4, peephole=true, bidirectional=true, bias=double)")
    flowing = TensorType((LENGTH, FEATURES))
    weights = {w.name: torch.randn(w.shape).numpy() for w in layer.weights(flowing)}
    model = model_of(layer, (flowing,), weights)
    held = {tensor.name: tensor.raw_data for tensor in model.graph.initializer}
    for name, values in weights.items():
        assert held[f"layer.{name}"] == values.tobytes()
    assert [node.op_type for node in model.graph.node].count("LSTM") == 1
