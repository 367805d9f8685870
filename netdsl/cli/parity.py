"""`netdsl parity`: whether backends compute the same of one net, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.nets import load_net, net_options
from netdsl.cli.overrides import depth_of
from netdsl.record import Record

if TYPE_CHECKING:
    from netdsl.parity.compare import Parity
    from netdsl.parity.differences import Differences
    from netdsl.parity.judge import Verdict

_ALLOWED = ("forward", "gradients", "weights")


def _tolerances(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> dict[str, float]:
    """`--tolerance forward=1e-5` for one kind, `--tolerance 1e-5` for all."""
    found: dict[str, float] = {}
    for text in given:
        name, separator, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not value >= 0 or (separator and name not in _ALLOWED):
            known = ", ".join(_ALLOWED)
            raise click.BadParameter(f"{text} is neither a number nor {known}=number", ctx, param)
        found |= {name: value} if separator else dict.fromkeys(_ALLOWED, value)
    return found


@click.command("parity")
@click.argument("spec")
@click.option(
    "--backend", "backends", metavar="NAMES", help="torch,keras,onnx or some; what is installed."
)
@click.option(
    "--depth", default="1", callback=depth_of, metavar="N", help="Levels of blocks to open, or all."
)
@click.option("--batch", type=click.IntRange(min=1), default=8, help="How many examples; 8.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of all numbers; 0.")
@click.option(
    "--optimizer", type=click.Choice(["sgd", "adam"]), default="sgd", help="Or adam; sgd."
)
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    callback=_tolerances,
    metavar="NAME=NUMBER",
    help="Of forward (1e-4), gradients (1e-3) or weights (1e-4).",
)
@click.option("--json", "json_", is_flag=True, help="One object for programs instead of the table.")
@net_options
def command(
    spec: str,
    backends: str | None,
    depth: int | None,
    batch: int,
    seed: int,
    optimizer: str,
    tolerances: dict[str, float],
    json_: bool,
    **options: Any,
) -> int:
    """Compare what backends compute of SPEC with the same weights and the same batch.

    For each layer the largest difference is shown: of its tensor, of the gradients of its weights,
    and of the weights after a step of the optimizer. Beyond a tolerance the status is 1.
    """
    from netdsl.extras import need

    net = load_net(spec, **options).elaborated
    need("numpy")
    from netdsl.parity.backends import chosen
    from netdsl.parity.compare import Comparison
    from netdsl.parity.judge import TOLERANCES, judge

    taken = chosen(backends.split(",") if backends else ())
    comparison = Comparison(net, taken.names, batch, seed)
    found = comparison.run(depth, (optimizer,))
    verdicts = judge(comparison, found, {**TOLERANCES, **tolerances})
    for sentence in taken.missing:
        click.echo(sentence, err=True)
    if json_:
        _print_json(found, verdicts)
        return int(bool(verdicts))
    for line in _page(found, optimizer):
        click.echo(line)
    for verdict in verdicts:
        click.echo(_sentence(verdict, found.backends[0], optimizer), err=True)
    return int(bool(verdicts))


def _page(found: Parity, optimizer: str) -> Iterator[str]:
    """The table: a row for each layer or block, columns for each backend but the first."""
    first, *others = found.backends
    columns = _columns(found, optimizer)
    rows = list(dict.fromkeys(name for column in columns for name in column.values))
    yield f"{found.net}: {', '.join(others)} against {first}, differences as shares of the largest"
    yield ""
    head = ["", *(column.head for column in columns)]
    largest = ["largest", *(_shown(max(column.values.values())) for column in columns)]
    lines = [[name, *(_shown(column.values.get(name)) for column in columns)] for name in rows]
    widths = [max(map(len, texts)) for texts in zip(head, largest, *lines, strict=True)]
    for line in [head, *lines, largest]:
        name, *cells = (text.rjust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join([line[0].ljust(len(name)), *cells]).rstrip()


class _Column(Record):
    """Differences of one backend by layer or block."""

    head: str
    values: Mapping[str, float]


def _columns(found: Parity, optimizer: str) -> list[_Column]:
    """What is there to be shown: weights count for the layer or block that has them."""
    kinds = {
        "forward": found.forward | found.outputs,
        "gradients": _by_layer(found.gradients, found.forward),
        optimizer: _by_layer(found.steps[optimizer], found.forward),
    }
    return [
        _Column(f"{kind} {other}", {name: each[other] for name, each in differences.items()})
        for kind, differences in kinds.items()
        for other in found.backends[1:]
        if any(other in each for each in differences.values())
    ]


def _by_layer(differences: Differences, layers: Differences) -> Differences:
    """The largest difference of the weights of each layer or block that has a row."""
    found: Differences = {}
    for weight, each in differences.items():
        known = found.setdefault(_owner(weight, layers), each)
        known |= {other: max(known[other], each[other]) for other in each}
    return found


def _owner(weight: str, layers: Differences) -> str:
    """The layer or block with a row that a weight is in; its layer where none has one."""
    owner = own = weight.rpartition(".")[0]
    while owner and owner not in layers:
        owner = owner.rpartition(".")[0]
    return owner or own


def _shown(difference: float | None) -> str:
    return "" if difference is None else f"{difference:.1e}"


def _sentence(verdict: Verdict, first: str, optimizer: str) -> str:
    """Where backends diverge, and by how much."""
    places = {
        "forward": "is the first layer that diverges in the forward pass",
        "gradients": "has the first gradient that diverges on the way back",
        "weights": f"is the first weight that diverges after a step of {optimizer}",
    }
    return (
        f"{verdict.name} {places[verdict.kind]}: {first} and {verdict.backend} differ by "
        f"{verdict.difference:.1e} of the largest number, {verdict.tolerance:.0e} is allowed"
    )


def _print_json(found: Parity, verdicts: Sequence[Verdict]) -> None:
    import json

    told = {
        "net": found.net,
        "backends": found.backends,
        "forward": _as_json(found.forward),
        "outputs": _as_json(found.outputs),
        "gradients": _as_json(found.gradients),
        "steps": {word: _as_json(left) for word, left in found.steps.items()},
        "diverged": [
            {name: _finite(getattr(verdict, name)) for name in type(verdict).fields}
            for verdict in verdicts
        ],
    }
    click.echo(json.dumps(told))


def _as_json(differences: Differences) -> list[dict[str, object]]:
    return [
        {"name": name} | {other: _finite(value) for other, value in each.items()}
        for name, each in differences.items()
    ]


def _finite(value: object) -> object:
    """JSON has no word for what is no number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
