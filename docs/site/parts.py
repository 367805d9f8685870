"""An entry of the catalogue as parts of a page, and what pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import fill

from netdsl.catalog.arguments import Argument, Entry
from netdsl.catalog.describe import expected, explanation, parameters, signature, value_text

_WIDTH = 80  # of a signature, in letters


def entry_parts(entry: type[Entry], title: str) -> Iterator[str]:
    """How an entry is called, what it does and what its arguments mean, under a title."""
    yield title
    yield code("net", fill(signature(entry), _WIDTH, subsequent_indent="    "))
    yield explanation(entry)
    told = [(f"`{name}`", *_argument(each)) for name, each in parameters(entry)]
    if any(argument.keyword for _, argument in parameters(entry)):
        yield "What stands after the bar is given by name."
    if told:
        yield table(("argument", "takes", "default", "meaning"), told)


def _argument(argument: Argument) -> tuple[str, str, str]:
    default = "" if argument.required else f"`{value_text(argument.default, argument)}`"
    return expected(argument), default, argument.doc


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(head)
    lines = [
        head,
        ["---"] * len(head),
        *([cell.replace("|", "\\|") for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


def code(language: str, text: str) -> str:
    """A fence."""
    return f"```{language}\n{text.rstrip()}\n```"


def tab(title: str, text: str) -> str:
    """One of several texts of which a page shows the one that is chosen."""
    return f'=== "{title}"\n\n' + "\n".join(f"    {line}".rstrip() for line in text.splitlines())
