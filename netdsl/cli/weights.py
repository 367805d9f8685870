"""`netdsl weights convert`: another library's checkpoint under the names of a net."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from netdsl.cli.nets import load_net, net_options
from netdsl.diagnostics import UserError


@click.group("weights")
def command() -> None:
    """Bring weights from other libraries."""


@command.command("convert")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "source", required=True, help="torchvision, timm or keras.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="A .safetensors.")
@click.option("--net", "spec", required=True, metavar="SPEC", help="The net that they belong to.")
@net_options
@click.option("--json", "json_", is_flag=True, help="Tell what was written as JSON.")
def convert(
    file: Path,
    source: str,
    out: Path,
    spec: str,
    json_: bool,
    **options: Any,
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
    net = load_net(spec, **options)
    found = net.converted(source, file)
    with whole(out) as draft:
        draft.write_bytes(pack(found, {"net": net.name, "spec": spec, "source": source}))
    numbers = sum(values.size for values in found.values())
    if json_:
        told = {"net": net.name, "source": source, "file": str(out)}
        click.echo(json.dumps(told | {"tensors": len(found), "numbers": numbers}))
    else:
        click.echo(f"{out}: {len(found)} tensors, {numbers:,} numbers of {net.name}")
