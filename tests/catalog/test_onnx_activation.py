"""Activations give PyTorch's numbers in ONNX over the whole line, at their corners too."""

from __future__ import annotations

import pytest
import torch

from netdsl.tensor import TensorType
from tests.catalog.onnx_rows import compare
from tests.catalog.torch_rows import layers, record

CALLS = [
    *(layer.word for layer in layers("activation")),
    "leaky_relu(0.3)",
    "leaky_relu(-1)",
    "elu(0.5)",
    "elu(2)",
    "gelu(approximate=true)",
    "maxout(4)",
]
SMALL = torch.linspace(-4, 4, 40)
CORNERS = torch.tensor([-6.0, -3.0, -1.0, -0.0, 0.0, 1.0, 3.0, 6.0])
LARGE = torch.tensor([-1e4, -100.0, -88.0, -20.0, 20.0, 88.0, 100.0, 1e4])


@pytest.mark.parametrize("call", CALLS)
def test_over_the_line(call: str) -> None:
    for numbers in (SMALL, CORNERS, LARGE):
        x = numbers.reshape(2, -1)
        compare(record(call), (TensorType((x.shape[1],)),), [x])


@pytest.mark.parametrize("call", ["softmax", "log_softmax", "prelu", "maxout(2)"])
@pytest.mark.parametrize("shape", [(6,), (5, 6), (3, 4, 6), (2, 3, 4, 6)])
def test_channels_at_every_rank(call: str, shape: tuple[int, ...]) -> None:
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    x = x.movedim(-1, 1) if len(shape) > 2 else x
    compare(record(call), (TensorType(shape),), [x])
