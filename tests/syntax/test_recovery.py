"""After a mistake of syntax reading goes on at the next statement or item: all are told at once."""

from __future__ import annotations

import pytest

from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parse import parse

GOOD = "block good { relu }\n"


def lines(text: str) -> list[int]:
    """The lines of the mistakes of syntax in a text."""
    return [found.label.span.line for found in parse(Source("spec.net", text))[1]]


def items(text: str) -> list[str]:
    """The names of the blocks and nets that were read."""
    file, _ = parse(Source("spec.net", text))
    return [item.name.name for item in file.items if isinstance(item, tree.Block | tree.Net)]


ONE = {
    "a wrong token": "block bad {\n relu ->-> relu\n}\n",
    "a step too many": "block bad {\n relu relu\n}\n",
    "a comma forgotten": "block bad {\n conv(4 3)\n}\n",
    "a bracket too many": "block bad {\n conv(4, 3))\n}\n",
    "a bracket that is not closed": "block bad {\n conv(4, 3\n relu\n}\n",
    "a square bracket that is not closed": "block bad {\n reshape([1, 2)\n relu\n}\n",
    "an arrow at the end": "block bad {\n relu ->\n}\n",
    "an arrow at the start": "block bad {\n -> relu\n}\n",
    "a character of another keyboard": "block bad {\n relu → relu\n}\n",
    "a string without an end": 'block bad {\n assert true, "no end\n}\n',
    "an assignment of nothing": "block bad {\n s =\n}\n",
    "a number as a name": "block bad {\n let 3 = a\n}\n",
    "a loop without a list": "block bad {\n for i { relu }\n}\n",
    "an if without a condition": "block bad {\n if { relu }\n}\n",
    "an else without an if": "block bad {\n relu\n else { relu }\n}\n",
    "an input without a shape": "net bad {\n input x:\n}\n",
    "as without a name": "block bad {\n relu as\n}\n",
    "an item in a block": "block bad {\n fn f(n) = n\n}\n",
    "rubbish": "block bad {\n relu\n @@@ @@@\n}\n",
    "a parameter without a name": "block bad(= 3) { relu }\n",
    "a wrong let of the file": "let a = = 3\n",
    "a statement at the level of the file": "relu -> relu\n",
}


@pytest.mark.parametrize("text", ONE.values(), ids=ONE)
def test_one_mistake_leaves_the_rest_of_the_file(text: str) -> None:
    assert len(lines(GOOD + text + GOOD.replace("good", "last"))) == 1
    read = items(GOOD + text + GOOD.replace("good", "last"))
    assert [name for name in read if name != "bad"] == ["good", "last"]


def test_every_mistake_of_a_file_is_told() -> None:
    wrong = [text for text in ONE.values() if text.startswith("block") and "}" in text]
    found = lines("".join(wrong))
    assert len(found) == len(wrong)
    assert found == sorted(found)


def test_statements_of_a_body_are_read_one_by_one() -> None:
    text = "block b {\n relu relu\n tanh\n conv(4 3)\n silu\n repeat 2 { mish mish\n elu }\n}\n"
    assert lines(text) == [2, 4, 6]
    (block,) = parse(Source("spec.net", text))[0].items
    assert isinstance(block, tree.Block)
    assert len(block.body) >= 3


def test_a_block_that_is_never_closed_ends_where_the_next_item_begins() -> None:
    found = parse(Source("spec.net", "block bad {\n relu\n\n" + GOOD))[1]
    assert [one.code for one in found] == ["unclosed"]
    assert [one.label.span.line for one in found] == [1]
    assert items("block bad {\n relu\n\n" + GOOD) == ["good"]


def test_reading_ends_whatever_brackets_are_open() -> None:
    text = "net N {\n[repeat n { relu }\n for k in [w, { relu }\n if a { b }\n tanh\n}\n"
    assert lines(text)


def test_a_mistake_has_the_place_of_its_token() -> None:
    source = Source("spec.net", "block b {\n  conv(4 3)\n}\n")
    (found,) = parse(source)[1]
    assert (found.label.span.line, found.label.span.column, found.label.span.text) == (2, 10, "3")


def test_comments_right_above_an_item_are_its_documentation() -> None:
    text = "# Not this.\n\n# One\n# and two.\nblock b { relu }\n# Three.\nnet N { input x: 4 }\n"
    file, _ = parse(Source("spec.net", text))
    assert [item.doc for item in file.items if isinstance(item, tree.Block | tree.Net)] == [
        "One\nand two.",
        "Three.",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train { data = iris, loss = mse }", "what follows stands on a line of its own"),
        ("net N { input x: 4, y: 5\n dense(3) }", "what follows stands on a line of its own"),
        ("net N { input x: 4\n dense(3), relu }", "steps are joined with ->"),
    ],
)
def test_what_stands_instead_of_a_comma(text: str, told: str) -> None:
    _, (found,) = parse(Source("spec.net", text))
    assert [help.text for help in found.help] == [told]
