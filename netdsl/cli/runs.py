"""`netdsl runs`: the run folders below a folder, and runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli import columns
from netdsl.diagnostics import UserError
from netdsl.runs.duration import duration

if TYPE_CHECKING:
    from netdsl.runs.summary import Summary

_DEFAULT = Path("runs")


@click.command("runs")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--compare", is_flag=True, help="Side by side: what differs, and the figures.")
@click.option("--sort", metavar="COLUMN", help="Order by a column, the best first: val_loss.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(folders: tuple[Path, ...], compare: bool, sort: str | None, as_json: bool) -> int:
    """List the runs in or below FOLDERS, which are runs/ where none is named.

    Two run folders or more are shown side by side: the settings that differ, and the figures.
    """
    import json

    from netdsl.extras import need

    for module in ("numpy", "safetensors"):
        need(module)
    from netdsl.runs.compare import differences
    from netdsl.runs.summary import summaries

    if not folders and not _DEFAULT.is_dir():
        raise UserError("there is no folder runs here; name the folder that your runs are in")
    found, damaged = summaries(folders or (_DEFAULT,))
    if sort is not None:
        found = _sorted(found, sort)
    paths = {run.path for run in found}
    beside = compare or (len(folders) > 1 and all(folder in paths for folder in folders))
    if as_json:
        told: dict[str, Any] = {"runs": [run.to_json() for run in found], "damaged": damaged}
        if beside:
            told["differences"] = differences(found)
        click.echo(json.dumps(told, ensure_ascii=False))
    elif found:
        for line in _beside(found) if beside else _listed(found):
            click.echo(line)
    elif not damaged:
        where = ", ".join(map(str, folders or (_DEFAULT,)))
        click.echo(f"there are no runs below {where}", err=True)
    for sentence in damaged:
        click.echo(f"error: {sentence}", err=True)
    return int(bool(damaged))


# The columns that are no figures, and what they show of a run.
_COLUMNS: dict[str, Callable[[Summary], str]] = {
    "run": lambda run: run.name,
    "net": lambda run: run.stored["net"],
    "data": lambda run: run.data,
    "backend": lambda run: run.stored["backend"],
    "train": lambda run: run.stored["section"] or "",
    "state": lambda run: run.state,
    "epochs": lambda run: f"{len(run.log)}/{run.epochs}",
    "kept": lambda run: str(run.kept["epoch"]) if run.kept else "",
    "time": lambda run: duration(run.seconds),
}
# Numbers that these columns are sorted by; the others are by their text.
_NUMBERS: dict[str, Callable[[Summary], float]] = {
    "epochs": lambda run: -len(run.log),
    "kept": lambda run: run.kept["epoch"] if run.kept else 0,
    "time": lambda run: run.seconds,
}


def _sorted(found: list[Summary], column: str) -> list[Summary]:
    """The runs in the order of a column: of figures the best first, and those without one last."""
    from netdsl.elaborate.suggest import with_suggestion
    from netdsl.runs.compare import figure_names
    from netdsl.runs.summary import natural
    from netdsl.training.figures import worth

    names = figure_names(found)
    if column in names:
        return sorted(found, key=lambda run: worth(column, run.figures.get(column)))
    if column in _NUMBERS:
        return sorted(found, key=_NUMBERS[column])
    if column in _COLUMNS:
        return sorted(found, key=lambda run: natural(Path(_COLUMNS[column](run))))
    known = [*_COLUMNS, *names]
    sentence = with_suggestion(f"--sort: no run has a column {column}", column, known)
    raise UserError(sentence)


def _listed(found: list[Summary]) -> Iterator[str]:
    """A line for each run; of figures those of the validation and of the test share."""
    from netdsl.runs.compare import figure_names
    from netdsl.training.figures import TESTED, VALIDATION

    names = figure_names(found)
    validated = [name for name in names if name.startswith((VALIDATION, TESTED))]
    figures = validated if any(name.startswith(VALIDATION) for name in names) else names
    head = [*_COLUMNS, *figures]
    rows = [
        [show(run) for show in _COLUMNS.values()] + [_figure(run, name) for name in figures]
        for run in found
    ]
    yield from columns.lines(head, rows, right=["epochs", "kept", "time", *figures])


def _beside(found: list[Summary]) -> Iterator[str]:
    """The runs as columns: settings that differ, then figures, then how far and how long."""
    from netdsl.runs.compare import differences, figure_names

    rows = [[name, *map(columns.value, values)] for name, values in differences(found).items()] or [
        ["the settings are the same", *["" for _ in found]]
    ]
    rows += [[name, *(_figure(run, name) for run in found)] for name in figure_names(found)]
    rows += [
        [name, *(_COLUMNS[name](run) for run in found)]
        for name in ("epochs", "kept", "time", "state")
    ]
    names = [run.name for run in found]
    yield from columns.lines(["", *names], rows, right=names)


def _figure(run: Summary, name: str) -> str:
    from netdsl.training.figures import shown

    found = run.figures
    return shown(name, found[name]) if name in found else ""
