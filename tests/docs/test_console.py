"""How pages are read and compared, on pages that are right and pages that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import agree, commands
from tests.docs.pages import fences

PRINTED = "a\n1.25 s\nb\nc\n"
TRAINED = "epoch 1/1  train 4.37  9.38 %  0.03 s\ntest: loss 2.4 on 359 examples\n"


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        (PRINTED, True),
        ("a\n0.5 s\nb\nc\n", True),
        ("a\n…\nc\n", True),
        ("a\n…\n", True),
        ("a\n1.25 s\nb\n", False),
        ("a\n…\nd\n", False),
        ("a\n1.25 m\nb\nc\n", False),
        ("", False),
    ],
)
def test_what_is_printed_must_be_shown(shown: str, holds: bool) -> None:
    assert agree("netdsl check a.net", shown, PRINTED) == holds


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        ("epoch  1/18  train 1.0  64 %  1 s\nepoch  2/18  train 0.5  90 %  1 s\n…\n", True),
        (
            "epoch  1/9  train 1.0  64 %  1 s\n…\nepoch  9/9  train 0.5  90 %  1 s\n"
            "test: loss 0.1 on 359 examples\n",
            True,
        ),
        ("epoch 1/2  train 1  9 %  1 s\nhead\nepoch 2/2  train 1  9 %  1 s\n…\n", False),
        ("epoch 1/18  loss 1.0  64 %  1 s\n…\n", False),
        ("epoch 1/18  train 1.0  64 %  1 s\n", False),
    ],
)
def test_of_a_training_figures_are_not_compared(shown: str, holds: bool) -> None:
    assert agree("netdsl train a.net", shown, TRAINED) == holds


def test_commands_stand_behind_a_prompt_or_alone() -> None:
    assert list(commands("$ a\nout\n$ b \\\n  c\n", True)) == [("a", "out\n"), ("b    c", "")]
    assert list(commands("a\n\nb \\\n  c\n", False)) == [("a", ""), ("b    c", "")]
    with pytest.raises(AssertionError):
        list(commands("out\n$ a\n", True))


def test_a_page_is_read_with_what_is_said_above_its_fences(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Text\n```\na\n```\n\n`b.net`:\n\n```net\nb\n```\n"
        "- item\n\n  <!-- fails: shape -->\n  ```net\n  c\n    d\n  ```\n"
    )
    plain, named, marked = fences(page)
    assert (plain.language, plain.line, plain.name) == ("", 2, "")
    assert (named.language, named.name, named.text) == ("net", "b.net", "b\n")
    assert marked.text == "c\n  d\n"
    assert marked.mark == ("fails", "shape")
