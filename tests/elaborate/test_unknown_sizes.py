"""`?`: symbols, exact expressions, conditions, what cannot depend on them, `--size`."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import UserError
from tests.elaborate.specs import body, elaborated, flows, messages, shape, wrong

SIZES = {
    "an image": ("? x ? x 3", "relu", ("height", "width", 3)),
    "a sequence": ("? x 5", "relu", ("length", 5)),
    "tokens": ("? of int", "embedding(10, 4)", ("x", 4)),
    "a volume": ("? x ? x ? x 1", "relu", ("depth", "height", "width", 1)),
    "a convolution": ("? x ? x 3", "conv(4, 3)", ("height - 2", "width - 2", 4)),
    "padding same": ("? x 8 x 3", "conv(4, 3, pad=same)", ("height", 8, 4)),
    "a pool": ("? x 8 x 3", "maxpool(2)", ("height // 2", 4, 3)),
    "two pools": ("? x 8 x 3", "maxpool(2) -> maxpool(2)", ("height // 4", 2, 3)),
    "upsampling": ("? x 8 x 3", "upsample(2)", ("2 * height", 16, 3)),
    "same and a stride": (
        "? x 8 x 3",
        "conv(4, 3, stride=2, pad=same)",
        ("height - height // 2", 4, 4),
    ),
    "a global pool": ("? x ? x 3", "global_avgpool", (3,)),
    "a merge": ("? x ? x 3", "concat(it, relu)", ("height", "width", 6)),
    "a loop over layers": ("? x 8 x 3", "repeat 2 { conv(3, 3, pad=(1, 0)) }", ("height", 4, 3)),
    "a block": ("? x 8 x 3", "unit", ("height - 2", 6, 4)),
}


@pytest.mark.parametrize(("input", "statements", "expected"), SIZES.values(), ids=SIZES)
def test_sizes_are_exact_expressions(
    input: str, statements: str, expected: tuple[object, ...]
) -> None:
    found = flows(statements, input, "block unit { conv(4, 3) }")
    assert tuple(size if isinstance(size, int) else str(size) for size in found) == expected


UNET = """\
block double(c) { repeat 2 { conv(c, 3, pad=same) -> relu } }
block level(c, depth) {
  skip = double(c)
  skip
  if depth > 0 {
    maxpool(2) -> level(2 * c, depth - 1) -> conv_transpose(c, 2, stride=2) as up
    concat(skip, up) -> double(c)
  }
}
net UNet(depth = 5) { input image: ? x ? x 1
  level(4, depth) -> conv(2, 1) }
"""


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_the_conditions_of_a_unet_of_unknown_size(depth: int) -> None:
    found = elaborated(UNET, set={"depth": str(depth)})
    assert [condition.text for condition in found.conditions] == [
        f"height % {2**depth} == 0",
        f"width % {2**depth} == 0",
    ]


def test_a_net_that_works_for_every_size_has_no_conditions() -> None:
    assert body("add(relu, conv(3, 3, pad=same))", "? x ? x 3").conditions == ()


def test_two_inputs_have_sizes_of_their_own_and_a_condition_that_they_agree() -> None:
    found = elaborated("net N {\n input a: ? x 4\n input b: ? x 4\n add(a, b)\n}")
    assert [condition.text for condition in found.conditions] == ["length == b.length"]


def test_a_size_is_given_on_the_command_line() -> None:
    text = "net N {\n input words: ? of int\n embedding(10, 4)\n}"
    assert shape(elaborated(text, sizes={"words": 7})) == (7, 4)
    text = "net N {\n input image: ? x ? x 3\n conv(4, 3)\n}"
    assert shape(elaborated(text, sizes={"height": 8, "image.width": 6})) == (6, 4, 4)


def test_an_unknown_size_that_there_is_not() -> None:
    text = "net N {\n input words: ? of int\n embedding(10, 4)\n}"
    with pytest.raises(UserError, match="no such unknown size"):
        elaborated(text, sizes={"wrods": 7})
    with pytest.raises(UserError, match="no such unknown size"):
        elaborated("net N { input a: 4\n relu }", sizes={"a": 7})


DECIDED = {
    "a choice": ("if it.height > 8 { relu }", "unknown-size"),
    "a choice in an expression": ("conv(4 if it.height > 8 else 5, 3)", "unknown-size"),
    "a count": ("repeat it.height { relu }", "type"),
    "a list of so many": ("for i in range(it.height) { relu }", "type"),
    "a weight of dense": ("flatten -> dense(3)", "shape"),
    "a filter count": ("conv(it.height, 3)", "wrong-value"),
    "an assertion of an order": ("assert it.height > 32\nrelu", "unknown-size"),
    "a comparison of shapes": ("if it.shape == (8, 8, 3) { relu }", "unknown-size"),
    "a search in a list": ("if it.height in [8, 9] { relu }", "unknown-size"),
    "a largest size": ("let a = max(it.height, 8)\ndense(a, each=true)", "unknown-size"),
    "half of it": ("let a = it.height / 2\ndense(a, each=true)", "unknown-size"),
    "an expression that grows": (
        "let a = it.height\nrepeat 40 { let a = a * (a + 1) }\ndense(a, each=true)",
        "unknown-size",
    ),
    "divisions that grow": (
        "let a = it.height\nrepeat 40 { let a = (a + 1) // 2 + a // 3 }\ndense(a, each=true)",
        "unknown-size",
    ),
    "a sum of sizes compared": ("if it.height + 1 == it.width { relu }", "unknown-size"),
}


@pytest.mark.parametrize(("statements", "code"), DECIDED.values(), ids=DECIDED)
def test_what_cannot_depend_on_an_unknown_size(statements: str, code: str) -> None:
    assert wrong(statements, "? x ? x 3") == [code]


def test_what_is_certain_of_an_unknown_size_decides() -> None:
    assert flows("if it.length + 1 > it.length { conv(5, 1) }", "? x 4")[1] == 5
    assert wrong("assert it.height == x.height\nrelu", "? x ? x 3") == []
    assert wrong("if it.channels == 3 { relu }", "? x ? x 3") == []


def test_an_assertion_that_only_the_run_can_tell_is_a_condition() -> None:
    found = body("assert it.height % 32 == 0\nassert it.height == it.width\nrelu", "? x ? x 3")
    assert [condition.text for condition in found.conditions] == [
        "height % 32 == 0",
        "height == width",
    ]


def test_the_way_out_is_told() -> None:
    text = "net N {\n input x: ? x ? x 3\n if it.height > 8 { relu }\n}"
    assert "--size" in messages(text)
