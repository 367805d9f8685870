"""ONNX's operators compute every kind of recurrence as PyTorch's rows do, members too."""

from __future__ import annotations

from itertools import product

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


def test_weights_stand_in_the_model_under_our_names_as_they_are() -> None:
    layer = record("lstm(4, peephole=true, bidirectional=true, bias=double)")
    flowing = TensorType((LENGTH, FEATURES))
    weights = {w.name: torch.randn(w.shape).numpy() for w in layer.weights(flowing)}
    model = model_of(layer, (flowing,), weights)
    held = {tensor.name: tensor.raw_data for tensor in model.graph.initializer}
    for name, values in weights.items():
        assert held[f"layer.{name}"] == values.tobytes()
    assert [node.op_type for node in model.graph.node].count("LSTM") == 1
