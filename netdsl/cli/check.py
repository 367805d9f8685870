"""`netdsl check`: everything that can be known of a spec without running it."""

from __future__ import annotations

import click

from netdsl import api
from netdsl.checking import Check
from netdsl.cli.overrides import depth_of, limits_of, numbers_of, overrides_of
from netdsl.diagnostics import Diagnostic, SpecError


@click.command("check")
@click.argument("spec")
@click.option("--json", "json_", is_flag=True, help="One object for programs instead of the table.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json", "github", "sarif"]),
    help="How mistakes are told: without colours, or for programs.",
)
@click.option(
    "--depth", default="1", callback=depth_of, metavar="N", help="Levels of blocks to open, or all."
)
@click.option("--batch", type=click.IntRange(min=1), default=1, help="For the memory; 1.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter or setting.")
@click.option(
    "--size", "sizes", multiple=True, metavar="NAME=N", help="A size that the net leaves open."
)
@click.option("--train", "section", metavar="NAME", help="Whose optimizer counts in the memory.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="A larger bound.")
@click.option("--root", type=click.Path(file_okay=False), help="A wider folder for imports.")
def command(
    spec: str,
    json_: bool,
    form: str | None,
    depth: int | None,
    batch: int,
    sets: tuple[str, ...],
    sizes: tuple[str, ...],
    section: str | None,
    limits: tuple[str, ...],
    root: str | None,
) -> int:
    """Check SPEC: shapes, weights, multiply-adds, memory, and every mistake with its place.

    Every net of the file that needs no arguments is checked, one is shown: the one asked for by
    file.net:Name, else the only one, the one named like the file, or the first.
    """
    form = "json" if json_ else form
    overrides, numbers, bounds = overrides_of(sets), numbers_of(sizes, "--size"), limits_of(limits)
    try:
        with api.uncollected():
            check = Check(spec, overrides, numbers, bounds, root)
            analysis = check.run(section, batch)
    except SpecError as error:
        if form == "json":
            from netdsl.analyze.as_json import failure

            _print_json(failure(error.diagnostics))
        else:
            _tell(error.diagnostics, form)
        return 1
    told = check.diagnostics
    if form == "json":
        from netdsl.analyze.as_json import report

        _print_json(report(analysis, told))
    else:
        if form in (None, "plain"):
            from netdsl.cli.check_text import show

            show(analysis, check.others, depth)
        _tell(told, form)
    return int(any(diagnostic.severity == "error" for diagnostic in told))


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False))


def _tell(diagnostics: tuple[Diagnostic, ...], form: str | None) -> None:
    """Tells of diagnostics: to people on standard error, to programs on standard output."""
    if form == "sarif":
        from netdsl.diagnostics.sarif import sarif

        _print_json(sarif(diagnostics, _version()))
    elif form == "github":
        from netdsl.diagnostics.github import github

        for diagnostic in diagnostics:
            click.echo(github(diagnostic))
    elif diagnostics and form == "plain":
        from netdsl.diagnostics.render import plain

        click.echo("\n\n".join(map(plain, diagnostics)), err=True)
    elif diagnostics:
        from netdsl.diagnostics.render import terminal

        terminal(diagnostics)


def _version() -> str:
    from importlib.metadata import version

    return version("netdsl")
