"""Attention and what prepares for it do what their records say, and what PyTorch and papers do."""

from __future__ import annotations

import pytest

from netdsl.catalog.base import Example, Layer
from tests.catalog.torch_rows import check_example, examples


@pytest.mark.parametrize(("layer", "example"), examples("attention"))
def test_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)
