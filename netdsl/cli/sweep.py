"""`netdsl sweep`: a training for each combination of values, several at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdsl.cli import columns
from netdsl.cli.overrides import overrides_of
from netdsl.cli.train import BACKENDS
from netdsl.diagnostics import SpecError, UserError
from netdsl.runs.duration import duration

if TYPE_CHECKING:
    from netdsl.runs.sweep import Request, Sweep, Unit
    from netdsl.training.spec import Spec

_INTERRUPTED = 130  # what shells report for a process that Ctrl-C ended
_SETTING = "train."


@click.command("sweep")
@click.argument("spec", required=False)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUES",
    help="A parameter or setting, its values with commas between: train.batch=16,32.",
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="How many at a time; 1.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder; else sweeps/<net>-<n>.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the sweep in a folder.")
@click.option("--random", "number", type=click.IntRange(min=1), metavar="N", help="Draw N points.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="What --random draws by; 0.")
@click.option("--backend", type=click.Choice(BACKENDS), help="What trains; torch.")
@click.option("--train", "section", metavar="NAME", help="Which train section of the file.")
@click.option("--device", default="auto", show_default=True, help="As for train.")
def command(
    spec: str | None,
    sets: tuple[str, ...],
    jobs: int,
    out: Path | None,
    resume: Path | None,
    number: int | None,
    seed: int,
    backend: str | None,
    section: str | None,
    device: str,
) -> int:
    """Train SPEC once for each combination of the values that --set lists.

    The same command, or --resume FOLDER, goes on with a sweep: what is finished is left as it is,
    what was begun goes on, what failed is tried again.
    """
    if (spec is None) == (resume is None):
        raise click.UsageError("give a SPEC and --set, or --resume and the folder of a sweep")
    if resume is not None and (sets or out or number or backend or section):
        raise click.UsageError("a sweep that goes on keeps what it was asked for")
    from netdsl.extras import need

    for module in ("numpy", "safetensors", "matplotlib", "filelock"):
        need(module)
    from netdsl.runs.grid import points
    from netdsl.runs.sweep import Sweep, folder_for
    from netdsl.training.files import sole_writer

    if resume is not None:
        path, request = resume, _stored(resume)
    else:
        assert spec is not None
        request, net = _request(spec, overrides_of(sets), number, seed, backend, section)
        path = folder_for(request, net, out)
    grid = points(request.values, request.number, request.seed)
    with sole_writer(path) as alone:
        if not alone:
            raise UserError(f"another process trains {path}; wait for it, or end it")
        sweep = Sweep(path, request, grid, device, _Told(request))
        return _run(sweep, jobs)


def _run(sweep: Sweep, jobs: int) -> int:
    """Trains, and shows what came out; returns the exit status."""
    finished = sum(unit.outcome == "finished" for unit in sweep.units)
    done = f", {finished} of them finished" if finished else ""
    click.echo(f"{len(sweep.units)} runs in {sweep.path}{done}")
    try:
        sweep.run(jobs)
    except KeyboardInterrupt:
        told = f"stopped; what is done is kept: netdsl sweep --resume {sweep.path}"
        click.echo(told, err=True)
        return _INTERRUPTED
    for line in _table(sweep):
        click.echo(line)
    failed = sum(unit.outcome != "finished" for unit in sweep.units)
    if failed:
        told = f"{failed} of {len(sweep.units)} runs failed; the same command tries them again"
        click.echo(told, err=True)
    return int(failed > 0)


class _Told:
    """Prints a line for each run that has ended, with the values that vary."""

    def __init__(self, request: Request) -> None:
        self._varied = request.varied

    def __call__(self, unit: Unit) -> None:
        from netdsl.training.figures import shown

        found = unit.summary
        line = f"run {unit.name}"
        for name in self._varied:
            line += f"  {_short(name)}={unit.set[name]}"
        line += f"  {unit.outcome}"
        if unit.outcome == "finished" and found is not None:
            value = found.figures.get(found.monitor)
            line += f"  {found.monitor} {shown(found.monitor, value)}"
            line += f"  {duration(found.seconds)}"
        click.echo(line)
        for part in unit.message.splitlines():
            click.echo(f"    {part}")


def _short(name: str) -> str:
    return name.removeprefix(_SETTING)


def _table(sweep: Sweep) -> Iterator[str]:
    """The runs, the best first, with the values that differ and what came out."""
    from netdsl.runs.compare import figure_names
    from netdsl.training.figures import TESTED, VALIDATION, shown

    swept = sweep.request.varied
    found = [unit.summary for unit in sweep.units if unit.summary is not None]
    wanted = (VALIDATION, TESTED)
    names = [
        name for name in figure_names(found) if name.startswith(wanted) or name == sweep.monitor
    ]
    # The figure that the order is by comes first.
    figures = sorted(names, key=lambda name: name != sweep.monitor)
    head = ["run", *map(_short, swept), "state", "epochs", "kept", *figures, "time"]
    yield ""
    yield from columns.lines(
        head,
        [
            [unit.name, *(unit.set[name] for name in swept), unit.outcome]
            + _progress(unit)
            + [
                shown(name, unit.summary.figures[name])
                if unit.summary is not None and name in unit.summary.figures
                else ""
                for name in figures
            ]
            + [duration(unit.summary.seconds) if unit.summary else ""]
            for unit in sweep.ordered()
        ],
        right=["epochs", "kept", "time", *figures],
    )


def _progress(unit: Unit) -> list[str]:
    """Epochs done of all, and the one that is kept."""
    found = unit.summary
    if found is None:
        return ["", ""]
    return [f"{len(found.log)}/{found.epochs}", str(found.kept["epoch"]) if found.kept else ""]


def _request(
    spec: str,
    given: Mapping[str, str],
    number: int | None,
    seed: int,
    backend: str | None,
    section: str | None,
) -> tuple[Request, str]:
    """What a sweep is asked for, and the name of its net; the first point must be right."""
    from netdsl import api
    from netdsl.cli.specs import open_spec
    from netdsl.runs.grid import points, values
    from netdsl.runs.sweep import Request

    path, name = api.locate(spec)
    place = os.path.abspath(path) + (f":{name}" if name else "")

    def accepts(overrides: Mapping[str, str]) -> bool:
        try:
            open_spec(place, overrides, section)
        except (SpecError, UserError):
            return False
        return True

    listed = values(given, accepts)
    options = [
        *(["--backend", backend] if backend else []),
        *(["--train", section] if section else []),
    ]
    opened = open_spec(spec, points(listed, 1 if number else None, seed)[0], section)
    request = Request(place, _digest(opened), listed, number, seed if number else 0, options)
    return request, opened.net.name


def _stored(path: Path) -> Request:
    """The request of a sweep that goes on, whose spec must be what it was."""
    from netdsl.cli.specs import open_spec
    from netdsl.runs.grid import points
    from netdsl.runs.sweep import stored_request

    request = stored_request(path)
    section = dict(zip(request.options[::2], request.options[1::2], strict=True)).get("--train")
    first = points(request.values, 1 if request.number else None, request.seed)[0]
    if _digest(open_spec(request.spec, first, section)) != request.digest:
        raise UserError(f"the spec has changed since {path} was begun; begin another sweep")
    return request


def _digest(spec: Spec) -> str:
    """A checksum of the texts of a spec's files."""
    checksum = hashlib.sha256()
    for text in spec.sources.values():
        checksum.update(text.encode() + b"\0")
    return checksum.hexdigest()
