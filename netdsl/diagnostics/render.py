"""The forms of a diagnostic for people and programs: plain text, a terminal's colours, JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO

from netdsl.diagnostics.layout import Style, layout
from netdsl.diagnostics.model import Diagnostic, Help, Label
from netdsl.source import Span

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 100

_COLOURS: dict[Style, str] = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "message": "bold",
    "gutter": "blue",
    "source": "",
    "secondary": "blue",
    "help": "bold green",
    "added": "green",
    "removed": "red",
}


def plain(diagnostic: Diagnostic, width: int = _WIDTH) -> str:
    """The diagnostic as text without colours, excerpts at most `width` cells wide."""
    return "\n".join(map(str, layout(diagnostic, width)))


def terminal(diagnostics: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Print diagnostics, to standard error unless told otherwise, a blank line between two.

    In colours and as wide as the terminal where the stream is one, else plain.
    """
    stream = stream or sys.stderr
    texts = list(diagnostics)
    if not stream.isatty():
        print("\n\n".join(map(plain, texts)), file=stream)
        return
    from rich.console import Console  # slow to load: only where it is seen
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    _print(console, texts)
    if texts:
        codes = " ".join(dict.fromkeys(diagnostic.code for diagnostic in texts))
        console.print(Text(f"\nMore: netdsl explain {codes}", style="dim"))


def coloured(diagnostics: Iterable[Diagnostic], width: int = _WIDTH) -> str:
    """The diagnostics as text in a terminal's colours; without where NO_COLOR says so."""
    from rich.console import Console

    text = StringIO()
    console = Console(
        file=text,
        force_terminal=True,
        force_jupyter=False,
        color_system="standard",
        width=width,
        highlight=False,
    )
    _print(console, list(diagnostics))
    return text.getvalue()


def _print(console: Console, diagnostics: list[Diagnostic]) -> None:
    from rich.text import Text

    for index, diagnostic in enumerate(diagnostics):
        if index:
            console.print()
        for line in layout(diagnostic, console.width):
            text = Text.assemble(*((piece, _COLOURS[style]) for style, piece in line.pieces))
            console.print(text, no_wrap=not line.prose, overflow="fold" if line.prose else "crop")


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """The diagnostic as an object for programs.

    Lines and columns count characters from 1; `end` is the place right after the last one.
    `label` says what is to be seen at the place; a help's `edit` replaces the text from its line
    and column up to its `end`.
    """
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_label(diagnostic.label),
        "instances": diagnostic.instances,
        "help": [_help(help) for help in diagnostic.help],
        "secondary": [_label(label) for label in diagnostic.secondary],
    }


def _place(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end": {"line": end_line, "column": end_column},
    }


def _label(label: Label) -> dict[str, Any]:
    return {**_place(label.span), "label": label.text}


def _help(help: Help) -> dict[str, Any]:
    edit = None
    if help.span is not None and help.replacement is not None:
        edit = {**_place(help.span), "replacement": help.replacement}
    return {"text": help.text, "edit": edit}
