"""Writes a table as Markdown, LaTeX or HTML. From: a `Table`. To: text, escaped for the format."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from netdsl.draw import latex
from netdsl.draw.table_parts import Cell, Rows, Side, Slot, Table, Text, grid

__all__ = ["write_html", "write_latex", "write_markdown"]

_MARKDOWN_SIDES = {"left": ":--", "center": ":-:", "right": "--:"}

# What means something in GitHub's Markdown is written with a backslash, or by its entity where a
# backslash does not help: `$` begins a formula.
_MARKDOWN = str.maketrans(
    {letter: f"\\{letter}" for letter in "\\`*_[]|~"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}
)

# The letters of T1, for which a document needs no further font, end about here.
_LATIN = 0x17F

# Lines are of the colour of the text, so that they show on a light page and on a dark one.
_THICK = "border-top:2px solid"
_THIN = "border-top:1px solid color-mix(in srgb,currentColor 35%,transparent)"
_TABLE = "border-collapse:collapse;font:inherit;font-variant-numeric:tabular-nums"
_CAPTION = "padding:.4em 0;font-weight:bold"
_CELL = "padding:.2em .7em;vertical-align:top"
_NOTE = "padding:.2em .7em;opacity:.75"
# Longer lines may be broken.
_WIDE = 40
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ font: 14px system-ui, sans-serif; margin: 2em }}</style>
</head>
<body>
{table}</body>
</html>
"""


def write_markdown(table: Table) -> str:
    """A table of GitHub's Markdown, its notes below as a list.

    Such tables merge nothing: a cell that reaches over several places stands in each of them.
    """
    width = len(table.sides)
    columns = zip(*grid(table.head, width), strict=True)
    head = [
        "<br>".join(_markdown_lines(slot.cell) for slot in column if not slot.down)
        for column in columns
    ]
    lines = [_markdown(Text(table.caption, bold=True)), "", _markdown_row(head)]
    lines.append(_markdown_row(_MARKDOWN_SIDES[side] for side in table.sides))
    for rows in (*table.body, table.foot):
        for slots in grid(rows, width):
            lines.append(_markdown_row(_markdown_slots(slots)))
    lines += ["", *(f"- {_markdown(Text(note))}" for note in table.notes)] if table.notes else []
    return "\n".join(lines) + "\n"


def write_latex(table: Table) -> str:
    """A `tabular` of booktabs; comments before it say which packages it needs."""
    width, sides = len(table.sides), table.sides
    groups = [_latex_head(table)]
    groups += [
        [_latex_row(slots, sides) for slots in grid(rows, width)]
        for rows in (*table.body, table.foot)
    ]
    lines = [f"% {_one_line(table.caption)}", *_needs(table)]
    lines.append(rf"\begin{{tabular}}{{{''.join(side[0] for side in sides)}}}")
    for at, group in enumerate(groups):
        lines += [r"\midrule" if at else r"\toprule", *group]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [f"% {_one_line(note)}" for note in table.notes]
    return "\n".join(lines) + "\n"


def write_html(table: Table, page: bool = False) -> str:
    """One `<table>` in the colours of the page around it, light or dark.

    With `page` it is a document of its own, light or dark as the reader's system is. What is not
    in ASCII is written by number, so that no encoding of a page can spoil it.
    """
    sides = table.sides
    lines = [f'<table style="{_TABLE}">']
    lines.append(f'<caption style="{_CAPTION}">{_html(Text(table.caption))}</caption>')
    lines += _html_group("thead", _THICK, _html_rows(table.head, sides, in_head=True))
    for at, rows in enumerate(table.body):
        lines += _html_group("tbody", _THIN if at else _THICK, _html_rows(rows, sides))
    foot = [*_html_rows(table.foot, sides), *_html_notes(table.notes, len(sides))]
    lines += [*_html_group("tfoot", _THICK, foot), "</table>"]
    text = "\n".join(lines) + "\n"
    if page:
        text = _PAGE.format(title=_html(Text(table.caption)), table=text)
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _one_line(text: str) -> str:
    """A text without line ends and without what no format can carry, such as control codes."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_slots(slots: Sequence[Slot]) -> Iterator[str]:
    for slot in slots:
        # A heading of all columns stands in the first of them.
        if slot.cell.columns < len(slots) or not slot.across:
            yield _markdown_lines(slot.cell)
        else:
            yield ""


def _markdown_lines(cell: Cell) -> str:
    return "<br>".join(map(_markdown, cell.lines))


def _markdown(text: Text) -> str:
    escaped = _one_line(text.text).translate(_MARKDOWN)
    return f"**{escaped}**" if text.bold and escaped else escaped


def _needs(table: Table) -> Iterator[str]:
    """Comments that say what a document with this table needs."""
    slots = [
        slot
        for rows in (table.head, *table.body, table.foot)
        for line in grid(rows, len(table.sides))
        for slot in line
    ]
    yield r"% \usepackage{booktabs}"
    if any(slot.cell.rows > 1 for slot in slots):
        yield r"% \usepackage{multirow}"
    texts = {_one_line(text.text) for slot in slots for text in slot.cell.lines}
    letters = {letter for text in texts for letter in text}
    beyond = sorted(
        letter for letter in letters if ord(letter) > _LATIN and ord(letter) not in latex.ESCAPES
    )
    if beyond:
        yield rf"% \usepackage{{fontspec}} with LuaLaTeX or XeLaTeX, for {' '.join(beyond)}"
    else:
        yield r"% \usepackage[T1]{fontenc}"


def _latex_head(table: Table) -> list[str]:
    """The rows of the head; below a heading of several columns is a rule."""
    lines = []
    for slots in grid(table.head, len(table.sides)):
        lines.append(_latex_row(slots, table.sides))
        lines += [
            rf"\cmidrule(lr){{{at}-{at + slot.cell.columns - 1}}}"
            for at, slot in enumerate(slots, 1)
            if slot.cell.columns > 1 and not slot.across
        ]
    return lines


def _latex_row(slots: Sequence[Slot], sides: Sequence[Side]) -> str:
    return " & ".join(_latex_cells(slots, sides)) + r" \\"


def _latex_cells(slots: Sequence[Slot], sides: Sequence[Side]) -> Iterator[str]:
    """The cells of a row; below a cell that reaches down, its place is empty."""
    for slot, side in zip(slots, sides, strict=True):
        cell = slot.cell
        if slot.across:
            continue
        at = _side(cell, side, len(slots))[0]
        text = "" if slot.down else _latex_lines(cell, at)
        if cell.rows > 1 and not slot.down:
            text = rf"\multirow[t]{{{cell.rows}}}{{*}}{{{text}}}"
        yield rf"\multicolumn{{{cell.columns}}}{{{at}}}{{{text}}}" if cell.columns > 1 else text


def _latex_lines(cell: Cell, at: str) -> str:
    lines = [_latex(text) for text in cell.lines]
    if len(lines) < 2:
        return "".join(lines)
    inside = r" \\ ".join(lines)
    return rf"\begin{{tabular}}[t]{{@{{}}{at}@{{}}}}{inside}\end{{tabular}}"


def _latex(text: Text) -> str:
    escaped = latex.escaped(_one_line(text.text))
    return rf"\textbf{{{escaped}}}" if text.bold and escaped else escaped


def _side(cell: Cell, side: Side, width: int) -> Side:
    """Where the text of a cell stands: merged ones in the middle, a heading of all columns left."""
    if cell.columns == 1:
        return side
    return "left" if cell.heading and cell.columns == width else "center"


def _html_group(name: str, style: str, rows: Iterable[str]) -> list[str]:
    return [f'<{name} style="{style}">', *rows, f"</{name}>"]


def _html_rows(rows: Rows, sides: Sequence[Side], in_head: bool = False) -> Iterator[str]:
    for slots in grid(rows, len(sides)):
        cells = [
            _html_cell(slot.cell, _side(slot.cell, side, len(sides)), in_head)
            for slot, side in zip(slots, sides, strict=True)
            if not slot.across and not slot.down
        ]
        yield f"<tr>{''.join(cells)}</tr>"


def _html_cell(cell: Cell, side: Side, in_head: bool) -> str:
    merged = cell.columns > 1
    style = f"{_CELL};text-align:{side}"
    if all(len(text.text) <= _WIDE for text in cell.lines):
        style += ";white-space:nowrap"
    if cell.heading and not in_head and not merged:
        style += ";font-weight:normal"
    attributes = f' style="{style}"'
    if merged:
        attributes += f' colspan="{cell.columns}"'
    if cell.rows > 1:
        attributes += f' rowspan="{cell.rows}"'
    inside = "<br/>".join(map(_html, cell.lines))
    if not cell.heading:
        return f"<td{attributes}>{inside}</td>"
    if in_head:
        scope = "colgroup" if merged else "col"
    else:
        scope = "rowgroup" if merged or cell.rows > 1 else "row"
    return f'<th scope="{scope}"{attributes}>{inside}</th>'


def _html_notes(notes: Iterable[str], columns: int) -> Iterator[str]:
    """The last row, below the last rule."""
    text = "<br/>".join(_html(Text(note)) for note in notes)
    yield f'<tr style="{_THICK}"><td colspan="{columns}" style="{_NOTE}">{text}</td></tr>'


def _html(text: Text) -> str:
    escaped = html.escape(_one_line(text.text))
    return f"<strong>{escaped}</strong>" if text.bold and escaped else escaped
