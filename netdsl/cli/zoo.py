"""`netdsl zoo`: the bundled nets, and their specs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os.path import basename

import click

from netdsl import api, collection
from netdsl.analyze.as_json import figure, shape
from netdsl.analyze.expectations import shown
from netdsl.collection import BundledNet
from netdsl.zoo import Entry, bundled_nets

_HEAD = ("name", "input", "weights", "MACs", "proved against")


@click.command("zoo")
@click.argument("name", default="")
@click.option("--json", "json_", is_flag=True, help="A list for programs instead of the table.")
def command(name: str, json_: bool) -> None:
    """List the bundled nets, or show the spec of the one called NAME.

    With a part of a name, the nets whose names contain it are listed.
    """
    entry = bundled_nets().get(name)
    if json_:
        _list_for_programs({name: entry} if entry else collection.matching(name))
    elif entry:
        click.echo(collection.text(entry.path), nl=False)
    else:
        for line in _lines(collection.matching(name)):
            click.echo(line)


def _list_for_programs(entries: dict[str, Entry]) -> None:
    import json

    with api.uncollected():
        found = [_as_json(net) for net in collection.figures(entries)]
    click.echo(json.dumps(found, ensure_ascii=False))


def _as_json(found: BundledNet) -> dict[str, object]:
    paper = collection.citation(collection.text(found.path))
    return {
        "name": found.name,
        "spec": found.path,
        "net": found.net.name,
        "reference": found.reference,
        "params": found.cost.weights,
        "total": found.cost.total,
        "macs": figure(found.cost.macs),
        "inputs": {port.name: shape(port.type) for port in found.net.inputs},
        "paper": ", ".join(paper) if paper else None,
    }


def _lines(entries: dict[str, Entry]) -> Iterator[str]:
    """A heading for each file with its paper, then a line for each of its nets."""
    with api.uncollected():
        files = _by_file(collection.figures(entries))
    rows = {path: [_cells(names) for names in nets] for path, nets in files.items()}
    every = [_HEAD, *(row for cells in rows.values() for row in cells)]
    widths = [max(len(row[column]) for row in every) for column in range(len(_HEAD))]
    yield _line(_HEAD, widths)
    for path, cells in rows.items():
        paper = collection.citation(collection.text(path))
        yield ""
        yield basename(path) + (f': {paper[0]}, "{paper[1]}"' if paper else "")
        for row in cells:
            yield _line(row, widths)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, size, weights, macs, reference = row
    return (
        f"  {name:<{widths[0]}}  {size:<{widths[1]}}  {weights:>{widths[2]}}"
        f"  {macs:>{widths[3]}}  {reference}"
    )


def _by_file(found: Iterable[BundledNet]) -> dict[str, list[list[BundledNet]]]:
    """By file, for each net its names."""
    files: dict[str, dict[str, list[BundledNet]]] = {}
    for net in found:
        files.setdefault(net.path, {}).setdefault(net.net.name, []).append(net)
    return {path: list(nets.values()) for path, nets in files.items()}


def _cells(names: list[BundledNet]) -> tuple[str, str, str, str, str]:
    """The name, input, weights, multiply-adds and references of a net with all its names."""
    first = names[0]
    plain = [name.name for name in names if "/" not in name.name]
    inputs = ", ".join(str(port.type) for port in first.net.inputs)
    references = dict.fromkeys(name.reference for name in names if name.reference)
    return (
        ", ".join(plain) or first.name,
        inputs,
        f"{first.cost.weights:,}",
        shown(first.cost.macs),
        ", ".join(map(_short, references)),
    )


def _short(reference: str) -> str:
    """A reference in a word where it is a row of the papers: such a key is a sentence."""
    return "papers" if reference.startswith("papers:") else reference
