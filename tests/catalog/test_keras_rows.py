"""Keras' rows of windows, linear maps, norms and merges give PyTorch's numbers."""

from __future__ import annotations

import pytest

from netdsl.catalog.base import Example, Layer
from tests.catalog.keras_rows import check_example
from tests.catalog.torch_rows import examples


@pytest.mark.parametrize(("layer", "example"), examples("merge"))
def test_an_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)
