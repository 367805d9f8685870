"""What `netdsl predict` writes as pictures: examples that a net makes, codes, reconstructions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from netdsl.diagnostics import UserError

if TYPE_CHECKING:
    from netdsl.data.fields import Array
    from netdsl.training.spec import Opener

# A device, what loads specs, and the name of a backend where it is not the run's.
Asked: TypeAlias = "tuple[str, Opener, str | None]"

_FIGURES = (".png", ".pdf", ".svg")


def made(
    run: Path, count: int, seed: int, output: Path | None, asked: Asked, as_json: bool
) -> None:
    """Examples that a net makes: told as numbers, or as pictures in a file or folder."""
    from netdsl.data.grid import grid, image
    from netdsl.training.codes import samples
    from netdsl.training.drawn import save

    values = samples(run, count, seed, *asked)
    told: list[dict[str, Any]] = [{"sample": n, "value": v.tolist()} for n, v in enumerate(values)]
    if output is None:
        _tell(told, "sample", as_json)
        return
    _check_pictures(values)
    if _is_file(output):
        save([("", image(grid(values)))], output)
    else:
        save([(f"{number:04}", image(one)) for number, one in enumerate(values)], output)
    _done(output, told, as_json)


def codes(run: Path, name: str | None, output: Path | None, asked: Asked, as_json: bool) -> None:
    """The codes of the test share: told as numbers, or as a picture."""
    from netdsl.extras import need
    from netdsl.training.codes import codes as found_by

    if output is not None:
        need("matplotlib")
        if output.suffix.lower() not in _FIGURES:
            raise click.UsageError(f"-o takes a file that ends in {', '.join(_FIGURES)}")
    found = found_by(run, name, *asked)
    told = []
    for at, (example, values) in enumerate(zip(found.examples, found.values, strict=True)):
        of = {} if found.labels is None else {"class": found.classes[int(found.labels[at])]}
        told.append({"example": int(example), **of, "value": values.tolist()})
    if output is None:
        _tell(told, "example", as_json)
        return
    from netdsl.report.latent import plotted
    from netdsl.training.files import whole

    figure = plotted(found)
    with whole(output) as draft:
        figure.savefig(draft, dpi=150)
    _done(output, told, as_json)


def reconstructions(
    run: Path, files: Sequence[Path], output: Path, asked: Asked, as_json: bool
) -> None:
    """What a net makes of the pictures in files: each below its picture, or each in a file."""
    import numpy as np

    from netdsl.data.grid import are_pictures, grid, image, in_rows
    from netdsl.training.codes import pictured
    from netdsl.training.drawn import save

    found = list(pictured(run, files, *asked))
    given = np.concatenate([one.given for one in found])
    values = np.concatenate([one.made for one in found])
    names = [name for one in found for name in one.names]
    _check_pictures(values)
    if _is_file(output):
        beside = are_pictures(given) and given.shape[1:3] == values.shape[1:3]
        save([("", image(in_rows([given, values]) if beside else grid(values)))], output)
    else:
        save([(name, image(one)) for name, one in zip(names, values, strict=True)], output)
    pairs = zip(names, values, strict=True)
    _done(output, [{"input": name, "value": one.tolist()} for name, one in pairs], as_json)


def _check_pictures(values: Array) -> None:
    from netdsl.data.grid import are_pictures

    if not are_pictures(values):
        shape = " x ".join(map(str, values.shape[1:]))
        raise UserError(
            f"what the net gives is {shape}, which is no picture (height x width x 1 or 3); "
            "without -o the numbers are told"
        )


def _is_file(output: Path) -> bool:
    """Whether one picture is wanted, rather than a folder of them."""
    if output.suffix and output.suffix.lower() != ".png":
        raise click.UsageError("-o takes a file that ends in .png, or a folder")
    return bool(output.suffix)


def _tell(told: Sequence[dict[str, Any]], key: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        of = f" ({one['class']})" if "class" in one else ""
        click.echo(f"{key} {one[key]}{of}: {one['value']}")


def _done(output: Path, told: Sequence[dict[str, Any]], as_json: bool) -> None:
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else f"wrote {output}")
