"""`netdsl fmt`: specs in one style."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from netdsl.diagnostics import SpecError, UserError
from netdsl.elaborate.scope import read_text, reason
from netdsl.format.format import format_text

_STANDARD_INPUT = "-"


@click.command("fmt")
@click.argument("paths", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; say which files would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Write specs in one style: spaces, indentation, empty lines, long lines, columns.

    PATHS are files, folders whose .net files are meant, or - for standard input, which comes out
    on standard output. Comments stay where they are, and so do most ends of lines. A file that does
    not parse is left alone. With --check or --diff the exit status is 1 where a file would change.
    """
    statuses = [_format(path, check, diff) for given in paths for path in _files(given)]
    return max(statuses, default=0)


def _files(given: str) -> Iterator[str]:
    """A file itself, or the specs in a folder."""
    if given == _STANDARD_INPUT or not os.path.isdir(given):
        yield given
        return
    yield from sorted(map(str, Path(given).rglob("*.net")))


def _format(path: str, check: bool, diff: bool) -> int:
    """Formats one file, and returns what it means for the exit status."""
    text = _read(path)
    name = "standard input" if path == _STANDARD_INPUT else path
    try:
        formatted = format_text(text, name)
    except SpecError as error:
        from netdsl.diagnostics.render import terminal

        terminal(error.diagnostics)
        return 1
    if diff:
        _show_difference(name, text, formatted)
    if check or diff:
        if check and formatted != text:
            click.echo(f"{name} would change", err=True)
        return int(formatted != text)
    if path == _STANDARD_INPUT:
        sys.stdout.buffer.write(formatted.encode())
    elif formatted != text:
        _write(path, formatted)
        click.echo(f"formatted {path}")
    return 0


def _read(path: str) -> str:
    try:
        if path == _STANDARD_INPUT:
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return read_text(path)
    except (OSError, ValueError) as error:
        name = "standard input" if path == _STANDARD_INPUT else path
        raise UserError(f"{name}: {reason(error)}") from None


def _show_difference(name: str, before: str, after: str) -> None:
    from difflib import unified_diff

    old, new = (text.splitlines(keepends=True) for text in (before, after))
    for line in unified_diff(old, new, fromfile=name, tofile=f"{name} (formatted)"):
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[0])
        # A text may end without the end of a line.
        click.secho(line.rstrip("\r\n"), fg=colour)


def _write(path: str, text: str) -> None:
    """Writes a file whole, with the rights that it had; what a link leads to stays where it is."""
    from netdsl.training.files import whole

    target = Path(os.path.realpath(path))
    with whole(target) as draft:
        draft.write_text(text, encoding="utf-8", newline="")
        shutil.copymode(target, draft)
