"""Keras' attention, and what prepares a sequence for it, give PyTorch's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from netdsl.catalog.base import Example, Layer
from netdsl.tensor import TensorType
from tests.catalog.keras_rows import Built, check_example, check_gradients, compare
from tests.catalog.torch_rows import drawn, examples, record, types


@pytest.mark.parametrize(("layer", "example"), examples("attention"))
def test_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)


GOOD = [found for found in examples("attention") if not found.values[1].rejects]


@pytest.mark.parametrize(("layer", "example"), GOOD)
def test_gradients(layer: type[Layer], example: Example) -> None:
    check_gradients(record(example.call), example)


# Learned positions need a length that is known.
OPEN = [
    found
    for found in examples("attention")
    if "positional" not in found.values[1].call or "sinusoidal" in found.values[1].call
]


@pytest.mark.parametrize(("layer", "example"), OPEN)
def test_lengths_may_be_unknown(layer: type[Layer], example: Example) -> None:
    check_example(layer, example, opened=True)


@pytest.mark.parametrize("options", ["", ", causal=true", ", bias=c", ", bias=c, causal=true"])
@pytest.mark.parametrize("hidden", [[0], [1, 2, 4], [0, 1, 2, 3, 4]], ids=str)
def test_keys_that_no_query_may_see(hidden: list[int], options: str) -> None:
    bias = ((2, 5, 5),) if "bias" in options else ()
    example = Example(f"attention(2, mask=b{options})", ((5, 8), (5,), *bias))
    tensors = drawn(example)
    tensors[1] = torch.ones_like(tensors[1])
    tensors[1][:, hidden] = 0
    compare(record(example.call), types(example), tensors)


@pytest.mark.parametrize("width", [256, 192])
@pytest.mark.parametrize("init", ["he_normal", "lecun_normal", "normal(0.1)"])
def test_matrices_start_by_the_fans_of_the_language(init: str, width: int) -> None:
    layer = record(f"attention(2, memory=b, init={init}, bias_init=ones)")
    inputs = (TensorType((5, 256)), TensorType((7, width)))
    starts = {name: place.get() for name, place in Built(layer, inputs).held().items()}
    share = {"he_normal": 2.0, "lecun_normal": 1.0}
    for weight in layer.weights(*inputs):
        values = starts[weight.name]
        if weight.name.endswith("bias"):
            assert (values == 1).all()
            continue
        deviation = (share[init] / weight.shape[1]) ** 0.5 if init in share else 0.1
        assert values.std() == pytest.approx(deviation, rel=0.03)
        for name, others in starts.items():
            if name != weight.name and others.shape == values.shape:
                assert np.abs(np.corrcoef(values.ravel(), others.ravel())[0, 1]) < 0.05


def test_sinusoids_of_far_positions() -> None:
    example = Example("positional(sinusoidal)", ((600, 7),))
    compare(record(example.call), types(example), drawn(example), opened=True)
