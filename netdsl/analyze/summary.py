"""What `netdsl check` says of a net to people, as texts: the rows of its table, and its figures."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.analyze.analysis import Analysis
from netdsl.analyze.cost import Cost
from netdsl.analyze.expectations import shown
from netdsl.analyze.memory import Memory
from netdsl.analyze.phases import Trained
from netdsl.analyze.receptive import ReceptiveField
from netdsl.analyze.rows import Row, rows
from netdsl.tensor import Dim

TIMES = "\N{MULTIPLICATION SIGN}"


def cells(analysis: Analysis, depth: int | None) -> Iterator[tuple[str, ...]]:
    """The table's rows as texts: name, layer, output, weights, multiply-adds."""
    yield ("name", "layer", "output", "weights", "MACs")
    for port in analysis.net.inputs:
        yield (port.name, "input", str(port.type), "", "")
    for row in rows(analysis.net.graph, analysis.costs, depth):
        yield (
            "  " * row.depth + _name(row),
            _layer(row),
            str(row.output) if row.output is not None else "",
            _number(row.cost.weights),
            "training only" if row.training else _number(row.cost.macs),
        )


def _name(row: Row) -> str:
    """`conv1`, or `unit2…5` for neighbours that are numbered one after another."""
    if not row.names:
        return ""
    first, last = row.names[0], row.names[-1]
    if row.count == 1:
        return first
    stem = first.rstrip("0123456789")
    return (
        f"{first}…{last[len(stem) :]}" if last.startswith(stem) and last != first else f"{first}…"
    )


def _layer(row: Row) -> str:
    if row.count == 1:
        return row.call
    return f"{row.count:,} {TIMES} {row.call}".rstrip()


def _number(value: Dim) -> str:
    """Thousands apart; nothing for zero, so that what costs is seen."""
    return "" if value == 0 else shown(value)


def figures(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """What stands below the table: labels and sentences."""
    cost, depth = analysis.cost, analysis.depth
    state = f" and {cost.state:,} of state, {cost.total:,} in all" if cost.state else ""
    yield "weights", f"{cost.trainable:,}{state}"
    yield "MACs", shown(cost.macs) + _thousands(cost.macs)
    count = depth.layers_with_weights
    layers = f"{count:,} layer{'' if count == 1 else 's'} with weights"
    yield "depth", f"{layers}, {depth.longest_path:,} on the longest path"
    if analysis.receptive_field is not None:
        yield "receptive field", _receptive(analysis.receptive_field)
    yield from _memory(analysis.memory)
    if analysis.method:
        yield "method", analysis.method
    for phase in analysis.phases:
        yield "trained", _trained(phase, cost)
    for condition in analysis.net.conditions:
        yield "needs", condition.text


def _trained(phase: Trained, cost: Cost) -> str:
    name = f"phase {phase.phase}: " if phase.phase else ""
    if not phase.frozen:
        return f"{name}all weights"
    frozen = ", ".join(phase.frozen)
    return f"{name}{phase.weights:,} of {cost.trainable:,} weights, without {frozen}"


def _thousands(macs: Dim) -> str:
    """The same in a unit, from a million on."""
    if not isinstance(macs, int) or macs < 10**6:
        return ""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if macs >= size:
            return f" ({macs / size:.4g} {unit})"
    raise AssertionError(macs)


def _receptive(field: ReceptiveField) -> str:
    if field.size is None or field.stride is None:
        return "the whole input"
    size = " x ".join(map(str, field.size))
    stride = " x ".join(f"{step:g}" for step in dict.fromkeys(field.stride))
    text = f"{size}, stride {stride}"
    return f"the whole input; before that {text}" if field.whole else text


def _memory(memory: Memory | None) -> Iterator[tuple[str, str]]:
    if memory is None:
        yield "memory", "depends on sizes known only at run time; --size name=128 gives one"
        return
    weights = _bytes(memory.weights)
    batch = f"batch {memory.batch}"
    yield (
        "inference",
        f"{_bytes(memory.inference)} at {batch}: weights {weights},"
        f" activations {_bytes(memory.activations)}",
    )
    yield (
        "training step",
        f"{_bytes(memory.training)} at {batch}: weights {weights},"
        f" gradients {_bytes(memory.gradients)},"
        f" state of {memory.optimizer} {_bytes(memory.optimizer_state)},"
        f" kept for backward {_bytes(memory.saved)}",
    )


def _bytes(count: int) -> str:
    """Bytes in a binary unit, three digits."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.2f} GiB"
