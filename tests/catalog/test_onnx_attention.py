"""Attention in ONNX: what is hidden, and what is added to the scores, as in PyTorch's row."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from netdsl.tensor import TensorType
from tests.catalog.onnx_rows import compare, drawn_weights, execute, model_of
from tests.catalog.torch_rows import layout, record

LENGTH, KEYS, FEATURES = 4, 5, 8
X = (LENGTH, FEATURES)
MEMORY = (KEYS, FEATURES)
SEEN = torch.tensor([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]])
SHARES = torch.tensor([[0.5, -1.0, 0.0, 2.0, -0.0], [0.0, 1.0, 1e-6, 0.0, 3.0]])


def drawn(*shapes: tuple[int, ...]) -> list[Tensor]:
    """A batch of two of each shape, in PyTorch's layout."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(layout(shape), generator=generator) for shape in shapes]


@pytest.mark.parametrize("more", ["", ", causal=true"])
@pytest.mark.parametrize("mask", [SEEN, SEEN.float(), SHARES], ids=["int", "float", "shares"])
def test_a_key_that_the_mask_hides_is_not_seen(mask: Tensor, more: str) -> None:
    call = f"attention(2, memory=b, mask=c{more})"
    kind = TensorType((KEYS,), "float" if mask.is_floating_point() else "int")
    types = (TensorType(X), TensorType(MEMORY), kind)
    compare(record(call), types, [*drawn(X, MEMORY), mask])


@pytest.mark.parametrize("more", ["", ", causal=true"])
def test_a_bias_beside_a_mask(more: str) -> None:
    call = f"attention(2, memory=b, mask=c, bias=d{more})"
    bias = (2, LENGTH, KEYS)
    types = tuple(map(TensorType, (X, MEMORY, (KEYS,), bias)))
    x, memory, scores = drawn(X, MEMORY, bias)
    compare(record(call), types, [x, memory, SHARES, scores])


def test_large_scores_do_not_overflow() -> None:
    x, bias = drawn(X, (LENGTH, LENGTH))
    layer, types = record("attention(2, bias=b)"), (TensorType(X), TensorType((LENGTH, LENGTH)))
    compare(layer, types, [x, 1e4 * bias])


@pytest.mark.parametrize(
    "call", ["attention(4, each=true)", "attention(2, each=true, causal=true)"]
)
@pytest.mark.parametrize("rows", [(3,), (2, 3)])
def test_each_row_is_a_sequence_of_its_own(call: str, rows: tuple[int, ...]) -> None:
    shape = (*rows, *X)
    compare(record(call), (TensorType(shape),), drawn(shape))


@pytest.mark.parametrize("size", [(3,), (2, 3), (2, 3, 2)])
def test_a_table_of_distances_is_the_same_for_every_example(size: tuple[int, ...]) -> None:
    layer = record(f"relative_bias({size}, 2)")
    weights = {name: values.numpy() for name, values in drawn_weights(layer, ()).items()}
    model = model_of(layer, (), weights)
    output = execute(model, {"examples": torch.zeros(3, 1).numpy()})["output"]
    compare(layer, (), [])
    assert output.shape[0] == 3
    assert (output == output[:1]).all()


@pytest.mark.parametrize("features", [6, 7])
def test_positions_of_a_long_sequence(features: int) -> None:
    shape = (512, features)
    compare(record("positional(sinusoidal)"), (TensorType(shape),), drawn(shape))
