"""`netdsl export`: a net as the source of a model of some framework."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click

from netdsl import api
from netdsl.cli.overrides import limits_of, numbers_of, overrides_of
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.training.files import write_text

# The name of a target, to the package that has its `emit`.
TARGETS = {"torch": "netdsl.backends.torch"}


@click.command("export")
@click.argument("spec")
@click.option("--to", "target", required=True, metavar="TARGET", help="The framework: torch.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter of the net.")
@click.option(
    "--size", "sizes", multiple=True, metavar="NAME=N", help="A size that the net leaves open."
)
@click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="A larger bound.")
@click.option("--root", type=click.Path(file_okay=False), help="A wider folder for imports.")
def command(
    spec: str,
    target: str,
    out: Path | None,
    sets: tuple[str, ...],
    sizes: tuple[str, ...],
    limits: tuple[str, ...],
    root: str | None,
) -> None:
    """Write the model that SPEC describes as source code, to a file or to standard output."""
    net = api.load(
        spec,
        set=overrides_of(sets),
        sizes=numbers_of(sizes, "--size"),
        root=root,
        limits=limits_of(limits),
    )
    source = emitter(target)(net.elaborated)
    if out is None:
        click.echo(source, nl=False)
    else:
        write_text(out, source)


def emitter(target: str) -> Callable[[ElaboratedNet], str]:
    """The function that writes a net for a target; `UserError` for an unknown one."""
    if target not in TARGETS:
        raise UserError(f"there is no target {target}; there is {', '.join(TARGETS)}")
    emit: Callable[[ElaboratedNet], str] = import_module(TARGETS[target]).emit
    return emit
