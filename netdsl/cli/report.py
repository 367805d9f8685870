"""`netdsl report`: a run as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page; else report.html in the run folder.",
)
@click.option("--backend", metavar="NAME", help="Another than the one that trained, or onnx.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps or auto.")
def command(run: Path, out: Path | None, backend: str | None, device: str) -> None:
    """Write everything about RUN into one page that needs no network.

    Its worst mistakes need the data that it was trained on; without it they are left out.
    """
    from netdsl.extras import need

    for module in ("numpy", "safetensors", "matplotlib", "jinja2", "PIL"):
        need(module)
    from netdsl.cli.specs import open_spec
    from netdsl.report.report import report

    page = out or run / "report.html"
    why = report(run, page, open_spec, device, backend)
    click.echo(f"{page} is written")
    if why:
        click.echo(f"without its worst mistakes: {why}", err=True)
