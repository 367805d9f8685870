"""`netdsl draw`: the picture of a net, as a graph, as volumes or as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netdsl.api import Net, locate
from netdsl.cli.nets import load_net, net_options
from netdsl.cli.overrides import depth_of
from netdsl.diagnostics import UserError
from netdsl.training.files import whole

# What is drawn where nobody says: endings that are tables alone.
_TABLES = frozenset({"md"})


def _depth(ctx: click.Context, param: click.Parameter, value: str | None) -> int | str:
    """How many levels of blocks are shown: a whole number, `all`, or what `fits`."""
    if value in (None, "all"):
        return value or "fits"
    return depth_of(ctx, param, value) or "all"


@click.command("draw")
@click.argument("spec")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file; its ending is the format: svg, png, pdf, tex, dot, mmd, html or md.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(["graph", "volumes", "table"]),
    help="Boxes and edges, feature maps to scale, or rows; a graph, for .md a table.",
)
@click.option(
    "--depth",
    callback=_depth,
    metavar="N",
    help="Levels of blocks to show, or all; what a page can show.",
)
@click.option(
    "--open", "opened", multiple=True, metavar="NAME", help="A block or box to open; several times."
)
@click.option("--figures", is_flag=True, help="Weights and multiply-adds in the boxes.")
@click.option("--direction", type=click.Choice(["down", "right"]), default="down", help="Down.")
@click.option("--theme", type=click.Choice(["light", "dark", "auto"]), default="light")
@click.option(
    "--layout",
    type=click.Choice(["own", "dot"]),
    default="own",
    help="The built-in one, alike on every machine, or Graphviz' dot; own.",
)
@click.option("--legend/--no-legend", default=True, help="What the colours mean; there.")
@click.option(
    "--scale", type=click.FloatRange(0.1, 20), default=2.0, help="A PNG's pixels for each point; 2."
)
@net_options
def command(
    spec: str,
    out: Path,
    kind: str | None,
    depth: Any,
    opened: tuple[str, ...],
    figures: bool,
    direction: Any,
    theme: Any,
    layout: Any,
    legend: bool,
    scale: float,
    **options: Any,
) -> int:
    """Draw the net that SPEC describes into a file.

    For a table SPEC may name several nets of one file: vgg.net:VGG11,VGG13,VGG16.
    """
    from netdsl.draw.draw import Look, draw

    ending = out.suffix.removeprefix(".").lower()
    kind = kind or ("table" if ending in _TABLES else "graph")
    look = Look(depth, opened, figures, direction, layout, theme, legend, scale)
    nets = _nets(spec, options)
    picture = draw([net.elaborated for net in nets], kind, ending, look)
    with whole(out) as draft:
        draft.write_bytes(picture)
    return 0


def _nets(spec: str, options: dict[str, Any]) -> list[Net]:
    """The nets that are named: one, or several of a file with commas between."""
    first, *others = spec.split(",")
    nets = [load_net(first, **options)]
    if others and (":" not in first or any(options.values())):
        raise UserError("several nets are named as file.net:One,Two, without other options")
    path, _ = locate(first)
    nets += [load_net(f"{path}:{name.strip()}", **options) for name in others]
    return nets
