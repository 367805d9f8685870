"""The table of `netdsl check` for people, by rich: plain where it is not a terminal.

As wide as the terminal, or as COLUMNS says. What is too long is cut in the middle, so that no row
is broken in two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from netdsl.analyze.analysis import Analysis, Judged
from netdsl.analyze.cost import Cost
from netdsl.analyze.expectations import Promise, promised, shown
from netdsl.analyze.memory import Memory
from netdsl.analyze.phases import Trained
from netdsl.analyze.receptive import ReceptiveField
from netdsl.analyze.rows import Row, rows
from netdsl.tensor import Dim

TIMES = "\N{MULTIPLICATION SIGN}"
# What stands for a character where the output cannot show it.
_PLAIN = str.maketrans({TIMES: "x", "…": "~", "✓": "+", "✗": "-", "─": "-"})
_GAP = 2
_LEAST = 10
_LABEL = 17


class _Page:
    """Collects lines for standard output, in characters that it has, and writes them at once.

    Without a terminal there is nothing to style, and ten thousand lines are only joined.
    """

    def __init__(self) -> None:
        self.console = Console(highlight=False, emoji=False, markup=False)
        self._plain = not self.console.encoding.lower().startswith("utf")
        self._styled = self.console.is_terminal
        self._lines: list[Text | str] = []

    def line(self, *pieces: tuple[str, str]) -> None:
        """A line of texts with their styles; it is never wrapped."""
        if self._plain:
            pieces = tuple((text.translate(_PLAIN), style) for text, style in pieces)
        if not self._styled:
            self._lines.append("".join([text for text, _ in pieces]).rstrip())
            return
        text = Text.assemble(*pieces)
        text.rstrip()
        self._lines.append(text)

    def write(self) -> None:
        """Write what was collected."""
        if not self._styled:
            self.console.file.write("".join([f"{line}\n" for line in self._lines]))
            return
        page = Text("\n").join([Text.assemble(line) for line in self._lines])
        self.console.print(page, no_wrap=True, overflow="ignore", crop=False)


def show(analysis: Analysis, others: Sequence[Judged], depth: int | None) -> None:
    """Print the table, the figures below it and a line for each of the file's other nets."""
    page = _Page()
    page.line((analysis.net.name, "bold"))
    page.line()
    _table(page, list(_cells(analysis, depth)))
    page.line()
    for label, value in _figures(analysis):
        for part in wrap(value, max(page.console.width - _LABEL, _LABEL)):
            page.line((f"{label:<{_LABEL}}", "dim"), (part, ""))
            label = ""
    for promise in analysis.promises.kept_or_missed:
        page.line(*_promise(promise))
    if others:
        page.line()
        _others(page, others)
    page.write()


def _cells(analysis: Analysis, depth: int | None) -> Iterator[tuple[str, ...]]:
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


def _table(page: _Page, cells: list[tuple[str, ...]]) -> None:
    widths = _widths(cells, page.console.width)
    for at, row in enumerate(cells):
        page.line(*_line(row, widths, "bold" if at == 0 else ""))
        if at == 0:
            page.line(("─" * (sum(widths) + _GAP * (len(widths) - 1)), "dim"))


def _widths(cells: list[tuple[str, ...]], room: int) -> list[int]:
    """The widths of columns: where the room is too small, the widest give way, numbers never."""
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    numbers = [row[4] for row in cells[1:] if row[4].replace(",", "").isdecimal()]
    least = [_LEAST, _LEAST, _LEAST, widths[3], max(map(len, [*numbers, cells[0][4]]))]
    for _ in range(sum(widths) + _GAP * 4 - room):
        widest = max(range(5), key=lambda column: (widths[column] > least[column], widths[column]))
        if widths[widest] == least[widest]:
            break
        widths[widest] -= 1
    return widths


def _line(row: tuple[str, ...], widths: list[int], style: str) -> Iterator[tuple[str, str]]:
    name, layer, output, weights, macs = (
        _cut(text, width) for text, width in zip(row, widths, strict=True)
    )
    gap = " " * _GAP
    yield f"{name:<{widths[0]}}{gap}", style
    yield f"{layer:<{widths[1]}}{gap}", style or "cyan"
    yield f"{output:<{widths[2]}}{gap}", style
    yield f"{weights:>{widths[3]}}{gap}{macs:>{widths[4]}}", style


def _cut(text: str, width: int) -> str:
    """The text, its middle left out where it is wider."""
    if len(text) <= width:
        return text
    kept = width - 1
    return f"{text[: kept - kept // 3]}…{text[len(text) - kept // 3 :]}"


def _figures(analysis: Analysis) -> Iterator[tuple[str, str]]:
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


def _promise(promise: Promise) -> Iterator[tuple[str, str]]:
    name, expected = promise.expectation.name, promised(promise.expectation)
    if promise.met:
        yield f"✓ {name:<15}", "green"
        yield expected, ""
    else:
        yield f"✗ {name:<15}", "red"
        yield f"expected {expected}, found {shown(promise.found)}", ""


def _others(page: _Page, others: Iterable[Judged]) -> None:
    """A line for each further net of the file."""
    found = list(others)
    wide = max(len(other.net.name) for other in found)
    figures = max(len(f"{other.cost.total:,}") for other in found)
    for other in found:
        promises = other.promises.kept_or_missed
        missed = [promise for promise in promises if not promise.met]
        sign, style = ("✗", "red") if missed else ("✓" if promises else " ", "green")
        told = f"  {', '.join(promise.expectation.name for promise in missed)}" if missed else ""
        total = f"{other.cost.total:,}"
        page.line((f"{sign} ", style), (f"{other.net.name:<{wide}}  {total:>{figures}}{told}", ""))
