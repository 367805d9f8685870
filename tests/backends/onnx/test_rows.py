"""Every good example of the catalogue gives in ONNX what it gives in PyTorch."""

from __future__ import annotations

import pytest

from netdsl.catalog.base import Example, Layer
from netdsl.tensor import TensorType
from tests.catalog.onnx_rows import check_numbers, compare
from tests.catalog.torch_rows import drawn, examples, record

FAMILIES = (
    *("conv", "linear", "pool", "norm", "merge", "noise", "scaling"),
    *("activation", "shape", "select", "resize", "recurrent", "attention", "generative"),
)


@pytest.mark.parametrize(
    ("layer", "example"),
    [case for case in examples(*FAMILIES) if not case.values[1].rejects],
)
def test_onnx_and_pytorch_agree(layer: type[Layer], example: Example) -> None:
    check_numbers(layer, example)


@pytest.mark.parametrize("pool", ["maxpool", "avgpool", "avgpool counting"])
@pytest.mark.parametrize(
    ("size", "stride", "pad"), [(2, 3, 0), (2, 5, 1), (3, 2, 1), (3, 4, 0), (4, 3, 2), (4, 5, 2)]
)
def test_last_windows_that_reach_over_the_end(size: int, stride: int, pad: int, pool: str) -> None:
    word, _, counting = pool.partition(" ")
    rest = ", count_pad=true" * bool(counting)
    call = f"{word}({size}, stride={stride}, pad={pad}, ceil=true{rest})"
    for length in range(size, size + 7):
        example = Example(call, ((length, length + 1, 2),))
        compare(record(call), (TensorType(*example.inputs),), drawn(example))
