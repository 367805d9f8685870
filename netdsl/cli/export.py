"""`netdsl export`: a net as the source of a model of some framework."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click

from netdsl import api
from netdsl.cli.overrides import overrides_of
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet

# The name of a target, to the package that has its `emit`.
TARGETS = {"torch": "netdsl.backends.torch"}


@click.command("export")
@click.argument("spec")
@click.option("--to", "target", required=True, metavar="TARGET", help="The framework: torch.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter of the net.")
def command(spec: str, target: str, out: Path | None, sets: tuple[str, ...]) -> None:
    """Write the model that SPEC describes as source code, to a file or to standard output."""
    source = emitter(target)(api.load(spec, set=overrides_of(sets)).elaborated)
    if out is None:
        click.echo(source, nl=False)
    else:
        write_whole(out, source)


def emitter(target: str) -> Callable[[ElaboratedNet], str]:
    """The function that writes a net for a target; `UserError` for an unknown one."""
    if target not in TARGETS:
        raise UserError(f"there is no target {target}; there is {', '.join(TARGETS)}")
    emit: Callable[[ElaboratedNet], str] = import_module(TARGETS[target]).emit
    return emit


def write_whole(path: Path, text: str) -> None:
    """Writes a file whole or not at all: what was there stays until the new text is complete."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        # What the user's own files would allow, not what drafts of tempfile do.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(draft, 0o666 & ~mask)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
