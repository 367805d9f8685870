"""`netdsl eval`: what a trained net does on its test share."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("eval")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--backend", metavar="NAME", help="Another than the one that trained, or onnx.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps or auto.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="How many processes read examples; else one for each core, at most 8.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    run: Path, backend: str | None, device: str, workers: int | None, as_json: bool
) -> None:
    """Evaluate the weights of RUN on its test share."""
    import json

    from netdsl.extras import need

    for module in ("numpy", "safetensors"):
        need(module)
    from netdsl.cli.specs import open_spec
    from netdsl.data.loader import usual_workers
    from netdsl.training.judging import judge

    processes = usual_workers() if workers is None else workers
    result = judge(run, device, open_spec, backend, processes)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    from rich.console import Console

    from netdsl.training.progress import show_result

    show_result(Console(), result)
