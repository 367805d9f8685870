"""Arithmetic with tensors, elementwise; an operand that is a layer is applied to `it`."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import flows, words, wrong

WORDS = {
    "it + x": "add",
    "it - x": "sub",
    "it * x": "mul",
    "it / x": "div",
    "2 * it": "rescale",
    "it + 1": "rescale",
    "1 - it": "rescale",
    "it / 4": "rescale",
    "-it": "rescale",
    "it ** 2": "mul",
    "relu + tanh": "relu tanh add",
    "it + relu": "relu add",
    "conv(3, 1) * 2": "conv rescale",
    "x * sigmoid + it * (1 - sigmoid)": "sigmoid mul sigmoid rescale mul add",
    "it + (conv(3, 1) -> relu)": "conv relu add",
    "(it + x) * x": "add mul",
    "it * sigmoid -> relu": "sigmoid mul relu",
    "max(3, 4) * it": "rescale",
    "it + unit(3)": "conv add",
    "unit(3) + it": "conv add",
    "2 ** 3 * it": "rescale",
    "it * x.channels": "rescale",
}  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), WORDS.items())
def test_the_layers_that_arithmetic_stands_for(expression: str, expected: str) -> None:
    assert words(expression, items="block unit(c) { conv(c, 1) }") == expected


def test_arithmetic_in_a_highway() -> None:
    statements = "t = conv(3, 1) -> sigmoid\nh = conv(3, 1) -> relu\nh * t + it * (1 - t)"
    assert flows(statements) == (8, 8, 3)


def test_an_operand_starts_from_the_flow() -> None:
    assert flows("conv(4, 1)\nit + conv(4, 1) * conv(4, 1)") == (8, 8, 4)


def test_sizes_of_1_are_spread() -> None:
    assert flows("it * global_avgpool(keep=true)") == (8, 8, 3)


def test_a_named_sum() -> None:
    assert flows("it + x as s -> conv(4, 1)\ns") == (8, 8, 3)


def test_a_list_of_tensors_is_concatenated_with_a_list() -> None:
    assert flows("let a = [x]\nlet b = a + [it, x]\nconcat(b)") == (8, 8, 9)


WRONG = {
    "it // 2": "type",
    "it % 2": "type",
    "it ** x": "type",
    "it ** 0.5": "type",
    "2 ** it": "type",
    "2 / it": "type",
    "it / 0": "arithmetic",
    "it + [x]": "type",
    'it + "a"': "not-a-step",
    "it < 3": "type",
    "it + conv(4, 3)": "shape",
    "it + none": "not-a-step",
    "it + true": "not-a-step",
}  # fmt: skip


@pytest.mark.parametrize(("expression", "code"), WRONG.items())
def test_one_mistake_for(expression: str, code: str) -> None:
    assert wrong(expression) == [code]
