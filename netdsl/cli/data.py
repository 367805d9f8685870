"""`netdsl data`: what the source of a train section has, in figures and as a sheet of examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.overrides import overrides_of
from netdsl.cli.train import BACKENDS

if TYPE_CHECKING:
    from netdsl.data.fields import Array, DataSet
    from netdsl.data.sheet import Versions
    from netdsl.data.split import Split
    from netdsl.training.spec import Spec

_FORMATS = (".png", ".pdf", ".svg")
_NOTES = {"main": "main", "target": "target", "standardised": "to be standardised"}


@click.command("data")
@click.argument("spec")
@click.option("--train", "section", metavar="NAME", help="Which train section of the file.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter or setting.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A picture of examples: .png, .pdf or .svg.",
)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default=BACKENDS[0],
    help="What augments the pictures; torch.",
)
def command(
    spec: str,
    section: str | None,
    sets: tuple[str, ...],
    as_json: bool,
    output: Path | None,
    backend: str,
) -> None:
    """Show the data of SPEC: fields, ranges, shares, classes.

    With -o also some examples of each class; where the section augments, beside each its
    versions for training.
    """
    from netdsl.extras import need

    for module in ("numpy", *(("matplotlib",) if output else ())):
        need(module)
    if output is not None and output.suffix.lower() not in _FORMATS:
        raise click.UsageError(f"-o takes a file that ends in {', '.join(_FORMATS)}")
    from netdsl.cli.specs import open_spec
    from netdsl.data.summary import summary

    opened = open_spec(spec, overrides_of(sets), section)
    data, parts = _read(opened)
    told = summary(data, parts)
    if output is not None:
        _draw(opened, data, parts, output, backend)
    if as_json:
        import json

        click.echo(json.dumps(told, ensure_ascii=False))
        return
    _show(told)
    if output is not None:
        click.echo(f"wrote {output}")


def _read(spec: Spec) -> tuple[DataSet, Split]:
    """The source as its examples are dealt out in training, not yet scaled."""
    from netdsl.data.read import read
    from netdsl.data.split import split
    from netdsl.training.objective import with_targets

    settings = spec.settings
    data = read(settings.data, spec.folder, settings.seed, settings.split)
    data = with_targets(spec.trained, settings.loss, data)
    return data, split(data, settings.split, settings.seed)


def _draw(spec: Spec, data: DataSet, parts: Split, path: Path, backend_name: str) -> None:
    from netdsl.data.sheet import sheet
    from netdsl.training.files import whole

    versions = _versions(spec, data, backend_name)
    figure = sheet(data, parts.train, spec.settings.seed, *versions)
    with whole(path) as draft:
        figure.savefig(draft, dpi=150)


def _versions(
    spec: Spec, data: DataSet, backend_name: str
) -> tuple[Versions, Versions] | tuple[()]:
    """What augments pictures and masks as the section says; nothing where it changes none."""
    from netdsl.diagnostics import UserError
    from netdsl.training.augment import refusals

    steps, field = spec.settings.augment, data.fields[data.main]
    for refused in refusals(steps, [field]):
        raise UserError(refused)
    if not steps or field.kind != "image":
        return ()
    import numpy as np

    from netdsl.backends.augment import Role, draw, followed
    from netdsl.training.backends import backend

    augmented = backend(backend_name).augmented

    def version(values: Array, number: int, role: Role) -> Array:
        generator = np.random.default_rng([spec.settings.seed, number])
        drawn = draw(steps, len(values), tuple(field.values.shape[1:]), generator)
        return augmented(*followed(steps, drawn, role), values, role == "mask")

    return (
        lambda pictures, number: version(pictures, number, "input"),
        lambda masks, number: version(masks, number, "mask"),
    )


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    shares = ", ".join(f"{count} {name}" for name, count in told["shares"].items())
    console.print(f"{told['source']}: {told['examples']} examples, {shares}", soft_wrap=True)
    fields = Table("field", "kind", "shape", "numbers")
    for name in ("from", "to"):
        fields.add_column(name, justify="right")
    fields.add_column("")
    for field in told["fields"]:
        shape = " x ".join(map(str, field["shape"])) or "one number"
        notes = [told for note, told in _NOTES.items() if field[note]]
        known = (field[name] for name in ("least", "largest"))
        ends = ("" if end is None else f"{end:.6g}" for end in known)
        fields.add_row(
            field["name"], field["kind"], shape, field["number"], *ends, ", ".join(notes)
        )
    console.print(fields)
    if not told["classes"]:
        return
    classes = Table("class")
    names = ("count", *told["shares"])
    for name in names:
        classes.add_column(name, justify="right")
    for found in told["classes"]:
        classes.add_row(found["name"], *(str(found[name]) for name in names))
    console.print(classes)
