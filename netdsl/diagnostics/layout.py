"""A diagnostic laid out in lines of styled pieces, the same for a terminal and for plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from netdsl.diagnostics.excerpt import fits, underline, view, visible
from netdsl.diagnostics.model import Diagnostic, Help, Label
from netdsl.source import Source, Span

Style = Literal[
    "error",
    "warning",
    "note",
    "message",
    "gutter",
    "source",
    "secondary",
    "help",
    "added",
    "removed",
]

# Longer edits are cut: the help shows what to do, it does not rewrite the file.
_LONGEST_EDIT = 8


class Line(NamedTuple):
    """Pieces of text with their styles; `prose` may be broken between words, an excerpt not."""

    pieces: tuple[tuple[Style, str], ...]
    prose: bool = False

    def __str__(self) -> str:
        return "".join(text for _, text in self.pieces).rstrip()


Lines: TypeAlias = "Iterator[Line]"


class _Mark(NamedTuple):
    """A label on its line: columns from 0, the end not beyond the end of the line."""

    line: int
    first: int
    last: int
    style: Style
    sign: str
    text: str


class _Page(NamedTuple):
    """How wide the numbers of lines are, and how many cells stand beside them."""

    numbers: int
    room: int

    def row(self, number: int | None, sign: str, *pieces: tuple[Style, str]) -> Line:
        shown = "" if number is None else str(number)
        return Line((("gutter", f"{shown:>{self.numbers}} {sign} "), *pieces))

    def place(self, arrow: str, span: Span) -> Line:
        """The line that names file, line and column of a place."""
        line, column = span.source.position(span.start)
        text = f"{visible(span.source.name)}:{line}:{column}"
        return Line((("gutter", f"{'':{self.numbers}}{arrow} "), ("source", text)))


def layout(diagnostic: Diagnostic, width: int) -> Lines:
    """The lines of a diagnostic on a page of that many cells.

    Its message, the excerpts of each file with the places underlined, then the help.
    """
    page = _page(diagnostic, width)
    yield _headline(diagnostic)
    for index, (source, labels) in enumerate(_by_source(diagnostic)):
        span = labels[0].span
        yield page.place("-->" if index == 0 else ":::", span)
        yield page.row(None, "|")
        marks = [_mark(label, diagnostic) for label in labels]
        yield from _excerpt(source, marks, page)
    for help in diagnostic.help:
        yield from _help(help, diagnostic, page)


def _headline(diagnostic: Diagnostic) -> Line:
    code, message = diagnostic.code, visible(diagnostic.message)
    if diagnostic.instances > 1:
        message += f" (in {diagnostic.instances} instances)"
    severity = diagnostic.severity
    return Line(((severity, f"{severity}[{code}]"), ("message", f": {message}")), prose=True)


def _page(diagnostic: Diagnostic, width: int) -> _Page:
    spans = [label.span for label in (diagnostic.label, *diagnostic.secondary)]
    ends = [span.line for span in spans]
    for help in diagnostic.help:
        if help.span is not None and help.replacement is not None:
            ends.append(_last_line(help.span) + help.replacement.count("\n"))
    numbers = len(str(max(ends)))
    return _Page(numbers, max(width - numbers - 3, 20))


def _by_source(diagnostic: Diagnostic) -> list[tuple[Source, list[Label]]]:
    """The labels of each file, the primary label's file first."""
    found: dict[int, tuple[Source, list[Label]]] = {}
    for label in (diagnostic.label, *diagnostic.secondary):
        source = label.span.source
        found.setdefault(id(source), (source, []))[1].append(label)
    return list(found.values())


def _mark(label: Label, diagnostic: Diagnostic) -> _Mark:
    """Where a label's underline goes: a place of several lines is underlined on its first."""
    span = label.span
    line, column = span.source.position(span.start)
    text = span.source.line(line)
    first = min(column - 1, len(text))
    last = first + max(span.end - span.start, 0)
    if last > len(text):
        last = max(len(text.rstrip()), first)
    if label is diagnostic.label:
        return _Mark(line, first, last, diagnostic.severity, "^", label.text)
    return _Mark(line, first, last, "secondary", "-", label.text)


def _excerpt(source: Source, marks: list[_Mark], page: _Page) -> Lines:
    """The marked lines in order; dots stand for lines left out between them."""
    rows = list(_rows(source, marks, page))
    for (number, group), following in pairwise([*rows, (0, [])]):
        text = source.line(number)
        shown = view(text, group[0].first, group[0].last, page.room).text
        yield page.row(number, "|", ("source", shown))
        for mark in group:
            place = view(text, mark.first, mark.last, page.room)
            for part in underline(place, mark.sign, mark.text, page.room):
                yield page.row(None, "|", (mark.style, part))
        if following[0] > number + 1:
            yield Line((("gutter", "..."),))


def _rows(source: Source, marks: Iterable[_Mark], page: _Page) -> Iterator[tuple[int, list[_Mark]]]:
    """The marks of each line; on a line too long to show whole, each mark for itself."""
    by_line: dict[int, list[_Mark]] = {}
    for mark in marks:
        by_line.setdefault(mark.line, []).append(mark)
    for number in sorted(by_line):
        group = by_line[number]
        if fits(source.line(number), page.room):
            yield number, group
        else:
            yield from ((number, [mark]) for mark in group)


def _help(help: Help, diagnostic: Diagnostic, page: _Page) -> Lines:
    """The sentence, and the lines before and after the edit where there is one."""
    first, *more = _visible_lines(help.text)
    yield Line((("help", "help"), ("message", f": {first}")), prose=True)
    for text in more:
        yield Line((("message", f"      {text}"),), prose=True)
    if help.span is None or help.replacement is None or _says_it_all(help, diagnostic):
        return
    if help.span.source is not diagnostic.label.span.source:
        yield page.place("-->", help.span)
    yield page.row(None, "|")
    yield from _edit(help.span, help.replacement, page)


def _says_it_all(help: Help, diagnostic: Diagnostic) -> bool:
    """Whether the sentence names the word that takes the place of the one underlined."""
    word = help.replacement or ""
    return (
        help.span == diagnostic.label.span
        and word.replace("-", "_").isidentifier()
        and word in help.text
    )


def _visible_lines(text: str) -> list[str]:
    """The lines of a text, each made visible; at least one."""
    return [visible(line) for line in text.split("\n")]


def _edit(span: Span, replacement: str, page: _Page) -> Lines:
    """The lines that an edit changes, first as they are, then as they would be."""
    source = span.source
    line, column = source.position(span.start)
    last = _last_line(span)
    old = [source.line(number) for number in range(line, last + 1)]
    tail = old[-1][source.position(span.end)[1] - 1 :]
    new = (old[0][: column - 1] + replacement + tail).split("\n")
    # Lines that stay as they are, where whole lines are put in or taken out, are not shown.
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    while old and new and old[0] == new[0]:
        old.pop(0)
        new.pop(0)
        line, column = line + 1, 1
    yield from _changed(line, old, column, "-", "removed", page)
    yield from _changed(line, new, column, "+", "added", page)


def _changed(
    line: int, texts: list[str], column: int, sign: str, style: Style, page: _Page
) -> Lines:
    for index, text in enumerate(texts[:_LONGEST_EDIT]):
        at = column - 1 if index == 0 else 0
        yield page.row(line + index, sign, (style, view(text, at, at, page.room).text))
    if len(texts) > _LONGEST_EDIT:
        yield Line((("gutter", "..."),))


def _last_line(span: Span) -> int:
    """The line where a span ends; that of its start if it is empty."""
    return span.source.position(max(span.end, span.start))[0]
