"""Items that are parsed one by one are those of the whole text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netdsl.lsp.segments import Segment, cut, segments
from netdsl.record import Record
from netdsl.source import Source, Span
from netdsl.syntax.parse import parse
from tests.lsp.specs import RIGHT


def plain(value: Any, begin: int = 0) -> Any:
    """A tree as data, its spans as offsets of the whole text."""
    if isinstance(value, Span):
        return begin + value.start, begin + value.end
    if isinstance(value, tuple):
        return tuple(plain(item, begin) for item in value)
    if isinstance(value, Record):
        return type(value).__name__, *[plain(item, begin) for item in value.field_values()]
    return value


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_segments_have_the_items_of_the_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    whole, mistakes = parse(Source(path.name, text))
    assert not mistakes
    found = segments(path.name, text, ())
    items = [plain(item, start) for start, segment in found for item in segment.items]
    assert items == [plain(item) for item in whole.items]
    assert not any(segment.diagnostics for _, segment in found)


TEXT = """\
# About all of it.

from std import residual
let a = 3
let table = [
  (1, 2),
]
# About b.
# Of two lines.
block b(n) {
let c = n
default conv(pad=same)
  conv(c, 3)
}
net N {
  input x: 8x8x1
  train = b(a) -> relu
train -> relu
}
default conv(bias=false)
net M = N
"""


def test_where_segments_begin() -> None:
    lines = [TEXT.count("\n", 0, start) + 1 for start in cut(TEXT)]
    assert lines == [1, 3, 4, 5, 8, 15, 20, 21]


def test_an_item_that_is_not_closed_ends_where_the_next_one_begins() -> None:
    text = "block a {\n  conv(3, 3\nblock b { relu }\nnet N {\n  input x: 4\n"
    found = [segment for _, segment in segments("spec.net", text, ())]
    assert [segment.items[0].name.name for segment in found] == ["a", "b", "N"]  # type: ignore[union-attr]
    assert [bool(segment.diagnostics) for segment in found] == [True, False, True]


def test_what_was_not_edited_is_the_same_segment() -> None:
    before = segments("spec.net", TEXT, ())
    after = segments("spec.net", TEXT.replace("conv(c, 3)", "conv(c, 5)"), [s for _, s in before])
    same = [new is old for (_, new), (_, old) in zip(after, before, strict=True)]
    assert same == [True] * 4 + [False] + [True] * 3


def test_equal_items_are_two_segments() -> None:
    text = "block a { relu }\nblock a { relu }\n"
    first = segments("spec.net", text, ())
    again = segments("spec.net", f"\n{text}", [segment for _, segment in first])
    kept = [segment for _, segment in again if segment.items]
    assert kept == [segment for _, segment in first]
    assert kept[0].source is not kept[1].source


def test_what_closes_an_item_is_not_in_its_text() -> None:
    segment = Segment("spec.net", "net N {\n  input x: 4\n  dense(3")
    assert segment.text == "net N {\n  input x: 4\n  dense(3"
    assert segment.source.text.endswith("\n)}")
    assert [found.code for found in segment.diagnostics] == ["unclosed"]
