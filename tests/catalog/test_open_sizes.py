"""Layers take sizes that are known only at run time, and what must then hold is collected."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from netdsl.backends.torch import rows
from netdsl.backends.torch.helpers import HELPERS
from netdsl.catalog.agree import agree, collecting
from netdsl.catalog.arguments import Rejection
from netdsl.catalog.layers.merge import Add, Concat, Dot
from netdsl.catalog.layers.resize import Crop, Pad, PadChannels, Resize, Upsample
from netdsl.catalog.layers.select import ReduceMean, Slice, Take
from netdsl.catalog.layers.shape import Flatten, Permute, PixelShuffle, Reshape, Unflatten
from netdsl.tensor import Dim, Size, TensorType, at
from tests.catalog.torch_rows import from_torch, to_torch

HEIGHT, WIDTH, LENGTH = map(Size.unknown, ("height", "width", "length"))
IMAGE = TensorType((HEIGHT, WIDTH, 8))
SEQUENCE = TensorType((LENGTH, 6))
KNOWN = {"height": 5, "width": 4, "length": 7}

LAYERS: list[tuple[Any, tuple[TensorType, ...]]] = [
    (Add(), (IMAGE, IMAGE)),
    (Concat(axis=0), (SEQUENCE, TensorType((2, 6)))),
    (Dot(), (SEQUENCE, SEQUENCE)),
    (Flatten(), (IMAGE,)),
    (Unflatten((HEIGHT, WIDTH, 8)), (TensorType((HEIGHT * WIDTH * 8,)), IMAGE)),
    (Unflatten((LENGTH, 6)), (TensorType((LENGTH * 6,)),)),
    (Reshape((HEIGHT * WIDTH, 8)), (IMAGE,)),
    (Reshape((WIDTH, HEIGHT, 2, 4)), (IMAGE,)),
    (Reshape((HEIGHT, 2 * WIDTH, 4)), (IMAGE,)),
    (Permute((1, 0, 2)), (IMAGE,)),
    (PixelShuffle(2), (IMAGE,)),
    (Pad(((1, 0), 2)), (IMAGE,)),
    (Crop(1), (IMAGE,)),
    (Crop(None, 1), (IMAGE, TensorType((HEIGHT - 2, 3, 1)))),
    (Resize(None, "bilinear", 1), (SEQUENCE, TensorType((2 * LENGTH, 1)))),
    (Upsample(2), (SEQUENCE,)),
    (PadChannels(9), (IMAGE,)),
    (Slice(1, LENGTH, 0), (SEQUENCE,)),
    (Slice(0, LENGTH - 2, 0), (SEQUENCE,)),
    (Slice(0, LENGTH // 2, 0), (SEQUENCE,)),
    (Slice(WIDTH // 2 - 1, -1, 1), (IMAGE,)),
    (Take(-1, 0), (SEQUENCE,)),
    (ReduceMean((0, 1)), (IMAGE,)),
]


def in_numbers(shape: tuple[Dim, ...]) -> tuple[int, ...]:
    """A shape at one choice of the open sizes."""
    sizes = tuple(at(size, KNOWN) for size in shape)
    assert all(isinstance(size, int) for size in sizes)
    return sizes  # type: ignore[return-value]


@pytest.mark.parametrize(("layer", "inputs"), LAYERS, ids=lambda value: str(value)[:60])
def test_code_for_open_sizes_gives_the_inferred_shape(
    layer: Any, inputs: tuple[TensorType, ...]
) -> None:
    row = rows.find(type(layer))
    assert row is not None
    emission = row(layer, inputs)
    tensors = [to_torch(torch.randn(2, *in_numbers(given.shape))) for given in inputs]
    space: dict[str, Any] = {"torch": torch, "F": F}
    for helper in emission.helpers:
        exec(HELPERS[helper], space)
    names = [f"x{index}" for index in range(len(tensors))]
    values = {name: repr(value) for name, value in emission.call.values.items()}
    text = emission.call.text.format(*names, inputs=", ".join(names), **values)
    found = from_torch(eval(text, space | dict(zip(names, tensors, strict=True))))
    assert tuple(found.shape) == (2, *in_numbers(layer.infer(*inputs).shape))


def test_a_size_that_no_tensor_has_is_refused_by_pytorch() -> None:
    row = rows.find(Slice)
    assert row is not None
    with pytest.raises(Rejection, match="cannot compute other"):
        row(Slice(0, Size.unknown("other"), 0), (SEQUENCE,))


def test_equal_sizes_are_no_condition() -> None:
    with collecting() as conditions:
        assert agree(4, 4) == 4
        assert agree(LENGTH + 1, LENGTH + 1) == LENGTH + 1
    assert conditions == []


def test_known_sizes_and_constant_differences_must_agree() -> None:
    for first, second in [(4, 5), (LENGTH, LENGTH + 1)]:
        with pytest.raises(Rejection):
            agree(first, second)


def test_open_sizes_that_may_differ_are_a_condition_once() -> None:
    with collecting() as conditions:
        for _ in range(2):
            assert agree(LENGTH // 2 * 2, LENGTH) == LENGTH // 2 * 2
        assert agree(LENGTH, 4) == 4
        assert Add().infer(IMAGE, TensorType((HEIGHT, HEIGHT, 8))).shape == IMAGE.shape
    assert conditions == [(LENGTH // 2 * 2, LENGTH), (LENGTH, 4), (WIDTH, HEIGHT)]


def test_conditions_are_met_without_a_collector() -> None:
    assert agree(LENGTH, 4) == 4


def test_the_channels_of_a_weight_must_be_known() -> None:
    with pytest.raises(Rejection, match="length is known only at run time"):
        PixelShuffle(2).infer(TensorType((4, 4, LENGTH)))
