"""`netdsl diff`: what changes from one net to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from netdsl import api
from netdsl.analyze.as_json import figure
from netdsl.analyze.cost import Cost, Costs
from netdsl.analyze.difference import Change, difference
from netdsl.analyze.expectations import shown
from netdsl.cli.overrides import depth_of
from netdsl.graph import ElaboratedNet
from netdsl.record import Record
from netdsl.tensor import Dim

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_ARROW = "\N{RIGHTWARDS ARROW}"
_TIMES = "\N{MULTIPLICATION SIGN}"


@click.command("diff")
@click.argument("before")
@click.argument("after")
@click.option(
    "--depth", default="all", callback=depth_of, metavar="N", help="Levels of blocks to open; all."
)
@click.option("--json", "json_", is_flag=True, help="One object for programs instead of the table.")
def command(before: str, after: str, depth: int | None, json_: bool) -> None:
    """Show what changes from the net BEFORE to the net AFTER.

    Each is file.net, file.net:Name or a bundled name. Layers and blocks that were added, removed
    or changed are listed with the difference in weights and multiply-adds; what is the same is
    not. Where a layer stays as it is but has other weights, because something else flows in, it
    is listed for its figures.
    """
    nets = [api.load(spec).elaborated for spec in (before, after)]
    with api.uncollected():
        changes = difference(*nets)
        costs = [Costs().graph(net.graph) for net in nets]
    if json_:
        _print_json(nets, costs, changes)
        return
    click.echo(f"{before} {_ARROW} {after}\n")
    for line in page(costs, changes, depth):
        click.echo(line)


def _print_json(
    nets: Sequence[ElaboratedNet], costs: Sequence[Cost], changes: Sequence[Change]
) -> None:
    import json

    sides = [
        {"net": net.name, "params": cost.weights, "total": cost.total, "macs": figure(cost.macs)}
        for net, cost in zip(nets, costs, strict=True)
    ]
    found = {"before": sides[0], "after": sides[1], "changes": list(map(_as_json, changes))}
    click.echo(json.dumps(found, ensure_ascii=False))


def _as_json(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind,
        "count": change.count,
        "names": [_or_none(name) for name in change.names],
        "last": [_or_none(name) for name in change.last],
        "calls": [_or_none(call) for call in change.calls],
        "details": list(change.details),
        "params": change.weights,
        "macs": figure(change.macs),
        "inside": list(map(_as_json, change.inside)),
    }


def _or_none(text: str) -> str | None:
    return text or None


class _Line(Record):
    """A row of the table before its columns have widths."""

    sign: str
    color: str
    name: str
    text: str
    weights: str
    macs: str


def page(costs: Sequence[Cost], changes: Sequence[Change], depth: int | None) -> Iterator[str]:
    """A line for each change, then the totals."""
    if not changes:
        yield "no difference"
        return
    lines = [_Line("", "", "name", "layer", "weights", "MACs"), *_lines(changes, 0, depth)]
    widths = [max(len(getattr(line, column)) for line in lines) for column in _Line.fields]
    for line in lines:
        row = (
            f"{line.sign:<{widths[0]}}  {line.name:<{widths[2]}}  {line.text:<{widths[3]}}"
            f"  {line.weights:>{widths[4]}}  {line.macs:>{widths[5]}}"
        )
        yield click.style(row.rstrip(), fg=line.color or None)
    yield ""
    yield f"weights  {_step(costs[0].weights, costs[1].weights)}"
    yield f"MACs     {_step(costs[0].macs, costs[1].macs)}"


def _lines(changes: Sequence[Change], level: int, depth: int | None) -> Iterator[_Line]:
    for change in changes:
        sign, color = _SIGNS[change.kind]
        yield _Line(
            "  " * level + sign,
            color,
            _name(change),
            _text(change),
            _signed(change.weights),
            _signed(change.macs),
        )
        if depth is None or level + 1 < depth:
            yield from _lines(change.inside, level + 1, depth)


def _name(change: Change) -> str:
    """`conv1`, `conv4…6` for neighbours, `conv3 → conv4` where the number or the name changes."""
    names = [
        first if first == last else f"{first}…{last[len(first.rstrip('0123456789')) :]}"
        for first, last in zip(change.names, change.last, strict=True)
        if first
    ]
    return f" {_ARROW} ".join(dict.fromkeys(names))


def _text(change: Change) -> str:
    """The call and what differs; two calls where nothing else says the difference."""
    calls = list(dict.fromkeys(call for call in change.calls if call))
    count = f"{change.count:,} {_TIMES} " if change.count > 1 else ""
    if change.details:
        return f"{count}{calls[0]}: {', '.join(change.details)}"
    return count + f" {_ARROW} ".join(calls)


def _signed(difference: Dim) -> str:
    """A difference with its sign; nothing for zero."""
    if difference == 0:
        return ""
    return f"{difference:+,}" if isinstance(difference, int) else str(difference)


def _step(before: Dim, after: Dim) -> str:
    if before == after:
        return shown(before)
    change = f" ({after - before:+,})" if isinstance(before, int) and isinstance(after, int) else ""
    return f"{shown(before)} {_ARROW} {shown(after)}{change}"
