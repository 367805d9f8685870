"""`netdsl weights convert`: another library's checkpoint under the names of a net."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netdsl import api
from netdsl.cli.overrides import limits_of, numbers_of, overrides_of
from netdsl.diagnostics import UserError


@click.group("weights")
def command() -> None:
    """Bring weights from other libraries."""


@command.command("convert")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "source", required=True, help="torchvision, timm or keras.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="A .safetensors.")
@click.option("--net", "spec", required=True, metavar="SPEC", help="The net that they belong to.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter of the net.")
@click.option(
    "--size", "sizes", multiple=True, metavar="NAME=N", help="A size that the net leaves open."
)
@click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="A larger bound.")
@click.option("--root", type=click.Path(file_okay=False), help="A wider folder for imports.")
@click.option("--json", "json_", is_flag=True, help="Tell what was written as JSON.")
def convert(
    file: Path,
    source: str,
    out: Path,
    spec: str,
    sets: tuple[str, ...],
    sizes: tuple[str, ...],
    limits: tuple[str, ...],
    root: str | None,
    json_: bool,
) -> None:
    """Write the weights in FILE under the names of a net, as safetensors.

    FILE is a state dict (.safetensors, .pt, .pth, .bin) or weights of Keras (.keras, .h5). Every
    tensor must fit; the first that does not is told, and nothing is written.
    """
    from netdsl.extras import need

    for module in ("numpy", "safetensors"):
        need(module)
    from netdsl.training.files import whole
    from netdsl.weights.files import pack
    from netdsl.weights.maps import check_source

    check_source(source)
    if out.exists() and file.exists() and out.samefile(file):
        raise UserError(f"{out} is the checkpoint itself, which is not written over; give another")
    net = api.load(
        spec,
        set=overrides_of(sets),
        sizes=numbers_of(sizes, "--size"),
        root=root,
        limits=limits_of(limits),
    )
    found = net.converted(source, file)
    with whole(out) as draft:
        draft.write_bytes(pack(found, {"net": net.name, "spec": spec, "source": source}))
    numbers = sum(values.size for values in found.values())
    if json_:
        told = {"net": net.name, "source": source, "file": str(out)}
        click.echo(json.dumps(told | {"tensors": len(found), "numbers": numbers}))
    else:
        click.echo(f"{out}: {len(found)} tensors, {numbers:,} numbers of {net.name}")
