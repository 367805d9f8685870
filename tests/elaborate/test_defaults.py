"""`default`: lexical, from its line to the end of the braces, or in the whole file."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import elaborated, flows, leaves, mistakes, wrong

SAME = "default conv(pad=same)"

SHAPES = {
    "in the whole file": ("conv(4, 3)", SAME, (8, 8, 4)),
    "from its line on": ("conv(4, 3)\ndefault conv(pad=same)\nconv(4, 3)", "", (6, 6, 4)),
    "to the end of the braces": (
        "{ default conv(pad=same)\nconv(4, 3) }\nconv(4, 3)",
        "",
        (6, 6, 4),
    ),
    "to the end of a loop's braces": (
        "repeat 2 { default conv(pad=same)\nconv(4, 3) }\nconv(4, 3)",
        "",
        (6, 6, 4),
    ),
    "to the end of a branch": (
        "if true { default conv(pad=same)\nconv(4, 3) }\nconv(4, 3)",
        "",
        (6, 6, 4),
    ),
    "a call's own argument wins": ("conv(4, 3, pad=0)", SAME, (6, 6, 4)),
    "the innermost wins": ("default conv(pad=valid)\nconv(4, 3)", SAME, (6, 6, 4)),
    "a later one wins": (
        "default conv(pad=valid)\ndefault conv(pad=same)\nconv(4, 3)",
        "",
        (8, 8, 4),
    ),
    "others stay in force": ("default conv(stride=2)\nconv(4, 3)", SAME, (4, 4, 4)),
    "for several words": (
        "conv(4, 3) -> maxpool(2, stride=1)",
        "default conv, maxpool(pad=same)",
        (8, 8, 4),
    ),
    "not in blocks written elsewhere": (
        "default conv(pad=same)\nunit",
        "block unit { conv(4, 3) }",
        (6, 6, 4),
    ),
    "for a block's parameter": (
        "default unit(c=5)\nunit",
        "block unit(c = 4) { conv(c, 3) }",
        (6, 6, 5),
    ),
    "for a block without a default": (
        "default unit(c=5)\nunit()",
        "block unit(c) { conv(c, 3) }",
        (6, 6, 5),
    ),
    "in a group": ("default conv(pad=same)\n{ conv(4, 3) }", "", (8, 8, 4)),
    "in the arguments of a merge": (
        "default conv(pad=same)\nadd(conv(4, 3), conv(4, 5))",
        "",
        (8, 8, 4),
    ),
    "a required argument": ("default conv(kernel=3)\nconv(4)", "", (6, 6, 4)),
    "with a name of the body": ("let k = 5\ndefault conv(kernel=k)\nconv(4)", "", (4, 4, 4)),
    "a layer named before it": ("let f = conv(4, 3)\ndefault conv(pad=same)\nf", "", (6, 6, 4)),
    "a group named before it": ("let f = { conv(4, 3) }\ndefault conv(pad=same)\nf", "", (6, 6, 4)),
    "a group named within it": (
        "{ default conv(pad=same)\nlet f = { conv(4, 3) } }\nf",
        "",
        (8, 8, 4),
    ),
    "in a block's body": ("unit", "block unit { default conv(pad=same)\nconv(4, 3) }", (8, 8, 4)),
    "after its place in the file": ("conv(4, 3)", "let a = 1\n" + SAME, (8, 8, 4)),
}


@pytest.mark.parametrize(("statements", "items", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_default_holds(statements: str, items: str, expected: tuple[int, ...]) -> None:
    assert flows(statements, items=items) == expected


def test_a_default_of_the_file_holds_wherever_it_stands() -> None:
    text = "net N {\n input x: 8 x 8 x 3\n conv(4, 3)\n}\ndefault conv(pad=same)\n"
    assert elaborated(text).graph.types[-1].shape == (8, 8, 4)


def test_defaults_that_are_layers_and_initialisers() -> None:
    text = (
        "default conv(init=normal(0.1), bias=false)\nnet N {\n input x: 8 x 8 x 3\n conv(4, 3)\n}\n"
    )
    ((_, layer),) = leaves(elaborated(text).graph)
    assert str(layer.init).startswith("Normal") and layer.bias is False  # type: ignore[attr-defined]


WRONG = {
    "an unknown word": ("default konv(pad=same)\nrelu", "unknown-name"),
    "an unknown argument": ("default conv(pod=same)\nconv(4, 3)", "unknown-argument"),
    "a wrong value": ("default conv(pad=round)\nconv(4, 3)", "wrong-value"),
    "an argument of one of two words": (
        "default conv, maxpool(groups=3)\nconv(3, 3)",
        "unknown-argument",
    ),
    "an argument without a name": ("default conv(3)\nconv(4, 3)", "unnamed-argument"),
    "a word that cannot be called": ("let a = 3\ndefault a(b=3)\nrelu", "not-callable"),
}


@pytest.mark.parametrize(("statements", "code"), WRONG.values(), ids=WRONG)
def test_one_mistake_for(statements: str, code: str) -> None:
    assert wrong(statements) == [code]


def test_a_wrong_value_is_told_at_the_default() -> None:
    text = "default conv(pad=-1)\nnet N {\n input x: 8 x 8 x 3\n conv(4, 3)\n conv(4, 3)\n}\n"
    assert mistakes(text) == [(1, "wrong-value")]
