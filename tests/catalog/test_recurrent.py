"""The recurrences do what their records say."""

from __future__ import annotations

import pytest

from netdsl.catalog.base import Example, Layer
from tests.catalog.torch_rows import check_example, examples


@pytest.mark.parametrize(("layer", "example"), examples("recurrent"))
def test_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)
