"""A net as a notebook shows it: the table of `netdsl check`, warnings, and the drawing."""

from __future__ import annotations

import html as entities
from base64 import b64encode

from netdsl.analyze.analysis import Analysis
from netdsl.analyze.summary import cells, figures
from netdsl.diagnostics import Diagnostic
from netdsl.draw.draw import Look, draw
from netdsl.draw.table_formats import write_html
from netdsl.draw.table_parts import Row, Table, cell
from netdsl.graph import ElaboratedNet


def html(analysis: Analysis, diagnostics: tuple[Diagnostic, ...] = ()) -> str:
    """A piece of HTML in the colours of the page around it, light or dark."""
    parts = [write_html(_table(analysis)), *map(_told, diagnostics), _drawing(analysis.net)]
    return f"<div>{''.join(parts)}</div>"


def _table(analysis: Analysis) -> Table:
    """The net's own layers and blocks, and below them what the whole comes to."""
    head, *body = cells(analysis, depth=1)
    return Table(
        caption=analysis.net.name,
        sides=("left", "left", "left", "right", "right"),
        head=(_row(head),),
        body=(tuple(map(_row, body)),),
        foot=(),
        notes=tuple(f"{label}: {value}" for label, value in figures(analysis)),
    )


def _row(texts: tuple[str, ...]) -> Row:
    name, *others = texts
    return (cell(name, heading=True), *map(cell, others))


def _told(diagnostic: Diagnostic) -> str:
    from netdsl.diagnostics.render import plain

    return f"<pre>{entities.escape(plain(diagnostic))}</pre>"


def _drawing(net: ElaboratedNet) -> str:
    """The drawing as an image: names and styles of several do not meet in one page."""
    picture = draw([net], "graph", "svg", Look(theme="auto"))
    source = f"data:image/svg+xml;base64,{b64encode(picture).decode()}"
    return f'<img alt="{net.name}" style="max-width: 100%" src="{source}"/>'
