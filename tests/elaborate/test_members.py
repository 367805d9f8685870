"""What a tensor says of itself and what its maker hands out; tensor parameters."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import flows, wrong

ENCODER = (
    "block encoder(c) { conv(c, 3) as half -> conv(c, 3) as quarter -> relu }\n"
    "block taps { let all = []\n repeat 2 { conv(4, 3)\n let all = all + [it] }\n relu }\n"
    "block outer { encoder(4) as inner -> relu\n mid = inner.half\n tanh }\n"
    "block with_list(ts: tensor) { concat(ts) }\n"
    "block join(like: tensor, c = like.channels) { conv(c, 1) -> add(it, like) }\n"
    "block pair(c, prev: tensor) { concat(conv(c, 1), prev) }"
)

ABOUT = [
    ("8 x 6 x 3", "it.channels == 3 and it.height == 8 and it.width == 6"),
    ("8 x 6 x 3", "it.features == 3 and it.rank == 3 and it.size == 144 and it.shape == (8, 6, 3)"),
    ("4 x 8 x 6 x 3", "it.depth == 4 and it.height == 8 and it.width == 6 and it.rank == 4"),
    ("9 x 3", "it.length == 9 and it.features == 3 and it.channels == 3"),
    ("7", "it.features == 7 and it.rank == 1 and it.shape == (7,)"),
    ("80 of int", "it.length == 80"),
    ("8 x 6 x 3", "it.shape[0] == 8 and it.shape[:-1] == [8, 6]"),
]


@pytest.mark.parametrize(("input", "condition"), ABOUT)
def test_what_a_tensor_says_of_itself(input: str, condition: str) -> None:
    step = "embedding(3, 4)" if "int" in input else "relu"
    assert wrong(f"assert {condition}\n{step}", input) == []


CASES = {
    "a tensor inside a block": ("encoder(4) as code\ncode.half", (6, 6, 4)),
    "the main one is the flow": ("encoder(4) as code\nrelu\ncode", (4, 4, 4)),
    "a tensor of an unnamed use": ("encoder(4) -> it.half", (6, 6, 4)),
    "a side computation's": ("code = encoder(4)\ncode.half", (6, 6, 4)),
    "used in a merge": ("encoder(4) as code\nconcat(code.half, code.half)", (6, 6, 8)),
    "used in a pipeline": ("encoder(4) as code\ncode.half -> conv(5, 1)", (6, 6, 5)),
    "of several instances": (
        "encoder(4) as a\nx -> encoder(5) as b\nconcat(a.half, b.half)",
        (6, 6, 9),
    ),
    "a list": ("taps as t\nt.all[0]", (6, 6, 4)),
    "a whole list": ("taps as t\nconcat(u -> flatten for u in t.all)", (208,)),
    "nested": ("outer as o\no.inner.half", (6, 6, 4)),
    "handed on by a name": ("outer as o\no.mid", (6, 6, 4)),
    "of a member of a list": (
        "let cs = []\nrepeat 2 { x -> encoder(4) as c\nlet cs = cs + [c] }\ncs[0].half",
        (6, 6, 4),
    ),
    "of a net": ("M as m\nm.half", (6, 6, 4)),
    "of a shared block": ("shared e = encoder(3)\ne as a\na.half", (6, 6, 3)),
    "a member of a layer": ("maxpool(2) as p\np.indices", (4, 4, 3)),
    "a shape of a member": ("encoder(4) as code\nconv(code.half.channels, 1)", (4, 4, 4)),
    "of what a group ends in": ("{ encoder(4) } as g\ng.half", (6, 6, 4)),
}


@pytest.mark.parametrize(("statements", "expected"), CASES.values(), ids=CASES)
def test_a_member(statements: str, expected: tuple[int, ...]) -> None:
    items = ENCODER + "\nnet M { input y: 8 x 8 x 3\n conv(4, 3) as half -> relu }"
    assert flows(statements, items=items) == expected


TENSORS = {
    "by position": ("pair(4, x)", (8, 8, 7)),
    "by name": ("pair(4, prev=x)", (8, 8, 7)),
    "a pipeline starts from it": ("pair(4, prev=conv(2, 1) -> relu)", (8, 8, 6)),
    "a pipeline from a name": ("conv(4, 1)\npair(4, prev=x -> conv(2, 1))", (8, 8, 6)),
    "a bare layer": ("pair(4, relu)", (8, 8, 7)),
    "a block": ("pair(4, encoder2)", (8, 8, 7)),
    "arithmetic": ("pair(4, it + x)", (8, 8, 7)),
    "a member": ("{ conv(3, 1) as h -> relu } as g\npair(4, h)", (8, 8, 7)),
    "it": ("pair(4, it)", (8, 8, 7)),
    "a list of tensors": ("with_list([x, it])", (8, 8, 6)),
    "defaults use earlier parameters": ("join(x)", (8, 8, 3)),
    "the flow goes in as well": ("conv(4, 1)\npair(1, x)", (8, 8, 4)),
    "in a value": ("conv(4, 1)\nlet f = pair(1, x)\nf -> conv(2, 1) -> f", (8, 8, 4)),
    "by a default": ("default pair(prev=x)\npair(4)", (8, 8, 7)),
    "in a merge": ("add(pair(1, x), pair(1, x))", (8, 8, 4)),
}


@pytest.mark.parametrize(("statements", "expected"), TENSORS.values(), ids=TENSORS)
def test_a_tensor_parameter_given(statements: str, expected: tuple[int, ...]) -> None:
    assert flows(statements, items=ENCODER + "\nblock encoder2 { relu }") == expected


def test_parameters_defaults_use_it() -> None:
    items = "block unit(c = it.channels * 2, k = c + 1) { conv(c, 1) -> conv(k, 1) }"
    assert flows("unit -> unit", items=items) == (8, 8, 15)


WRONG = {
    "an unknown member": ("encoder(4) as code\ncode.hlaf", "unknown-name"),
    "a member of a layer without": ("relu as r\nr.half", "unknown-name"),
    "an axis that is not there": ("flatten\nlet a = it.height\nrelu", "type"),
    "a member of a number": ("let n = 3\nlet m = n.half\nrelu", "type"),
    "a member of a layer": ("let n = relu.half\nrelu", "type"),
    "a number for a tensor parameter": ("pair(4, 3)", "not-a-step"),
    "a tensor parameter missing": ("pair(4)", "missing-argument"),
    "a parameter as a member": ("encoder(4) as code\ncode.c", "unknown-name"),
}


@pytest.mark.parametrize(("statements", "code"), WRONG.values(), ids=WRONG)
def test_one_mistake_for(statements: str, code: str) -> None:
    assert wrong(statements, items=ENCODER) == [code]
