"""Expressions: how operators bind, how numbers, lists and slices are written."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import messages, value, wrong

EQUAL = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("2 ** 3 ** 2", 512),
    ("-2 ** 2", -4),
    ("2 ** -1", 0.5),
    ("- - 2", 2),
    ("-3 // 2", -2),
    ("-7 % 3", 2),
    ("7 - 2 - 1", 4),
    ("8 / 4 / 2", 1.0),
    ("8 // 3 * 3 + 8 % 3", 8),
    ("2 * 3 % 4", 2),
    ("1 + 1 == 2", True),
    ("1 < 2 and 2 < 3", True),
    ("not 1 == 2", True),
    ("not true or true", True),
    ("true or false and false", True),
    ("1 if false else 2 if false else 3", 3),
    ("1 + 1 if 1 < 2 else 0", 2),
    ("3 in [1, 2, 3] and not 4 in [1, 2, 3]", True),
    ("4 not in [1, 2, 3]", True),
    ("(1, 2) in [(1, 2)]", True),
    ("[1, 2] + [3] * 2", (1, 2, 3, 3)),
    ("[1, 2, 3][0]", 1),
    ("[1, 2, 3][-1]", 3),
    ("[1, 2, 3][1:]", (2, 3)),
    ("[1, 2, 3][:-1]", (1, 2)),
    ("[1, 2, 3][1:2]", (2,)),
    ("[1, 2, 3][:]", (1, 2, 3)),
    ("[[1, 2], [3]][0][1]", 2),
    ("[k * k for k in [1, 2, 3]]", (1, 4, 9)),
    ("[k for k in range(9) if k % 3 == 1]", (1, 4, 7)),
    ("[a + b * c for (a, (b, c)) in [(1, (2, 3)), (4, (5, 6))]]", (7, 34)),
    ("[[j for j in range(i)] for i in range(3)]", ((), (0,), (0, 1))),
    ("138_357_544", 138357544),
    ("2e-3", 0.002),
    ("1_0.2_5", 10.25),
    ("1E3", 1000.0),
    ('"a # b -> c"', "a # b -> c"),
    ("none", None),
    ("(1,)", (1,)),
    ("()", ()),
    ("[]", ()),
    ("[1, 2,]", (1, 2)),
    ("[1, 2] == [1, 2]", True),
    ("1 == 1.0", True),
    ('"a" + "b" == "ab"', True),
    ("none == none", True),
    ("[1, 2] < [1, 3]", True),
]  # fmt: skip

BUILTINS = [
    ("min(3, 1, 2)", 1),
    ("max([3, 1, 2])", 3),
    ("max(1, 2.5)", 2.5),
    ("abs(-3)", 3),
    ("floor(2.7)", 2),
    ("floor(-2.1)", -3),
    ("ceil(2.1)", 3),
    ("round(2.5)", 2),
    ("round(3.5)", 4),
    ("round(2.345, 2)", 2.35),
    ("sqrt(16)", 4.0),
    ("log(1)", 0.0),
    ("log(8, 2)", 3.0),
    ("range(3)", (0, 1, 2)),
    ("range(1, 4)", (1, 2, 3)),
    ("range(6, 0, -2)", (6, 4, 2)),
    ("range(0)", ()),
    ("enumerate([5, 6])", ((0, 5), (1, 6))),
    ("reversed([1, 2, 3])", (3, 2, 1)),
    ("reversed(enumerate([5, 6]))", ((1, 6), (0, 5))),
    ("zip([1, 2], [3, 4])", ((1, 3), (2, 4))),
    ("len([1, 2, 3])", 3),
    ("sum([1, 2, 3])", 6),
    ("sum(k * k for k in range(4))", 14),
    ("max(k % 3 for k in range(9))", 2),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), EQUAL + BUILTINS)
def test_an_expression_is_worth(expression: str, expected: object) -> None:
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected)


WRONG = [
    ("1 / 0", "arithmetic"),
    ("1 % 0", "arithmetic"),
    ("[1, 2][2]", "index"),
    ("[1, 2][0.5]", "type"),
    ("1 + true", "type"),
    ('1 + "a"', "type"),
    ("-[1]", "type"),
    ("3 in 4", "type"),
    ('len(3)', "type"),
    ("sqrt(-1)", "type"),
    ("zip([1], [1, 2])", "type"),
    ("range(2.5)", "type"),
    ("max()", "type"),
    ("1 < [2]", "type"),
    ("none + 1", "type"),
    ("[1, 2](3)", "not-callable"),
    ("[k for k in 3]", "type"),
    ("[a for (a, b) in [1]]", "pattern"),
    ("[a for (a, b) in [(1, 2, 3)]]", "pattern"),
    ("nothing", "unknown-name"),
    ("nothing(1)", "unknown-name"),
    ("len(x=3)", "unknown-argument"),
    ("3.channels", "type"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "code"), WRONG)
def test_a_wrong_expression_is_one_mistake(expression: str, code: str) -> None:
    assert wrong(f"let a = {expression}\nrelu") == [code]


def test_a_size_must_be_whole_and_the_help_rounds_half_to_even() -> None:
    text = "net N {\n input x: 4\n dense(5 / 2)\n}\n"
    assert "round(2.5) is 2" in messages(text)


def test_a_float_that_is_whole_is_a_size() -> None:
    assert wrong("dense(6 / 2)", "4") == []
