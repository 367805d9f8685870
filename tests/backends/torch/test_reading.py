"""Which expressions and classes emitted modules are written with, where several are right."""

from __future__ import annotations

import pytest

import netdsl
from netdsl.backends.torch import build, emit
from tests.backends.torch.nets import inputs

HALVES = """
default separable(pad=same)

block twice(kernel) {{ separable(4, kernel) -> separable(4, kernel) }}

net Halves {{
  input image: 8 x 8 x 4
  {body}
}}
"""

SCALED = """
block correction(scale) { add(it, conv(it.channels, 1) -> rescale(scale)) }

net Scaled {
  input image: 4 x 4 x 2
  correction(%s) -> correction(%s)
}
"""

PADDED = """
from std import conv_block

net Padded {
  input image: 8 x 8 x 4
  conv_block(6, (1, 7)) -> conv_block(6, 3, pad=0) -> conv_block(8, 3)
}
"""


@pytest.mark.parametrize("kernels", [(3, 5), (5, 3), (3, 5, 7), (3, 7)])
def test_same_padding_is_half_of_the_kernel(kernels: tuple[int, ...]) -> None:
    body = " -> ".join(f"twice({kernel})" for kernel in kernels)
    net = netdsl.load("halves.net", text=HALVES.format(body=body)).elaborated
    text = emit(net)
    assert "in_channels: int, kernel: int) -> None:" in text
    assert text.count("padding=kernel // 2") == 2
    (image,) = inputs(net)
    assert build(net)(image).shape == image.shape


def scaled(first: str, second: str) -> str:
    """The text of a net with two corrections of these factors, without the net's own class."""
    text = emit(netdsl.load("scaled.net", text=SCALED % (first, second)).elaborated)
    return text.partition("class Scaled(")[0]


def test_a_factor_of_one_is_no_class_of_its_own() -> None:
    text = scaled("0.5", "1")
    assert text.count("class Correction") == 1
    assert "self.scale * self.conv1(x)" in text
    assert "scale: float" in text


def test_a_factor_that_is_one_everywhere_is_not_written() -> None:
    text = scaled("1", "1.0")
    assert text.count("class Correction") == 1
    assert "scale" not in text
    assert " * " not in text


def test_padding_that_no_parameter_gives_is_an_argument_with_pytorch_s_default() -> None:
    net = netdsl.load("padded.net", text=PADDED).elaborated
    text = emit(net)
    assert "padding: int | tuple = 0" in text
    assert "self.conv_block1 = ConvBlock(4, 6, kernel=(1, 7), padding=(0, 3))" in text
    assert "self.conv_block2 = ConvBlock(6, 6)" in text
    assert "self.conv_block3 = ConvBlock(6, 8, padding=1)" in text
    (image,) = inputs(net)
    assert build(net)(image).shape == (image.shape[0], 8, 6, 6)
