"""`netdsl export`: a net as the source of a model of some framework."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from netdsl.cli.nets import load_net, net_options
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.training.files import write_text

# The name of a target, to the package that has its `emit`.
TARGETS = {"torch": "netdsl.backends.torch"}


@click.command("export")
@click.argument("spec")
@click.option("--to", "target", required=True, metavar="TARGET", help="The framework: torch.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@net_options
def command(spec: str, target: str, out: Path | None, **options: Any) -> None:
    """Write the model that SPEC describes as source code, to a file or to standard output."""
    net = load_net(spec, **options)
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
