"""Multiply-adds that other tools count each in their own way, and recurrences by their own cells.

The exact numbers are those of the operations: a multiply-add for each product that is added up in a
convolution, a dense layer, a recurrence or attention. Where PyTorch's counter of operations sees
them all, it says the same (as floating-point operations, two for each).
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from math import prod
from typing import Any

import keras
import pytest
import tensorflow as tf
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from netdsl.analyze.cost import Costs
from netdsl.api import load
from netdsl.tensor import TensorType
from tests.catalog.torch_rows import record
from tests.conftest import REPOSITORY

LENGTH, FEATURES, UNITS = 9, 5, 6


def macs(text: str | None, spec: str = "net.net") -> Any:
    """The multiply-adds of a net in a text, or of a spec."""
    return Costs().graph(load(spec, text=text).elaborated.graph).macs


def counted(module: nn.Module, *given: torch.Tensor) -> int:
    """The multiply-adds that PyTorch counts in a call."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*given)
    return int(counter.get_total_flops()) // 2


def test_a_vision_transformer() -> None:
    assert macs(None, f"{REPOSITORY}/specs/vit.net:ViTB16") == 17_563_828_224


def test_a_recurrence_and_a_dense_layer() -> None:
    found = macs("net A {\n input x: 100 x 32\n lstm(64) -> dense(10)\n}")
    cell, last = nn.LSTMCell(32, 64), nn.Linear(64, 10)
    steps = 100 * counted(cell, torch.zeros(1, 32)) + counted(last, torch.zeros(1, 64))
    assert found == steps == 2_458_240


def test_a_transposed_convolution() -> None:
    # 16 x 16 positions, each of which adds a window of 4 x 4 to eight channels.
    text = "net A {\n input x: 16 x 16 x 16\n conv_transpose(8, 4, stride=2, pad=1)\n}"
    peer = nn.ConvTranspose2d(16, 8, 4, 2, 1)
    assert macs(text) == counted(peer, torch.zeros(1, 16, 16, 16)) == 524_288


def test_a_convolution_that_is_shared_five_times() -> None:
    text = "net A {\n input x: 32 x 32 x 16\n shared c = conv(16, 3, pad=1)\n repeat 5 { c }\n}"
    peer = nn.Conv2d(16, 16, 3, padding=1)
    assert macs(text) == 5 * counted(peer, torch.zeros(1, 16, 32, 32)) == 11_796_480


CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
LAYERS = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


@pytest.mark.parametrize("both", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("bias", ["single", "double", "none"])
@pytest.mark.parametrize("word", CELLS)
def test_recurrences_as_pytorch_and_keras_multiply(word: str, bias: str, both: bool) -> None:
    call = f"{word}({UNITS}, bias={bias}, bidirectional={str(both).lower()})"
    found = record(call).macs(TensorType((LENGTH, FEATURES)))
    cell = CELLS[word](FEATURES, UNITS, bias=bias != "none")
    assert found == (1 + both) * LENGTH * counted(cell, torch.zeros(1, FEATURES))
    layer = LAYERS[word](UNITS, use_bias=bias != "none", unroll=True)
    assert found == of_keras(keras.layers.Bidirectional(layer) if both else layer)


@pytest.mark.parametrize("word", ["gru(6, reset_after=false)", "lstm(6, peephole=true)"])
def test_what_pytorch_lacks_multiplies_alike(word: str) -> None:
    found = record(word).macs(TensorType((LENGTH, FEATURES)))
    plain = record(word.split(",")[0] + ")").macs(TensorType((LENGTH, FEATURES)))
    assert found == plain
    if word.startswith("gru"):
        assert found == of_keras(keras.layers.GRU(UNITS, reset_after=False, unroll=True))


def of_keras(layer: Any) -> int:
    """The multiply-adds of the products in what Keras computes for one sequence."""
    called = tf.function(layer).get_concrete_function(tf.zeros((1, LENGTH, FEATURES)))
    products = [operation for operation in called.graph.get_operations() if is_product(operation)]
    return sum(prod(of.outputs[0].shape) * int(of.inputs[0].shape[-1]) for of in products)


def is_product(operation: Any) -> bool:
    """Whether it is a product of matrices."""
    return operation.type in ("MatMul", "BatchMatMulV2")
