"""A newline ends a statement, except where the language says that it does not."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import mistakes, words

ONE_STATEMENT = {
    "inside round brackets": "conv(\n  4\n  ,\n  3\n)",
    "inside square brackets": "reshape([\n 192\n ,\n]\n)",
    "after an arrow": "conv(4, 3) ->\nrelu",
    "after an arrow and a comment": "conv(4, 3) -> # why\n\n # more\n\nrelu",
    "after a comma": "add(it,\nit)",
    "after a binary operator": "it +\nrelu",
    "before an arrow": "conv(4, 3)\n  -> relu",
    "before an arrow, over comments": "conv(4, 3)  # a\n\n  # b\n\n -> relu\n\n-> tanh",
    "before else": "if true { relu }\nelse { tanh }",
    "before else, over more": "if false { relu }\n # or\n\nelse if false { tanh }\nelse { silu }",
    "in a condition": "if it.channels > 1 and\n it.channels < 9 { relu }",
    "in a group inside brackets": "add({\n relu\n tanh\n}, it)",
    "in a let": "let a =\n 4 *\n 2\nconv(a, 3)",
}


@pytest.mark.parametrize("statements", ONE_STATEMENT.values(), ids=ONE_STATEMENT)
def test_a_newline_that_ends_nothing(statements: str) -> None:
    assert words(statements)


def test_steps_on_lines_of_their_own_follow_one_another() -> None:
    assert words("conv(4, 3)\nrelu\n\n# then\ntanh") == words("conv(4, 3) -> relu -> tanh")


def test_a_group_inside_brackets_keeps_its_newlines() -> None:
    assert words("add({\n relu\n tanh\n}, it)") == "relu tanh add"


def test_a_newline_before_any_other_operator_ends_the_statement() -> None:
    assert mistakes("net N {\n input x: 4\n relu\n * 2\n}\n") == [(4, "syntax")]


def test_bodies_may_stand_in_one_line() -> None:
    assert words("repeat 2 { relu } -> tanh") == "relu relu tanh"


def test_the_arrow_begins_a_line_after_a_closing_brace() -> None:
    assert words("{\n relu\n}\n-> tanh") == "relu tanh"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_kinds_of_line_end(end: str) -> None:
    assert words(
        "conv(4, 3)\n  -> relu  # why\n\nif true { tanh }\nelse { relu }".replace("\n", end)
    )


def test_items_stand_in_any_order_and_are_used_before_they_are_defined() -> None:
    text = (
        "net N {\n input x: 4\n unit(width)\n}\n"
        "block unit(n) { dense(double(n)) }\nfn double(n) = 2 * n\nlet width = 3\n"
    )
    assert mistakes(text) == []


def test_an_empty_file_and_one_of_comments_have_no_mistake() -> None:
    assert [mistakes(text) for text in ("", "\n", "# nothing", "\n\n# a\n\n# b\n\n")] == [[]] * 4
