"""What is told of an edited spec is what `netdsl check` tells of its text."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from netdsl.analyze.cost import Costs
from netdsl.lsp.document import Document
from tests.lsp.specs import RIGHT, WRONG, Told, document, told, told_by_check

# Of these the server reads more than `check` does: an item that is not closed is an item for it.
_READS_MORE = {"unclosed", "syntax"}


def without_bounds(found: set[Told]) -> set[object]:
    """What is told, of bounds the place alone: those of an editor are lower."""
    return {each if each[0] != "limit" else each[3:] for each in found}


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_right_spec_is_told_as_by_check(path: Path) -> None:
    assert told(document(path)) == told_by_check(path)


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_a_wrong_spec_is_told_as_by_check(path: Path) -> None:
    by_check, here = told_by_check(path), told(document(path))
    if any(each[0] in _READS_MORE for each in by_check):
        # Where the text is broken, what is told of the rest may differ, but there is an error.
        assert any(each[0] in _READS_MORE for each in here)
    else:
        assert without_bounds(here) == without_bounds(by_check)


def figures(opened: Document) -> dict[str, object]:
    """What is known of the nets of a spec: what flows out, weights and multiply-adds."""
    found: dict[str, object] = {}
    for name, net in opened.checked().nets.items():
        cost = Costs().graph(net.graph) if net is not None else None
        found[name] = cost and (
            str(net.graph.types[net.graph.result]),
            cost,
            net.expectations != (),
        )
    return found


_PIECE = re.compile(r"\w+|[^\w\s]")


def mutated(text: str, chance: random.Random) -> str:
    """A text after an edit as people make them: a word, a sign or a line changed."""
    pieces = list(_PIECE.finditer(text))
    piece = chance.choice(pieces)
    lines = text.split("\n")
    line = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:  # another word of the text
            return text[: piece.start()] + chance.choice(pieces).group() + text[piece.end() :]
        case 1:  # a letter more
            return text[: piece.end()] + "x" + text[piece.end() :]
        case 2:
            return text[: piece.start()] + text[piece.end() :]
        case 3:
            return "\n".join([*lines[:line], *lines[line + 1 :]])
        case 4:
            return "\n".join([*lines[: line + 1], *lines[line:]])
        case _:
            return "\n".join([*lines[:line], "", *lines[line:]])


EDITED = ["nasnet", "resnet", "vgg", "googlenet", "unet", "digits", "worked", "inception_v3"]


@pytest.mark.parametrize("name", EDITED)
def test_an_edited_spec_is_told_as_one_that_is_opened(name: str) -> None:
    path = next(path for path in RIGHT if path.stem == name)
    right = path.read_text(encoding="utf-8")
    chance = random.Random(name)
    opened = document(path)
    text = right
    for number in range(18):
        # Mistakes pile up, until the author takes them back.
        text = right if number % 6 == 5 else mutated(text, chance)
        opened.edit(text)
        again = document(path, text)
        assert told(opened) == told(again), text
        assert figures(opened) == figures(again), text


BLOCKS = """\
block inner(n) { conv(n, 3, pad=same) }
block wrap(layer) { layer -> relu }
block outer(n) { wrap(inner(n)) -> wrap({ inner(n) -> sigmoid }) }
default conv(bias=false)
let width = 8
net A { input x: 8x8x1
 outer(width) -> flatten -> dense(2) }
net B = A
net C { input x: 4x4x1
 wrap(relu) }
"""
EDITS = [
    # A block that is given inside a closure, a default, a let, and back.
    ("conv(n, 3,", "conv(n, 5,"),
    ("bias=false", "bias=true"),
    ("width = 8", "width = 16"),
    ("layer -> relu", "layer -> tanh"),
    ("conv(n, 5,", "conv(n, 7, stride=2,"),
    ("block inner(n) { conv(n, 7,", "block inner(n, k = 7) { conv(n, k,"),
    ("net B = A", "net B = C"),
    ("bias=true", "stride=2"),
]


def test_what_depends_on_an_edit_is_elaborated_anew() -> None:
    path = Path("/nowhere/spec.net")
    text = BLOCKS
    opened = document(path, text)
    for old, new in EDITS:
        assert old in text
        text = text.replace(old, new)
        opened.edit(text)
        again = document(path, text)
        assert told(opened) == told(again) == set()
        assert figures(opened) == figures(again)


def test_what_does_not_depend_on_an_edit_is_kept() -> None:
    opened = document(Path("/nowhere/spec.net"), BLOCKS)
    before = opened.checked().nets
    opened.edit(BLOCKS.replace("wrap(relu)", "wrap(tanh)").replace("\nnet A", "\n\n\nnet A"))
    after = opened.checked().nets
    assert after["A"] is before["A"] and after["B"] is before["B"]
    assert after["C"] is not before["C"] and after["C"] is not None
    opened.edit(BLOCKS.replace("let width = 8", "let width = 9"))
    assert opened.checked().nets["A"] is not before["A"]


def test_a_file_that_is_imported_counts_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block unit(n) { dense(n) -> relu }\n")
    text = 'from "blocks.net" import unit\nnet N { input x: 4\n unit(8) }\n'
    opened = document(tmp_path / "main.net", text)
    assert told(opened) == set()
    assert figures(opened)["N"][0] == "8"  # type: ignore[index]
    (tmp_path / "blocks.net").write_text("block unit(n) { dense(n + 1) -> relu }\n")
    opened.outdated()
    assert figures(opened)["N"][0] == "9"  # type: ignore[index]
    (tmp_path / "blocks.net").write_text("block unti(n) { dense(n) }\n")
    opened.outdated()
    assert {each[0] for each in told(opened)} == {"unknown-name"}
    (tmp_path / "blocks.net").unlink()
    opened.outdated()
    assert {each[0] for each in told(opened)} == {"import-missing"}


def test_files_that_import_one_another_are_told_as_by_check(tmp_path: Path) -> None:
    first, second = tmp_path / "first.net", tmp_path / "second.net"
    first.write_text('from "second.net" import b\nblock a { relu }\nnet N { input x: 4\n b }\n')
    second.write_text('from "first.net" import a\nblock b { a }\n')
    opened = document(first)
    assert told(opened) == told_by_check(first)
    opened.edit(opened.text + "\n")
    assert told(opened) == told_by_check(first)


def test_a_spec_without_end_is_told_soon() -> None:
    text = "net N {\n  input x: 4\n  for i in range(1_000_000) { dense(i + 1) }\n}\n"
    started = time.monotonic()
    found = document(Path("/nowhere/spec.net"), text).checked().diagnostics
    assert time.monotonic() - started < 20
    assert [(each.code, each.severity) for each in found] == [("limit", "note")]
