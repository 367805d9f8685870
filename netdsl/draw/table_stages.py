"""Nets of a family side by side. From: elaborated nets. To: a `Table` with a column for each.

A row is a stage of `table_listing.py`. Where all nets agree, they share one cell; else a line that
the net to the left has not is bold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from netdsl.draw import table_words as words
from netdsl.draw.outline import outline
from netdsl.draw.table_listing import Line, Listing, Stage, listing
from netdsl.draw.table_parts import Cell, Row, Rows, Side, Table, Text, cell
from netdsl.graph import ElaboratedNet
from netdsl.tensor import Dim

_MILLION, _BILLION = 10**6, 10**9
# Where every net has fewer weights or multiply-adds than this, they are told exactly.
_FEW = 10**5


def configurations(nets: Sequence[ElaboratedNet]) -> Table:
    """The layers of several nets stage by stage, with the depth and the weights of each."""
    diagrams = [outline(net) for net in nets]
    listed = listing(nets, [diagram.level for diagram in diagrams])
    depths = words.Depths()
    layers = [f"{depths.level(diagram.level)} weight layers" for diagram in diagrams]
    costs = [diagram.cost for diagram in diagrams]
    beside: list[Side] = ["center"] * len(nets)
    inputs = _row(["input"], [_inputs(net) for net in nets])
    body = ((inputs,), *map(_stage, _aligned(listed.stages)))
    return Table(
        caption=f"Configurations of {', '.join(net.name for net in nets)}",
        sides=("left", *beside),
        head=(
            (cell("output size", rows=2, heading=True), *_headings(net.name for net in nets)),
            tuple(_headings(layers)),
        ),
        body=body,
        foot=(
            _figures("MACs", [cost.macs for cost in costs]),
            _figures("weights", [cost.weights for cost in costs], _MILLION),
        ),
        notes=tuple(_notes(listed, body)),
    )


def _headings(texts: Iterable[str]) -> Iterator[Cell]:
    return (cell(text, heading=True) for text in texts)


def _inputs(net: ElaboratedNet) -> tuple[Line, ...]:
    return tuple([Line(words.port(port), False) for port in net.inputs])


def _aligned(nets: Sequence[Sequence[Stage]]) -> list[list[Stage | None]]:
    """The stages of each net beside those that they correspond to, None where there is none.

    Nets with as many stages each correspond one by one, whatever the size of their input; others
    where their images are as large.
    """
    if len({len(stages) for stages in nets}) == 1:
        return [list(stages) for stages in zip(*nets, strict=True)]
    rows: list[list[Stage | None]] = []
    for number, stages in enumerate(nets):
        rows = _with(rows, stages, number)
    return rows


def _with(
    rows: Sequence[list[Stage | None]], stages: Sequence[Stage], before: int
) -> list[list[Stage | None]]:
    """Rows of so many nets, with the stages of one more."""
    known = [next(stage.positions for stage in row if stage is not None) for row in rows]
    matcher = SequenceMatcher(None, known, [stage.positions for stage in stages], autojunk=False)
    found: list[list[Stage | None]] = []
    for what, start, end, first, last in matcher.get_opcodes():
        if what == "equal":
            own = stages[first:last]
            found += [[*row, stage] for row, stage in zip(rows[start:end], own, strict=True)]
        else:
            found += [[*row, None] for row in rows[start:end]]
            found += [[*[None] * before, stage] for stage in stages[first:last]]
    return found


def _stage(stages: Sequence[Stage | None]) -> Rows:
    """The rows of a stage: what has no weights and all nets begin with, then what differs."""
    lines = [stage.lines if stage else () for stage in stages]
    sizes = _sizes([stage for stage in stages if stage])
    shared = _shared(lines) if len(set(lines)) > 1 else 0
    if not shared:
        return (_row(sizes, lines),)
    return (
        (cell(*sizes, rows=2, heading=True), _merged(lines[0][:shared], len(lines))),
        tuple(_apart([each[shared:] for each in lines])),
    )


def _shared(lines: Sequence[tuple[Line, ...]]) -> int:
    """With how many lines without weights all nets begin."""
    count = 0
    for beside in zip(*lines, strict=False):
        if len(set(beside)) > 1 or beside[0].weights:
            break
        count += 1
    return count


def _sizes(stages: Sequence[Stage]) -> list[str]:
    """The sizes of a stage's images, or of its vectors, each once."""
    return list(dict.fromkeys(stage.positions or stage.output for stage in stages))


def _row(names: Sequence[str], lines: Sequence[tuple[Line, ...]]) -> Row:
    """A row with one cell where all nets agree, else with one for each."""
    first = cell(*names, heading=True)
    if len(set(lines)) == 1:
        return first, _merged(lines[0], len(lines))
    return first, *_apart(lines)


def _merged(lines: Iterable[Line], columns: int) -> Cell:
    return cell(*(line.text for line in lines), columns=columns)


def _apart(lines: Sequence[tuple[Line, ...]]) -> Iterator[Cell]:
    """A cell for each net; lines that its neighbour to the left has not are bold."""
    before: list[str] | None = None
    for each in lines:
        own = [line.text for line in each]
        new = set() if before is None else _new(before, own)
        yield Cell(tuple([Text(text, at in new) for at, text in enumerate(own)]))
        before = own


def _new(before: Sequence[str], after: Sequence[str]) -> set[int]:
    """Where lines stand that are new or other than before."""
    kept = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return set(range(len(after))) - {
        at for _, start, size in kept for at in range(start, start + size)
    }


def _figures(name: str, numbers: Sequence[Dim], most: int = _BILLION) -> Row:
    """A row of figures, in millions or billions where they are large."""
    known = [number for number in numbers if isinstance(number, int)]
    if len(known) < len(numbers) or max(known) < _FEW:
        return cell(name, heading=True), *(cell(words.exact(number) or "0") for number in numbers)
    unit = _BILLION if max(known) >= _BILLION == most else _MILLION
    told = "billions" if unit == _BILLION else "millions"
    shown = [words.significant(number / unit) for number in known]
    return cell(f"{name} ({told})", heading=True), *map(cell, shown)


def _notes(listed: Listing, body: Sequence[Rows]) -> Iterator[str]:
    yield words.DEPTH_NOTE
    yield from listed.notes
    cells = (cell for rows in body for row in rows for cell in row)
    if any(text.bold for cell in cells for text in cell.lines):
        yield "Bold: what the net to the left has not, or has otherwise."
