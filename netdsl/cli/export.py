"""`netdsl export`: a net as the source of a model of some framework, or as an ONNX model."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from netdsl.api import Net
from netdsl.cli.nets import load_net, net_options
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.training.files import whole, write_text

# The target whose product is a file with weights.
ONNX = "onnx"
# The others' is source code: the name of a target, to the package that has its `emit`.
SOURCES = {"torch": "netdsl.backends.torch", "keras": "netdsl.backends.keras"}


@click.command("export")
@click.argument("spec")
@click.option("--to", "target", required=True, metavar="TARGET", help="torch, keras or onnx.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.option(
    "--weights",
    type=click.Path(dir_okay=False, path_type=Path),
    help="For onnx: a run's weights or those of `weights convert`, instead of fresh ones.",
)
@net_options
def command(spec: str, target: str, out: Path | None, weights: Path | None, **options: Any) -> None:
    """Write the model that SPEC describes: source code, or for onnx a file with its weights.

    Source code goes to standard output where no file is named.
    """
    emit = None if target == ONNX else emitter(target)
    if emit is not None and weights is not None:
        raise UserError(
            "source code has no weights; in Python, "
            f"`netdsl.load(spec).{target}(weights=file)` gives them to the model"
        )
    if emit is None and out is None:
        raise UserError("an ONNX model goes into a file: name it with -o FILE")
    net = load_net(spec, **options)
    if emit is None:
        assert out is not None
        _write_onnx(net, weights, out)
    elif out is None:
        click.echo(emit(net.elaborated), nl=False)
    else:
        write_text(out, emit(net.elaborated))


def _write_onnx(net: Net, weights: Path | None, out: Path) -> None:
    """Writes the model, and where its own file cannot hold the weights a second one beside it."""
    model = net.onnx(weights)
    from netdsl.backends.onnx.files import data_file, move_weights, needs_data_file

    if needs_data_file(model):
        with whole(data_file(out)) as draft:
            move_weights(model, draft, data_file(out).name)
    with whole(out) as draft:
        draft.write_bytes(model.SerializeToString())


def emitter(target: str) -> Callable[[ElaboratedNet], str]:
    """The function that writes a net's source for a target; `UserError` for an unknown one."""
    if target not in SOURCES:
        raise UserError(f"there is no target {target}; there is {', '.join([*SOURCES, ONNX])}")
    emit: Callable[[ElaboratedNet], str] = import_module(SOURCES[target]).emit
    return emit
