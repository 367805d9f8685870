"""Layers take sizes that are known only at run time in ONNX too."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from netdsl.tensor import Dim, TensorType
from tests.catalog.onnx_rows import compare
from tests.catalog.test_open_sizes import HEIGHT, IMAGE, LAYERS, LENGTH, SEQUENCE, WIDTH, in_numbers
from tests.catalog.torch_rows import layout, record

HALF = TensorType((HEIGHT // 2, WIDTH // 2, 8))
SECOND = TensorType((2 * LENGTH, 6))

# Calls and the shapes that flow in, beside those that PyTorch's code is tried on.
CALLS: list[tuple[str, tuple[tuple[Dim, ...], ...]]] = [
    ("prelu", (IMAGE.shape,)),
    ("softmax", (IMAGE.shape,)),
    ("maxout(4)", (IMAGE.shape,)),
    ("maxout(3)", (SEQUENCE.shape,)),
    ("channel_shuffle(4)", (IMAGE.shape,)),
    ("roll(2)", (SEQUENCE.shape,)),
    ("roll((-9, 3), axis=(0, 1))", (IMAGE.shape,)),
    ("crop(((0, 1), 2))", (IMAGE.shape,)),
    ("crop(like=b)", (IMAGE.shape, HALF.shape)),
    ("resize(like=b)", (IMAGE.shape, HALF.shape)),
    ("resize(like=b, mode=nearest)", (HALF.shape, IMAGE.shape)),
    ("resize((6, 3), mode=nearest)", (IMAGE.shape,)),
    ("resize(9)", (SEQUENCE.shape,)),
    ("reduce_max(axis=0)", (IMAGE.shape,)),
    ("reduce_sum(axis=-1)", (IMAGE.shape,)),
    ("gram", (IMAGE.shape,)),
    ("gram", (SEQUENCE.shape,)),
    ("sample(it, b)", (SEQUENCE.shape, SEQUENCE.shape)),
    ("rnn(4, return=sequence)", (SEQUENCE.shape,)),
    ("lstm(4, bidirectional=true, return=sequence)", (SEQUENCE.shape,)),
    ("gru(4, initial=b)", (SEQUENCE.shape, (4,))),
    ("positional(sinusoidal)", (SEQUENCE.shape,)),
    ("positional(sinusoidal)", ((LENGTH, 5),)),
    ("class_token", (SEQUENCE.shape,)),
    ("attention(2)", (SEQUENCE.shape,)),
    ("attention(2, causal=true)", (SEQUENCE.shape,)),
    ("attention(3, memory=b, causal=true)", (SEQUENCE.shape, SECOND.shape)),
    ("attention(3, memory=b, mask=c)", (SEQUENCE.shape, (LENGTH + 1, 4), (LENGTH + 1,))),
    ("attention(2, bias=b, each=true)", (IMAGE.shape, (2, WIDTH, WIDTH))),
]


def check_open(layer: Any, inputs: tuple[TensorType, ...]) -> None:
    """ONNX's model of a layer with open sizes gives PyTorch's numbers at one choice of them."""
    generator = torch.Generator().manual_seed(0)
    shapes = [layout(in_numbers(flowing.shape)) for flowing in inputs]
    compare(layer, inputs, [torch.randn(shape, generator=generator) for shape in shapes])


@pytest.mark.parametrize(("layer", "inputs"), LAYERS, ids=lambda value: str(value)[:60])
def test_what_pytorch_takes(layer: Any, inputs: tuple[TensorType, ...]) -> None:
    check_open(layer, inputs)


@pytest.mark.parametrize(("call", "shapes"), CALLS, ids=lambda value: str(value)[:60])
def test_an_example(call: str, shapes: tuple[tuple[Dim, ...], ...]) -> None:
    check_open(record(call), tuple(map(TensorType, shapes)))
