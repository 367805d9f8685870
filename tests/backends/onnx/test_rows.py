"""Every good example of the catalogue gives in ONNX what it gives in PyTorch."""

from __future__ import annotations

import pytest

from netdsl.catalog.base import Example, Layer
from tests.catalog.onnx_rows import check_numbers
from tests.catalog.torch_rows import examples

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
