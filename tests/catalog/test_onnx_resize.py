"""ONNX's rows of resolution: every ratio of sizes, and the positions that the language names."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from netdsl.tensor import Size, TensorType
from tests.catalog.onnx_rows import compare, execute, model_of
from tests.catalog.torch_rows import record

MOST = 32


def nearest(call: str, flowing: TensorType, length: int) -> list[float]:
    """The positions that a call takes of a sequence whose numbers are its positions."""
    model = model_of(record(call), (flowing,), {})
    positions = np.arange(length, dtype=np.float32).reshape(1, length, 1)
    output: list[float] = execute(model, {"x0": positions})["output"].ravel().tolist()
    return output


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_nearest_takes_the_floor_of_the_exact_ratio(new: int) -> None:
    call = f"resize({new}, mode=nearest)"
    for old in (1, 7, 14, 28, 29, 30):
        expected = [i * old // new for i in range(new)]
        assert nearest(call, TensorType((old, 1)), old) == expected
        assert nearest(call, TensorType((Size.unknown("length"), 1)), old) == expected


@pytest.mark.parametrize("factor", [1, 2, 3, 7])
def test_nearest_repeats_by_whole_factors(factor: int) -> None:
    for old in (1, 5, 41, 49):
        expected = [i // factor for i in range(factor * old)]
        assert nearest(f"upsample({factor})", TensorType((old, 1)), old) == expected


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_bilinear_is_pytorchs_at_every_ratio(new: int) -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((7, 4), (16, 11, 2), (5, 6, 3, 2)):
        x = torch.randn(2, *shape, generator=generator)
        x = x if len(shape) == 2 else x.movedim(-1, 1)
        compare(record(f"resize({new})"), (TensorType(shape),), [x])
