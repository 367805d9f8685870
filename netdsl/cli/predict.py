"""`netdsl predict`: what a trained net says of new data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--backend", metavar="NAME", help="Another than the one that trained, or onnx.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps or auto.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(
    run: Path, files: tuple[Path, ...], backend: str | None, device: str, as_json: bool
) -> None:
    """Predict with the weights of RUN: pictures, tables with the same columns, or .npz files."""
    import json

    from netdsl.extras import need

    for module in ("numpy", "safetensors"):
        need(module)
    from netdsl.cli.specs import open_spec
    from netdsl.training import session

    told = session.predict(run, files, device, open_spec, backend)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for answer in told:
        click.echo(f"{answer['input']}: {_shown(answer)}")


def _shown(answer: dict[str, Any]) -> str:
    if "class" not in answer:
        return str(answer["value"])
    if "probability" not in answer:
        return str(answer["class"])
    return f"{answer['class']} ({100 * answer['probability']:.1f} %)"
