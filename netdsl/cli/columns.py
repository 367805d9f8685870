"""A table of texts as lines, which are never wrapped, and values of settings in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

_GAP = "  "


def lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()
) -> Iterator[str]:
    """A line for the head, a rule, and a line for each row; columns named in `right` end flush.

    A column in which every cell is empty is left out.
    """
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    table = [[row[at] for at in kept] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    flush = [head[at] in right for at in kept]
    for number, row in enumerate(table):
        cells = [
            cell.rjust(width) if end else cell.ljust(width)
            for cell, width, end in zip(row, widths, flush, strict=True)
        ]
        yield _GAP.join(cells).rstrip()
        if number == 0:
            yield "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))


def value(given: object) -> str:
    """A value of settings.json as a spec would write it; nothing for what is not there."""
    if isinstance(given, list):
        return f"[{', '.join(map(value, given))}]"
    if isinstance(given, bool):
        return "true" if given else "false"
    return "" if given is None else str(given)
