"""Options of commands that take one net, with its arguments, sizes and bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

import click

from netdsl import api
from netdsl.cli.overrides import limits_of, numbers_of, overrides_of

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter of the net."
    ),
    click.option(
        "--size", "sizes", multiple=True, metavar="NAME=N", help="A size that the net leaves open."
    ),
    click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="A larger bound."),
    click.option("--root", type=click.Path(file_okay=False), help="A wider folder for imports."),
)


def net_options(command: Command) -> Command:
    """Gives a command the options that `load_net` takes."""
    return reduce(lambda found, option: option(found), reversed(_OPTIONS), command)


def load_net(
    spec: str,
    sets: tuple[str, ...],
    sizes: tuple[str, ...],
    limits: tuple[str, ...],
    root: str | None,
) -> api.Net:
    """The net that a command is about; raises `SpecError` where the spec is wrong."""
    return api.load(
        spec,
        set=overrides_of(sets),
        sizes=numbers_of(sizes, "--size"),
        root=root,
        limits=limits_of(limits),
    )
