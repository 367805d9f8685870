"""The table of `netdsl check` for people, by rich: plain where it is not a terminal.

As wide as the terminal, or as COLUMNS says. What is too long is cut in the middle, so that no row
is broken in two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from netdsl.analyze.analysis import Analysis, Judged
from netdsl.analyze.expectations import Promise, promised, shown
from netdsl.analyze.summary import TIMES, cells, figures

# What stands for a character where the output cannot show it.
_PLAIN = str.maketrans({TIMES: "x", "…": "~", "✓": "+", "✗": "-", "─": "-"})
_GAP = 2
_LEAST = 10
_LABEL = 17


class _Page:
    """Collects lines for standard output, in characters that it has, and writes them at once.

    Without a terminal there is nothing to style, and ten thousand lines are only joined.
    """

    def __init__(self) -> None:
        self.console = Console(highlight=False, emoji=False, markup=False)
        self._plain = not self.console.encoding.lower().startswith("utf")
        self._styled = self.console.is_terminal
        self._lines: list[Text | str] = []

    def line(self, *pieces: tuple[str, str]) -> None:
        """A line of texts with their styles; it is never wrapped."""
        if self._plain:
            pieces = tuple((text.translate(_PLAIN), style) for text, style in pieces)
        if not self._styled:
            self._lines.append("".join([text for text, _ in pieces]).rstrip())
            return
        text = Text.assemble(*pieces)
        text.rstrip()
        self._lines.append(text)

    def write(self) -> None:
        """Write what was collected."""
        if not self._styled:
            self.console.file.write("".join([f"{line}\n" for line in self._lines]))
            return
        page = Text("\n").join([Text.assemble(line) for line in self._lines])
        self.console.print(page, no_wrap=True, overflow="ignore", crop=False)


def show(analysis: Analysis, others: Sequence[Judged], depth: int | None) -> None:
    """Print the table, the figures below it and a line for each of the file's other nets."""
    page = _Page()
    page.line((analysis.net.name, "bold"))
    page.line()
    _table(page, list(cells(analysis, depth)))
    page.line()
    for label, value in figures(analysis):
        for part in wrap(value, max(page.console.width - _LABEL, _LABEL)):
            page.line((f"{label:<{_LABEL}}", "dim"), (part, ""))
            label = ""
    for promise in analysis.promises.kept_or_missed:
        page.line(*_promise(promise))
    if others:
        page.line()
        _others(page, others)
    page.write()


def _table(page: _Page, texts: list[tuple[str, ...]]) -> None:
    widths = _widths(texts, page.console.width)
    for at, row in enumerate(texts):
        page.line(*_line(row, widths, "bold" if at == 0 else ""))
        if at == 0:
            page.line(("─" * (sum(widths) + _GAP * (len(widths) - 1)), "dim"))


def _widths(texts: list[tuple[str, ...]], room: int) -> list[int]:
    """The widths of columns: where the room is too small, the widest give way, numbers never."""
    widths = [max(len(row[column]) for row in texts) for column in range(5)]
    numbers = [row[4] for row in texts[1:] if row[4].replace(",", "").isdecimal()]
    least = [_LEAST, _LEAST, _LEAST, widths[3], max(map(len, [*numbers, texts[0][4]]))]
    for _ in range(sum(widths) + _GAP * 4 - room):
        widest = max(range(5), key=lambda column: (widths[column] > least[column], widths[column]))
        if widths[widest] == least[widest]:
            break
        widths[widest] -= 1
    return widths


def _line(row: tuple[str, ...], widths: list[int], style: str) -> Iterator[tuple[str, str]]:
    name, layer, output, weights, macs = (
        _cut(text, width) for text, width in zip(row, widths, strict=True)
    )
    gap = " " * _GAP
    yield f"{name:<{widths[0]}}{gap}", style
    yield f"{layer:<{widths[1]}}{gap}", style or "cyan"
    yield f"{output:<{widths[2]}}{gap}", style
    yield f"{weights:>{widths[3]}}{gap}{macs:>{widths[4]}}", style


def _cut(text: str, width: int) -> str:
    """The text, its middle left out where it is wider."""
    if len(text) <= width:
        return text
    kept = width - 1
    return f"{text[: kept - kept // 3]}…{text[len(text) - kept // 3 :]}"


def _promise(promise: Promise) -> Iterator[tuple[str, str]]:
    name, expected = promise.expectation.name, promised(promise.expectation)
    if promise.met:
        yield f"✓ {name:<15}", "green"
        yield expected, ""
    else:
        yield f"✗ {name:<15}", "red"
        yield f"expected {expected}, found {shown(promise.found)}", ""


def _others(page: _Page, others: Iterable[Judged]) -> None:
    """A line for each further net of the file."""
    found = list(others)
    wide = max(len(other.net.name) for other in found)
    wide_total = max(len(f"{other.cost.total:,}") for other in found)
    for other in found:
        promises = other.promises.kept_or_missed
        missed = [promise for promise in promises if not promise.met]
        sign, style = ("✗", "red") if missed else ("✓" if promises else " ", "green")
        told = f"  {', '.join(promise.expectation.name for promise in missed)}" if missed else ""
        total = f"{other.cost.total:,}"
        page.line(
            (f"{sign} ", style), (f"{other.net.name:<{wide}}  {total:>{wide_total}}{told}", "")
        )
