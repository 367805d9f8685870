"""Layers are values: bare words, finished layers, groups, blocks and nets, passed and kept."""

from __future__ import annotations

import pytest

import netdsl
from tests.elaborate.specs import flows, messages, told, words, wrong

UNIT = "block unit(c) { conv(c, 1) -> relu }"
TWICE = "block twice(layer) { layer -> layer }"

CASES = {
    "a bare word": ("let f = relu\nf -> f", "", "relu relu"),
    "a bare word is called": ("let f = conv\nf(4, 3)", "", "conv"),
    "a finished layer": ("let f = leaky_relu(0.1)\nf", "", "leaky_relu"),
    "a pipeline": ("let f = conv(4, 1) -> relu\nf -> f", "", "conv relu conv relu"),
    "a group": ("let f = { conv(4, 1)\n tanh }\nf", "", "conv tanh"),
    "a loop": ("let f = repeat 2 { relu }\nf", "", "relu relu"),
    "a branch": (
        "let f = if it.channels == 3 { relu } else { tanh }\nconv(4, 1) -> f",
        "",
        "conv tanh",
    ),
    "a merge": ("let f = add(relu, tanh)\nf", "", "relu tanh add"),
    "a sum of layers kept as a group": ("let f = { relu + tanh }\nf", "", "relu tanh add"),
    "a block": ("let f = unit\nf(4)", UNIT, "conv relu"),
    "a finished block": ("let f = unit(4)\nf", UNIT, "conv relu"),
    "a layer chosen by a condition": ("let f = relu if it.channels > 1 else tanh\nf", "", "relu"),
    "a list of layers": ("for f in [relu, conv(4, 1), unit(5)] { f }", UNIT, "relu conv conv relu"),
    "a list of layers by index": ("let fs = [relu, tanh]\nfs[1]", "", "tanh"),
    "a list of layers is called": ("let fs = [conv, dense]\nfs[0](4, 1)", "", "conv"),
    "a bare parameter": ("twice(relu)", TWICE, "relu relu"),
    "a finished parameter": ("twice(conv(4, 1))", TWICE, "conv conv"),
    "a pipeline as a parameter": ("twice(conv(4, 1) -> relu)", TWICE, "conv relu conv relu"),
    "a group as a parameter": ("twice({ relu\n tanh })", TWICE, "relu tanh relu tanh"),
    "a finished block as a parameter": (
        "twice(unit(4))",
        TWICE + UNIT.join("\n\n"),
        "conv relu conv relu",
    ),
    "a block as a parameter": ("apply(unit)", "block apply(b) { b(4) }\n" + UNIT, "conv relu"),
    "a layer's word as a parameter": ("apply(conv)", "block apply(f) { f(4, 1) }", "conv"),
    "a parameter's default is a block": (
        "apply",
        "block apply(b = unit) { b(4) }\n" + UNIT,
        "conv relu",
    ),
    "a parameter's default is a layer": ("apply", "block apply(b = relu) { b }", "relu"),
    "a net as a parameter": (
        "apply(M)",
        "block apply(b) { b }\nnet M { input y: 8 x 8 x 3\n tanh }",
        "tanh",
    ),
    "a parameter that is given on": ("a(relu)", "block a(f) { b(f) }\nblock b(f) { f }", "relu"),
    "a layer of a function": ("act(true)", "fn act(b) = relu if b else tanh", "relu"),
    "a function that gives a pipeline": (
        "unit2(4)",
        "fn unit2(c) = conv(c, 1) -> relu",
        "conv relu",
    ),
    "a layer of the file": ("f", "let f = conv(4, 1) -> relu", "conv relu"),
    "a group sees the names where it was written": (
        "let c = 4\nlet f = { conv(c, 1) -> if it.channels == 4 { relu } }\nlet c = 5\nf",
        "",
        "conv relu",
    ),
    "identity as none of all": ("let f = identity\nf", "", "identity"),
}


@pytest.mark.parametrize(("statements", "items", "expected"), CASES.values(), ids=CASES)
def test_a_layer_as_a_value(statements: str, items: str, expected: str) -> None:
    assert words(statements, items=items) == expected


WRONG = {
    "a finished layer called": ("let f = relu()\nf(1)", "not-callable"),
    "a pipeline called": ("let f = conv(4, 1) -> relu\nf(4)", "not-callable"),
    "a finished block called": ("let f = unit(4)\nf(3)", "not-callable"),
    "a number called": ("let n = 3\nn(4)", "not-callable"),
    "a tensor called": ("conv(4, 1) as t\nt(4)", "not-callable"),
    "a block without its argument": ("unit", "missing-argument"),
    "a word without its argument": ("conv", "missing-argument"),
    "a tensor for a plain parameter": ("unit(x)", "wrong-value"),
    "a list with a tensor for a plain parameter": ("unit([x])", "wrong-value"),
}


@pytest.mark.parametrize(("statements", "code"), WRONG.values(), ids=WRONG)
def test_one_mistake_for(statements: str, code: str) -> None:
    assert wrong(statements, items=UNIT) == [code]


def test_a_tensor_for_a_plain_parameter_is_explained() -> None:
    text = UNIT + "\nnet N {\n input x: 8 x 8 x 3\n unit(x)\n}\n"
    assert "c: tensor would take one" in messages(text)


def test_blocks_do_not_see_the_names_of_the_caller() -> None:
    items = "block unit { conv(width, 1) }"
    assert wrong("let width = 4\nunit", items=items) == ["unknown-name"]


def test_the_nearest_meaning_of_a_name_wins() -> None:
    assert words("relu", items="block relu { tanh }") == "tanh"
    assert words("relu", items="let relu = tanh") == "tanh"
    assert words("silu -> conv(3, 1) as relu\ntanh\nrelu -> mish") == "silu conv tanh mish"


AMBIGUOUS = {
    "conv(4, 1) as tanh\nrelu\ntanh": [5],
    "conv(4, 1) as unit\nrelu\nunit": [5],
    "conv(4, 1) as tanh\nrelu\ntanh()": [],
    "conv(4, 1) as stem\nrelu\nstem": [],
    "let tanh = relu\ntanh": [],
}


@pytest.mark.parametrize(("statements", "expected"), AMBIGUOUS.items())
def test_a_bare_step_that_could_mean_two_things_is_a_warning(
    statements: str, expected: list[int]
) -> None:
    text = f"net N {{\n input x: 8 x 8 x 3\n{statements}\n}}\n{UNIT}\n"
    spec = netdsl.read("spec.net", text=text)
    assert spec.elaborate() is not None
    found = [line for line, code in told(spec, "warning") if code == "ambiguous-step"]
    assert found == expected


def test_in_a_call_only_what_can_be_called_is_looked_up() -> None:
    assert words("let conv = 3\nconv(conv, 1)") == "conv"
    assert flows("let pad = 2\npad(pad)") == (12, 12, 3)
    assert flows("conv(4, 1) as conv\nconv(5, 1)") == (8, 8, 5)
    assert flows("unit(2)", items="let conv = 5\n" + UNIT) == (8, 8, 2)


def test_symbols_are_known_from_the_argument_or_as_words() -> None:
    assert flows("let p = same\nconv(4, 3, pad=p)") == (8, 8, 4)
    assert flows("unit(same)", items="block unit(p) { conv(4, 3, pad=p) }") == (8, 8, 4)
    assert flows("conv(4, 3, pad=same, init=he_normal)") == (8, 8, 4)
    assert flows("unit(same)", items="block unit(p) { if p == same { flatten } }") == (192,)
