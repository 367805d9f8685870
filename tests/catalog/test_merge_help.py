"""A merge that does not fit blames the input that does not, and says what would mend it."""

from __future__ import annotations

import pytest

from netdsl.catalog.arguments import Rejection
from netdsl.tensor import TensorType
from tests.catalog.torch_rows import record

CASES = [
    ("add(it, b)", ((56, 56, 256), (56, 56, 64)), 1, "conv(256, 1)"),
    ("add(it, b)", ((28, 28, 512), (56, 56, 256)), 1, "conv(512, 1, stride=2)"),
    ("add(it, b)", ((28, 28, 64), (56, 56, 64)), 1, "stride of 2"),
    ("add(it, b)", ((57, 57, 64), (29, 29, 64)), 1, "in the first branch"),
    ("concat(it, b)", ((24, 24, 32), (28, 28, 64)), 1, "pad=same"),
    ("add(it, b, c)", ((10,), (10,), (9,)), 2, "dense(10)"),
    ("add(it, b)", ((4, 4, 8), (8,)), 1, "reshape(1, 1, 8)"),
    ("concat(it, b)", ((392, 392, 64), (64, 64, 64)), 1, "crop(like=…)"),
    ("concat(it, b)", ((28, 28, 64), (24, 24, 32)), 1, "pad=same"),
    ("dot(it, b)", ((10,), (9,)), 1, "dense(10)"),
]


@pytest.mark.parametrize(("call", "inputs", "blamed", "help_"), CASES)
def test_help(call: str, inputs: tuple[tuple[int, ...], ...], blamed: int, help_: str) -> None:
    with pytest.raises(Rejection) as caught:
        record(call).infer(*map(TensorType, inputs))
    assert caught.value.input == blamed
    assert help_ in caught.value.help
    for shape in (inputs[0], inputs[blamed]):
        assert str(TensorType(shape)) in caught.value.message
