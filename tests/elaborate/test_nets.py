"""Nets: inputs, outputs, families, which net is meant, `assert` and `expect`, nets as steps."""

from __future__ import annotations

import pytest

import netdsl
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from tests.elaborate.specs import (
    body,
    elaborated,
    flows,
    leaves,
    messages,
    mistakes,
    shape,
    told,
    weights,
    wrong,
)


def outputs(net: ElaboratedNet) -> list[tuple[str, str]]:
    """Name and kind of each output."""
    return [(output.name, output.kind) for output in net.graph.outputs]


INPUTS = [
    ("224 x 224 x 3", (224, 224, 3)),
    ("224x224x3", (224, 224, 3)),
    ("80", (80,)),
    ("n x n", (5, 5)),
    ("(n + 1) x n", (6, 5)),
    ("(2 * n / 5)", (2,)),
    ("80 of int", (80,)),
    ("int", ()),
    ("8 x 8 x 3 of float", (8, 8, 3)),
]


@pytest.mark.parametrize(("written", "expected"), INPUTS)
def test_inputs_as_written(written: str, expected: tuple[int, ...]) -> None:
    found = elaborated(f"net N(n = 5) {{ input x: {written}\n it }}")
    assert found.inputs[0].type.shape == expected
    assert found.inputs[0].type.number == ("int" if "int" in written else "float")


WRONG_INPUTS = [
    ("0 x 3", "wrong-value"),
    ("(-1)", "wrong-value"),
    ("2.5", "syntax"),
    ("(5 / 2)", "wrong-value"),
    ("m", "unknown-name"),
    ("8 of string", "wrong-value"),
]


@pytest.mark.parametrize(("written", "code"), WRONG_INPUTS)
def test_wrong_inputs(written: str, code: str) -> None:
    assert wrong("relu", written) == [code]


def test_several_inputs_each_becomes_the_flow() -> None:
    found = elaborated(
        "net N {\n input a: 4\n dense(3) as p\n input b: 5\n dense(2) as q\n concat(p, q, b)\n}"
    )
    assert [port.name for port in found.inputs] == ["a", "b"]
    assert shape(found) == (10,)


def test_an_input_goes_through_steps() -> None:
    found = elaborated("net N {\n input a: 4 -> dense(3) -> relu\n a\n}")
    assert shape(found) == (4,)
    assert shape(elaborated("net N {\n input a: 4 -> dense(3)\n relu\n}")) == (3,)


OUTPUTS = {
    "the main one": ("relu", [("output", "main")]),
    "the main one by its name": ("relu as probabilities", [("probabilities", "main")]),
    "a further one": ("output flatten as box\nrelu", [("box", "output"), ("output", "main")]),
    "none after the last": (
        "output flatten as a\noutput relu as b",
        [("a", "output"), ("b", "output")],
    ),
    "an auxiliary one": (
        "auxiliary flatten as aux\nrelu",
        [("aux", "auxiliary"), ("output", "main")],
    ),
    "in a loop": (
        "for i in range(2) { if i == 1 { output flatten as box }\nrelu }",
        [("box", "output"), ("output", "main")],
    ),
    "the flow stays": ("output flatten as f\nconv(4, 1)", [("f", "output"), ("output", "main")]),
}


@pytest.mark.parametrize(("statements", "expected"), OUTPUTS.values(), ids=OUTPUTS)
def test_outputs(statements: str, expected: list[tuple[str, str]]) -> None:
    assert outputs(body(statements)) == expected


def test_an_output_is_computed_from_it_and_the_flow_stays() -> None:
    found = body("conv(4, 3)\noutput conv(5, 3) as o\nrelu")
    assert shape(found, "o") == (4, 4, 5)
    assert shape(found) == (6, 6, 4)


def test_auxiliary_layers_exist_in_training_only() -> None:
    found = body("auxiliary flatten -> dense(2) as aux\nrelu")
    assert [(layer.word, node.training) for node, layer in leaves(found.graph)] == [
        ("flatten", True),
        ("dense", True),
        ("relu", False),
    ]
    assert "aux.weight" in weights(found)


WRONG = {
    "two inputs of one name": ("input x: 4\nrelu", "defined-twice"),
    "two outputs of one name": ("output relu as a\noutput tanh as a\nrelu", "output-twice"),
    "an assertion": ('assert it.channels == 4, "four, please"\nrelu', "assertion"),
    "an assertion of no condition": ("assert relu\nrelu", "type"),
}


@pytest.mark.parametrize(("statements", "code"), WRONG.values(), ids=WRONG)
def test_one_mistake_for(statements: str, code: str) -> None:
    assert wrong(statements) == [code]


BLOCKS = {
    "an input in a block": ("block b { input y: 3\n relu }", "input-in-block"),
    "an expect in a block": ("block b { expect params = 3\n relu }", "expect-in-block"),
    "an output in a block": ("block b { output relu\n tanh }", "output-in-block"),
    "an auxiliary output in a block": ("block b { auxiliary relu\n tanh }", "output-in-block"),
}


@pytest.mark.parametrize(("items", "code"), BLOCKS.values(), ids=BLOCKS)
def test_what_stands_in_nets_only(items: str, code: str) -> None:
    assert wrong("b", items=items) == [code]


def test_an_assertion_says_what_its_author_wrote() -> None:
    text = 'net N {\n input x: 4\n assert it.features > 4, "too narrow"\n relu\n}'
    assert "too narrow" in messages(text)
    assert mistakes(text) == [(3, "assertion")]


def test_a_net_without_input() -> None:
    assert mistakes("net N {\n relu\n}") in ([(2, "no-flow")], [(1, "no-input")])
    assert mistakes("net N { }") == [(1, "no-input")]


# Families

FAMILY = """\
net R(depths = [1], width = 4, unit = plain) {
  input x: 8 x 8 x 3
  for d in depths { repeat d { unit(width) } }
}
block plain(c) { conv(c, 1) }
block other(c) { conv(c, 3) }
net R2 = R([2, 1])
net R2Wide = R2(width=8)
net R2Other(w = 16) = R(R2List, w, other)
net Bare = R
let R2List = [1, 1]
"""


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("R", {}, (8, 8, 4)),
        ("R", {"width": "5 + 1"}, (8, 8, 6)),
        ("R", {"unit": "other"}, (6, 6, 4)),
        ("R2", {}, (8, 8, 4)),
        ("R2", {"width": "7"}, (8, 8, 7)),
        ("R2Wide", {}, (8, 8, 8)),
        ("R2Wide", {"unit": "other"}, (2, 2, 8)),
        ("R2Other", {}, (4, 4, 16)),
        ("R2Other", {"w": "5"}, (4, 4, 5)),
        ("Bare", {}, (8, 8, 4)),
        ("Bare", {"width": "2"}, (8, 8, 2)),
    ],
)
def test_families(name: str, given: dict[str, str], expected: tuple[int, ...]) -> None:
    found = elaborated(FAMILY, name, given)
    assert found.name == name
    assert shape(found) == expected


def test_what_an_alias_of_an_alias_keeps() -> None:
    assert len(list(leaves(elaborated(FAMILY, "R2Wide").graph))) == 3


def test_what_an_alias_sets_itself_is_no_parameter_of_it() -> None:
    with pytest.raises(UserError, match="R2Wide has no parameter width"):
        elaborated(FAMILY, "R2Wide", {"width": "9"})
    assert mistakes(FAMILY + "net Q = R2Wide(width=3)\n", "Q") == [(12, "unknown-argument")]


def test_an_alias_keeps_what_must_be_given() -> None:
    text = "net R(c, d) {\n input x: 4\n dense(c) -> dense(d)\n}\nnet S = R(d=3)\n"
    assert mistakes(text) == []
    assert shape(elaborated(text, "S", {"c": "5"})) == (3,)
    assert mistakes(text, "S") == [(1, "missing-argument")]


def test_an_unknown_parameter_of_the_command_line() -> None:
    with pytest.raises(UserError, match=r"did you mean width\?"):
        elaborated(FAMILY, "R", {"widht": "3"})
    with pytest.raises(UserError, match="is not a value of the language"):
        elaborated(FAMILY, "R", {"width": "3 +"})
    with pytest.raises(UserError, match="has no net"):
        elaborated(FAMILY, "S")


ALIASES = {
    "of a block": ("block b { relu }\nnet M = b", "not-a-net"),
    "of a number": ("net M = 3", "not-a-net"),
    "of an unknown": ("net M = Q(3)", "unknown-name"),
    "of itself": ("net M = M", "limit"),
    "in a circle": ("net M = M2\nnet M2 = M", "limit"),
    "with an unknown argument": (
        "net K(a = 3) { input x: 4\n dense(a) }\nnet M = K(b=3)",
        "unknown-argument",
    ),
}


@pytest.mark.parametrize(("text", "code"), ALIASES.values(), ids=ALIASES)
def test_an_alias(text: str, code: str) -> None:
    assert [found for _, found in mistakes(text, "M")] == [code]


# Which net

WHICH = {
    "the only one": ("net A(n) { input x: 4\n dense(n) }", "A"),
    "the one named like the file": (
        "net A { input x: 4\n it }\nnet Spec { input x: 4\n it }",
        "Spec",
    ),
    "the first that needs nothing": (
        "net A(n) { input x: 4\n dense(n) }\nnet B { input x: 4\n it }\nnet C { input x: 4\n it }",
        "B",
    ),
}


@pytest.mark.parametrize(("text", "expected"), WHICH.values(), ids=WHICH)
def test_which_net_is_meant(text: str, expected: str) -> None:
    given = {"n": "3"} if expected == "A" else None
    assert elaborated(text, set=given).name == expected


def test_a_net_that_needs_arguments() -> None:
    text = "net A(n) {\n input x: 4\n dense(n) }"
    assert mistakes(text, "A") == [(1, "missing-argument")]
    spec = netdsl.read("spec.net", text=text)
    assert spec.elaborate("A") is None
    assert "or another net: net Name = A(n=…)" in spec.diagnostics[0].help[0].text
    with pytest.raises(UserError, match="needs arguments"):
        netdsl.read(
            "s.net", text="net A(n) { input x: 4\n it }\nnet B(n) { input x: 4\n it }"
        ).elaborate()
    with pytest.raises(UserError, match="has no net"):
        netdsl.read("s.net", text="block a { relu }").elaborate()


# Nets as steps

BACKBONE = "net Back(c = 4) { input y: 8 x 8 x 3\n conv(c, 3) as mid -> relu }"
TWO = "net Two { input y: 8 x 8 x 3\n output flatten as a\n output conv(4, 1) as b }"

STEPS = {
    "a net": ("Back", (6, 6, 4)),
    "with arguments": ("Back(5)", (6, 6, 5)),
    "a member of it": ("Back as b\nb.mid -> conv(2, 1)", (6, 6, 2)),
    "members of one without main output": ("Two as t\nt.b", (8, 8, 4)),
    "an alias": ("Alias", (6, 6, 9)),
}


@pytest.mark.parametrize(("statements", "expected"), STEPS.values(), ids=STEPS)
def test_a_net_as_a_step(statements: str, expected: tuple[int, ...]) -> None:
    assert flows(statements, items=f"{BACKBONE}\n{TWO}\nnet Alias = Back(9)") == expected


def test_a_net_without_main_output_is_used_through_its_members_only() -> None:
    assert wrong("Two -> relu", items=TWO) == ["no-main-output"]
    assert wrong("relu\nTwo", items=TWO) == ["no-main-output"]


def test_a_net_as_a_step_declares_what_flows_in() -> None:
    assert wrong("conv(4, 1) -> Back", items=BACKBONE) == ["shape"]


def test_a_net_of_two_inputs_is_no_step() -> None:
    items = "net M { input a: 8 x 8 x 3\n input b: 4\n dense(3) }"
    assert wrong("M", items=items) == ["several-inputs"]


# expect


def test_expectations_are_kept_with_their_values() -> None:
    found = elaborated(
        "net N {\n expect params = 3 * 4, macs = 3.86e9, output = (7, 7, 2)\n input x: 4\n relu\n}"
    )
    assert [(one.name, one.value) for one in found.expectations] == [
        ("params", 12),
        ("macs", 3.86e9),
        ("output", (7, 7, 2)),
    ]


def test_an_alias_has_promises_of_its_own() -> None:
    text = (
        "net R(c = 4) {\n expect params = 1\n input x: 4\n dense(c)\n}\n"
        "net S = R(5)  expect params = 25, total = 25\nnet T = R\n"
    )
    assert [(one.name, one.value) for one in elaborated(text, "S").expectations] == [
        ("params", 25),
        ("total", 25),
    ]
    assert [one.value for one in elaborated(text, "R").expectations] == [1]
    assert [one.value for one in elaborated(text, "T").expectations] == [1]


def test_every_net_that_needs_nothing_is_told_of() -> None:
    text = "net A {\n input x: 4\n rellu\n}\nnet B {\n input x: 4\n tahn\n}\n"
    spec = netdsl.read("spec.net", text=text)
    for name in spec.ready_names:
        spec.elaborate(name)
    assert told(spec) == [(3, "unknown-name"), (7, "unknown-name")]


MISSPELT = [
    "block unit(n) { dense(n) }\nnet N {\n input x: 4\n unti(3)\n}",
    "block unit(count) { dense(cuont) }\nnet N {\n input x: 4\n unit(3)\n}",
    "let width = 3\nnet N {\n input x: 4\n dense(widht)\n}",
]


@pytest.mark.parametrize("text", MISSPELT)
def test_what_a_misspelt_name_means_is_not_called_unused(text: str) -> None:
    spec = netdsl.read("spec.net", text=text)
    spec.elaborate()
    assert [found.code for found in spec.diagnostics] == ["unknown-name"]
