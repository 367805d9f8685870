"""What flows: steps, `it`, `as`, side computations, groups, loops, branches, merges, jumps."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import body, flows, level_names, shape, words, wrong

SHAPES = {
    "an empty body passes the flow through": ("", (8, 8, 3)),
    "a pipeline": ("conv(4, 3) -> relu", (6, 6, 4)),
    "it is the flow": ("conv(4, 3) -> it -> relu", (6, 6, 4)),
    "a name is a jump": ("conv(4, 3)\nx", (8, 8, 3)),
    "as names the step before it": ("conv(4, 3) as a -> conv(5, 3)\na", (6, 6, 4)),
    "as anywhere in a pipeline": ("conv(4, 3) -> conv(5, 3) as b -> conv(6, 3)\nb", (4, 4, 5)),
    "as on the whole of a group": ("{ conv(4, 3) -> conv(5, 3) } as b\nrelu\nb", (4, 4, 5)),
    "as inside an argument": ("add(conv(3, 1) as b, it)\nb -> conv(2, 1)", (8, 8, 2)),
    "a side computation leaves the flow": ("s = conv(4, 3)\nrelu", (8, 8, 3)),
    "a side computation starts from it": ("conv(4, 3)\ns = conv(5, 3)\ns", (4, 4, 5)),
    "a side computation of several steps": ("s = conv(4, 3) -> conv(5, 3)\ns", (4, 4, 5)),
    "a side computation of a bare layer": ("s = flatten\ns", (192,)),
    "a side computation of it": ("s = it\nflatten\ns", (8, 8, 3)),
    "a side computation of a merge": ("s = concat(it, it)\ns", (8, 8, 6)),
    "a side computation of arithmetic": ("s = conv(4, 3) + conv(4, 3)\ns", (6, 6, 4)),
    "a side computation of a group": ("s = { conv(4, 3) -> relu }\ns", (6, 6, 4)),
    "a pipeline that starts from a name": ("s = x -> conv(2, 1)\ns", (8, 8, 2)),
    "a group": ("{ conv(4, 3) -> relu } -> conv(5, 3)", (4, 4, 5)),
    "repeat": ("repeat 3 { conv(4, 3) }", (2, 2, 4)),
    "repeat of nothing": ("repeat 0 { conv(4, 3) }", (8, 8, 3)),
    "repeat of a computed count": ("repeat it.channels - 1 { conv(4, 3) }", (4, 4, 4)),
    "for": ("for c in [4, 5] { conv(c, 3) }", (4, 4, 5)),
    "for over nothing": ("for c in [] { conv(c, 3) }", (8, 8, 3)),
    "for with a nested pattern": (
        "for (n, (c, k)) in [(2, (4, 3)), (1, (5, 1))] { repeat n { conv(c, k) } }",
        (4, 4, 5),
    ),
    "for over enumerate": ("for (i, c) in enumerate([4, 5]) { conv(c + i, 3) }", (4, 4, 6)),
    "if on a shape": ("if it.channels == 3 { conv(4, 3) }", (6, 6, 4)),
    "if without else passes through": ("if it.channels == 4 { conv(4, 3) }", (8, 8, 3)),
    "else": ("if it.channels == 4 { relu } else { conv(5, 3) }", (6, 6, 5)),
    "else if": ("if false { relu } else if it.rank == 3 { conv(2, 1) } else { tanh }", (8, 8, 2)),
    "if in the midst of a pipeline": ("conv(4, 1) -> if true { conv(5, 1) } -> relu", (8, 8, 5)),
    "names in a group belong to the net": ("{ conv(4, 3) as s }\nrelu\nx\ns", (6, 6, 4)),
    "a side computation in a loop": ("repeat 2 { s = conv(4, 3)\nrelu }\ns", (6, 6, 4)),
    "loops carry state by let": ("let c = 1\nrepeat 3 { let c = c * 2 }\nconv(c, 1)", (8, 8, 8)),
    "loops carry tensors by names": (
        "p = it\nrepeat 2 { c = it\n conv(4, 1) -> concat(it, p)\n p = c }",
        (8, 8, 11 - 4),
    ),
    "a list of skips": (
        "let skips = []\nrepeat 3 { conv(4, 3)\nlet skips = skips + [it] }\nskips[0]",
        (6, 6, 4),
    ),
    "the loop's name stays bound": ("for c in [4, 5] { relu }\nconv(c, 1)", (8, 8, 5)),
    "a body counts as a step": ("repeat 2 { relu } -> flatten -> dense(3)", (3,)),
}


@pytest.mark.parametrize(("statements", "expected"), SHAPES.values(), ids=SHAPES)
def test_what_flows_out(statements: str, expected: tuple[int, ...]) -> None:
    assert flows(statements) == expected


MERGES = {
    "two pipelines": ("concat(conv(4, 1), conv(5, 1) -> relu)", (8, 8, 9)),
    "it and a pipeline": ("concat(it, conv(4, 1))", (8, 8, 7)),
    "a bare layer": ("add(relu, tanh)", (8, 8, 3)),
    "an if": ("add(conv(4, 1), if it.channels != 4 { conv(4, 1) } else { it })", (8, 8, 4)),
    "an if that passes through": ("add(it, if it.channels == 4 { conv(4, 1) })", (8, 8, 3)),
    "an if and further steps": ("add(it, if true { relu } -> tanh)", (8, 8, 3)),
    "a comprehension": ("concat(conv(2, k, pad=same) for k in [1, 3, 5])", (8, 8, 6)),
    "a comprehension of pairs": (
        "concat(conv(c, k, pad=same) for (c, k) in [(1, 3), (4, 5)])",
        (8, 8, 5),
    ),
    "a comprehension with a condition": (
        "concat(conv(k, 1) for k in range(5) if k > 2)",
        (8, 8, 7),
    ),
    "a comprehension over tensors": (
        "let ts = []\nrepeat 2 { conv(4, 1)\nlet ts = ts + [it] }\n"
        "concat(t -> conv(2, 1) for t in ts)",
        (8, 8, 4),
    ),
    "a list of tensors": (
        "let ts = [x]\nrepeat 2 { conv(4, 1)\nlet ts = ts + [it] }\nconcat(ts)",
        (8, 8, 11),
    ),
    "a list and more": ("let ts = [x, x]\nconcat(ts, conv(4, 1))", (8, 8, 10)),
    "a slice of a list": ("let ts = [x, x, x]\nconcat(ts[1:])", (8, 8, 6)),
    "a repeat": ("add(it, repeat 2 { relu })", (8, 8, 3)),
    "a for": ("concat(it, for c in [4, 5] { conv(c, 1) })", (8, 8, 8)),
    "a merge in a merge": ("concat(add(relu, tanh), add(it, it))", (8, 8, 6)),
    "names given in the merge": ("concat(conv(4, 1) as a, a -> conv(5, 1))", (8, 8, 9)),
    "sizes of 1 are spread": ("mul(it, global_avgpool(keep=true))", (8, 8, 3)),
    "an argument by name": ("concat(it, it, axis=0)", (16, 8, 3)),
    "a merge in the midst of a pipeline": ("conv(4, 1) -> concat(it, x) -> relu", (8, 8, 7)),
    "a conditional": ("add(it, relu if it.channels == 3 else tanh)", (8, 8, 3)),
    "arithmetic": ("concat(it + 1, 2 * it)", (8, 8, 6)),
    "a pipeline in brackets": ("concat((conv(4, 1) -> relu), it)", (8, 8, 7)),
    "dot of two": ("flatten -> dot(it, it)", (1,)),
}


@pytest.mark.parametrize(("statements", "expected"), MERGES.values(), ids=MERGES)
def test_a_merge_of(statements: str, expected: tuple[int, ...]) -> None:
    assert flows(statements) == expected


WRONG = {
    "a merge of one": ("concat(it)", "operands"),
    "a merge of nothing": ("conv(4, 3) -> add", "operands"),
    "a merge of an empty list": ("concat([])", "operands"),
    "a merge of a number": ("add(it, 3)", "not-a-step"),
    "a number as a step": ("3", "not-a-step"),
    "a string as a step": ('"relu"', "not-a-step"),
    "a list as a step": ("[1, 2]", "not-a-step"),
    "none as a step": ("none", "not-a-step"),
    "a function as a step": ("range", "not-a-step"),
    "a symbol as a step": ("same", "not-a-step"),
    "an optimizer as a step": ("adam", "not-a-step"),
    "a number named by =": ("s = 3", "not-a-step"),
    "shapes that do not fit": ("add(conv(4, 3), it)", "shape"),
    "a count that is no number": ("repeat true { relu }", "type"),
    "a count below 0": ("repeat -1 { relu }", "type"),
    "a count that is not whole": ("repeat 1.5 { relu }", "type"),
    "for over a number": ("for i in 3 { relu }", "type"),
    "for over a tensor": ("for i in it { relu }", "type"),
    "a condition that is a layer": ("if relu { relu }", "type"),
    "a condition that is a tensor": ("if it { relu }", "type"),
    "an unknown step": ("rellu", "unknown-name"),
    "an unknown layer called": ("konv(3, 3)", "unknown-name"),
    "an argument too many": ("conv(3, 3, 1)", "too-many-arguments"),
    "an argument that is unknown": ("conv(3, 3, strid=2)", "unknown-argument"),
    "an argument twice": ("conv(3, 3, filters=4)", "argument-twice"),
    "an argument missing": ("conv(3)", "missing-argument"),
    "a wrong value": ("conv(3, -1)", "wrong-value"),
    "a tensor for a number": ("conv(it, 3)", "wrong-value"),
    "an input in a loop of a block": ("relu -> { dense(3, pad=1) }", "unknown-argument"),
}


@pytest.mark.parametrize(("statements", "code"), WRONG.values(), ids=WRONG)
def test_one_mistake_for(statements: str, code: str) -> None:
    assert wrong(statements) == [code]
    assert wrong(f"{statements}\nconv(4, 3) -> flatten -> dense(3)") == [code]


def test_each_round_has_weights_of_its_own() -> None:
    assert level_names(body("repeat 3 { conv(4, 1) }")) == ["conv1", "conv2", "conv3"]


def test_an_image_does_not_go_into_dense_silently() -> None:
    assert wrong("dense(10)") == ["shape"]
    assert flows("dense(10, each=true)") == (8, 8, 10)


def test_the_steps_of_a_group_are_carried_out_in_order() -> None:
    assert words("{ relu\n tanh } -> { silu -> { mish } }") == "relu tanh silu mish"


def test_a_merge_uses_exactly_what_it_is_given() -> None:
    found = body("conv(4, 1)\nadd(x, x)")
    assert shape(found) == (8, 8, 3)
