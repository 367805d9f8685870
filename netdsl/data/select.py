"""Some classes of a data set, in place of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netdsl.data.fields import DataSet, Division, Indices
from netdsl.data.streamed import pick
from netdsl.diagnostics import UserError


def with_classes(data: DataSet, chosen: int | tuple[int, ...] | None) -> DataSet:
    """The examples of these classes, which count from 0 in the order given; None keeps all."""
    if chosen is None:
        return data
    numbers = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(set(numbers)) < len(numbers) or not all(0 <= n < len(data.classes) for n in numbers):
        raise UserError(
            f"{data.name} has the classes 0 to {len(data.classes) - 1}; classes= takes some of "
            "them, each once"
        )
    old = data.fields[data.target].array
    new = np.full(len(data.classes), -1)
    new[list(numbers)] = np.arange(len(numbers))
    rows = np.flatnonzero(new[old] >= 0)
    fields = {name: replace(f, values=pick(f.values, rows)) for name, f in data.fields.items()}
    fields[data.target] = replace(data.fields[data.target], values=new[old[rows]])
    return replace(
        data,
        fields=fields,
        classes=tuple(data.classes[number] for number in numbers),
        division=data.division and _moved(data.division, rows),
    )


def _moved(division: Division, rows: Indices) -> Division:
    """A division in the numbers that the rows have now."""

    def moved(part: Indices | None) -> Indices | None:
        return None if part is None else np.flatnonzero(np.isin(rows, part))

    return Division(moved(division.validation), moved(division.test))
