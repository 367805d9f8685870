"""Names of weights: by `as`, else by kind and number within the level."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import body, weight_names, weights

UNIT = "block unit(c) { conv(c, 1) -> batchnorm }\nblock pair(c) { unit(c) -> unit(c) as second }"

NAMES = {
    "by as": ("conv(4, 1) as stem", ["stem"]),
    "by kind and number from 1": (
        "conv(4, 1) -> conv(4, 1) -> depthwise(1)",
        ["conv1", "conv2", "depthwise1"],
    ),
    "layers without weights do not count": (
        "relu -> conv(4, 1) -> relu -> conv(4, 1)",
        ["conv1", "conv2"],
    ),
    "a named layer takes no number": ("conv(4, 1) as a -> conv(4, 1)", ["a", "conv1"]),
    "a name met again": ("repeat 3 { conv(4, 1) as c }", ["c", "c2", "c3"]),
    "a number already taken": ("conv(4, 1) as conv1 -> conv(4, 1)", ["conv1", "conv2"]),
    "a name already taken by a number": ("conv(4, 1) -> conv(4, 1) as conv1", ["conv1", "conv12"]),
    "a block is a level": ("unit(4)", ["unit1.conv1", "unit1.batchnorm1"]),
    "blocks are numbered": (
        "unit(4) -> unit(4)",
        ["unit1.conv1", "unit1.batchnorm1", "unit2.conv1", "unit2.batchnorm1"],
    ),
    "as on a block names the level": ("unit(4) as head", ["head.conv1", "head.batchnorm1"]),
    "blocks in blocks": (
        "pair(4) as p",
        ["p.unit1.conv1", "p.unit1.batchnorm1", "p.second.conv1", "p.second.batchnorm1"],
    ),
    "unnamed groups open no level": ("{ conv(4, 1) } -> conv(4, 1)", ["conv1", "conv2"]),
    "unnamed loops open no level": ("repeat 2 { conv(4, 1) }", ["conv1", "conv2"]),
    "unnamed branches open no level": ("if true { conv(4, 1) } -> conv(4, 1)", ["conv1", "conv2"]),
    "as on a group": (
        "{ conv(4, 1) -> conv(4, 1) } as g -> conv(4, 1)",
        ["g.conv1", "g.conv2", "conv1"],
    ),
    "as on a loop": (
        "repeat 2 { unit(4) } as stage2",
        [
            "stage2.unit1.conv1",
            "stage2.unit1.batchnorm1",
            "stage2.unit2.conv1",
            "stage2.unit2.batchnorm1",
        ],
    ),
    "as on a for": ("for c in [4, 5] { conv(c, 1) } as s", ["s.conv1", "s.conv2"]),
    "as on a branch": ("if true { conv(4, 1) } as b", ["b.conv1"]),
    "a level met again": ("repeat 2 { { conv(4, 1) } as g }", ["g.conv1", "g2.conv1"]),
    "levels in levels": ("{ { conv(4, 1) } as b } as a", ["a.b.conv1"]),
    "as names the last step of a pipeline": ("conv(4, 1) -> conv(4, 1) as last", ["conv1", "last"]),
    "the arguments of a merge in order": (
        "add(conv(4, 1), conv(4, 1) -> conv(4, 1) as c)",
        ["conv1", "conv2", "c"],
    ),
    "a side computation names no weight": ("s = conv(4, 1)\nconcat(it, s)", ["conv1"]),
    "a shared layer has its own name": (
        "shared t = dense(4)\nt -> relu -> dense(4) -> t",
        ["t", "dense1"],
    ),
    "a shared block": (
        "shared t = unit(4)\nt -> conv(3, 1) -> t",
        ["t.conv1", "t.batchnorm1", "conv1"],
    ),
    "a shared group": (
        "shared t = { conv(3, 1) -> relu -> conv(3, 1) }\nt -> t",
        ["t.conv1", "t.conv2"],
    ),
    "a layer value applied twice": ("let f = conv(3, 1)\nf -> f", ["conv1", "conv2"]),
    "a block under another name": (
        "let u = unit(4)\nu -> u",
        ["unit1.conv1", "unit1.batchnorm1", "unit2.conv1", "unit2.batchnorm1"],
    ),
    "a parameter": ("parameter((3, 4)) as w", ["w"]),
}


@pytest.mark.parametrize(("statements", "expected"), NAMES.values(), ids=NAMES)
def test_names(statements: str, expected: list[str]) -> None:
    input = "4" if "dense" in statements else "8 x 8 x 3"
    assert weight_names(statements, input, UNIT) == expected


def test_tensors_have_the_names_and_layouts_of_pytorch() -> None:
    found = weights(body("conv(4, (3, 5)) -> batchnorm -> flatten -> dense(2)"))
    assert found == {
        "conv1.weight": (4, 3, 3, 5),
        "conv1.bias": (4,),
        "batchnorm1.weight": (4,),
        "batchnorm1.bias": (4,),
        "batchnorm1.running_mean": (4,),
        "batchnorm1.running_var": (4,),
        "dense1.weight": (2, 96),
        "dense1.bias": (2,),
    }


def test_names_of_a_net_used_as_a_step() -> None:
    items = "net Backbone { input y: 8 x 8 x 3\n conv(4, 1) as stem }"
    assert weight_names("Backbone -> conv(4, 1)", items=items) == ["Backbone1.stem", "conv1"]
    assert weight_names("Backbone as b", items=items) == ["b.stem"]


def test_names_do_not_depend_on_a_loop_being_long() -> None:
    long = weight_names("repeat 100 { conv(3, 1) -> relu }")
    assert long == [f"conv{number}" for number in range(1, 101)]
