"""The page of the language names every word that the language itself has."""

from __future__ import annotations

import re

from netdsl.elaborate.builtins import BUILTINS
from netdsl.elaborate.members import AXES, WHOLE
from netdsl.syntax.keywords import keywords
from tests.docs.pages import DOCS, fences, inline_code

PAGE = DOCS / "language.md"
# The words in code, within the text and in fences.
CODE = {
    word
    for code in [*inline_code(PAGE), *(fence.text for fence in fences(PAGE))]
    for word in re.findall(r"\w+", code)
}


def test_every_keyword_is_named() -> None:
    assert keywords() - CODE == set()


def test_every_function_is_named() -> None:
    assert BUILTINS.keys() - CODE == set()


def test_everything_that_a_tensor_says_of_itself_is_named() -> None:
    assert {*AXES, *WHOLE} - CODE == set()
