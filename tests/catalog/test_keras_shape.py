"""Keras' rows of activations, scaling, shapes and resolutions give PyTorch's numbers.

So do those of noise and of draws in evaluation; with sizes known only at run time too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from netdsl.backends.keras import rows
from netdsl.catalog.arguments import Rejection
from netdsl.catalog.base import Example, Layer
from netdsl.catalog.layers.resize import Crop
from netdsl.catalog.layers.select import Slice
from netdsl.catalog.layers.shape import Unflatten
from netdsl.tensor import Size, TensorType
from tests.catalog.keras_engine import ENGINE
from tests.catalog.keras_rows import Built, check_close, check_example, check_gradients, compare
from tests.catalog.test_open_sizes import LAYERS, SEQUENCE, in_numbers
from tests.catalog.torch_rows import build, drawn, examples, from_torch, record, to_torch, types

FAMILIES = ("activation", "noise", "scaling", "shape", "select", "resize", "generative")


@pytest.mark.parametrize("opened", [False, True], ids=["known", "open"])
@pytest.mark.parametrize(("layer", "example"), examples(*FAMILIES))
def test_example(layer: type[Layer], example: Example, opened: bool) -> None:
    check_example(layer, example, opened)


def _sloped(example: Example) -> bool:
    """Whether the output has a slope in all numbers that flow in; a mean has none in a logvar."""
    flat = example.number == "int" or example.call.startswith(("step", "sample"))
    return not flat and not example.rejects


@pytest.mark.parametrize(
    ("layer", "example"), [found for found in examples(*FAMILIES) if _sloped(found.values[1])]
)
def test_gradients(layer: type[Layer], example: Example) -> None:
    check_gradients(record(example.call), example)


@pytest.mark.parametrize(("layer", "example"), examples("activation"))
def test_activation_of_numbers_far_from_zero(layer: type[Layer], example: Example) -> None:
    if not example.rejects:
        inputs = [10 * tensor for tensor in drawn(example)]
        inputs[0].view(-1)[0] = 0
        compare(record(example.call), types(example), inputs)


@pytest.mark.parametrize("size", [1, 3, 7, 9, 20])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(7, 4), (7, 7, 2), (7, 3, 7, 2)], ids=len)
def test_resized_smaller_and_larger(shape: tuple[int, ...], mode: str, size: int) -> None:
    example = Example(f"resize({size}, mode={mode})", (shape,))
    compare(record(example.call), types(example), drawn(example))


@pytest.mark.parametrize(
    "call", ["take([-1, 0, -2], axis=0)", "take([-1, 1], axis=1)", "pad(((0, 2),), value=0.5)"]
)
def test_positions_from_the_end_and_at_one_end(call: str) -> None:
    example = Example(call, ((7, 4),))
    compare(record(call), types(example), drawn(example))


# By what Keras runs on: layers whose open sizes it does not follow.
NOT_INFERRED = {"torch": (Unflatten,), "jax": (Unflatten, Crop)}


@pytest.mark.parametrize(("layer", "inputs"), LAYERS, ids=lambda value: str(value)[:60])
def test_open_sizes_give_pytorchs_numbers(layer: Any, inputs: tuple[TensorType, ...]) -> None:
    if isinstance(layer, NOT_INFERRED.get(ENGINE, ())):
        pytest.skip("there Keras cannot infer the shape (docs/backends.md)")
    generator = np.random.default_rng(0)
    shapes = [(2, *in_numbers(given.shape)) for given in inputs]
    given = [generator.standard_normal(shape).astype(np.float32) for shape in shapes]
    (found,) = Built(layer, inputs)(*given)
    wanted = build(layer, inputs)(*(to_torch(torch.from_numpy(array)) for array in given))
    check_close(found, from_torch(wanted).numpy())
    assert found.shape == (2, *in_numbers(layer.infer(*inputs).shape))


def test_a_size_that_no_tensor_has_is_refused_by_keras() -> None:
    row = rows.find(Slice)
    assert row is not None
    with pytest.raises(Rejection, match="code for Keras cannot compute other"):
        row(Slice(0, Size.unknown("other"), 0), (SEQUENCE,))
