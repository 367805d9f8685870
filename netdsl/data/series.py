"""Series in time: windows over rows in their order, each with what follows in one column."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from netdsl.catalog.sources import Forecast, MackeyGlass, Series
from netdsl.data.fields import Array, Column, DataSet, Division, Field
from netdsl.data.tables import columns_of, encode, read_rows, separator_of
from netdsl.diagnostics import UserError

WINDOW = "window"
_Shares: TypeAlias = tuple[float, float, float]

# The delay of Mackey and Glass in units of time, how many steps of Runge and Kutta a unit has, and
# how many units pass before the series begins, for it starts from a constant.
_DELAY, _STEPS, _UNTIL = 17, 10, 200


def series(source: Series, base: Path, shares: _Shares) -> DataSet:
    """The table of a `series` source in windows; its file is relative to `base`."""
    path = base / source.file
    rows = read_rows(path, separator_of(path, source.separator))
    rows.column(source.target)
    if source.target == WINDOW:
        raise UserError(f"{path}: a target cannot be called {WINDOW}; rename the column")
    columns = columns_of(rows, rows.header)
    target = next(column for column in columns if column.name == source.target)
    if target.categories is not None:
        raise UserError(f"{path}: {target.name} holds words, but a forecast is of numbers")
    aimed = encode(rows, [target])[:, 0]
    return _windowed(source, source.file, encode(rows, columns), columns, target, aimed, shares)


def mackey_glass(source: MackeyGlass, shares: _Shares) -> DataSet:
    """The series of a `mackey_glass` source in windows."""
    values = chaotic(source.n)
    column = Column("x")
    return _windowed(source, source.word, values[:, None], (column,), column, values, shares)


def chaotic(count: int, steps: int = _STEPS) -> Array:
    """Values of Mackey and Glass a unit of time apart, float32, by Runge's and Kutta's formula.

    A unit of time has so many steps; what lies between the steps of the delayed values is taken as
    their mean.
    """
    late = _DELAY * steps
    total = (_UNTIL + count) * steps
    values = np.full(late + total, 1.2)
    for at in range(late, late + total - 1):
        first, last = _grown(values[at - late]), _grown(values[at - late + 1])
        now, middle, width = values[at], (first + last) / 2, 1 / steps
        one = first - 0.1 * now
        two = middle - 0.1 * (now + width / 2 * one)
        three = middle - 0.1 * (now + width / 2 * two)
        four = last - 0.1 * (now + width * three)
        values[at + 1] = now + width / 6 * (one + 2 * two + 2 * three + four)
    return values[late + _UNTIL * steps :: steps].astype(np.float32)


def _grown(before: float) -> float:
    return float(0.2 * before / (1 + before**10))


def _windowed(
    source: Forecast,
    name: str,
    values: Array,
    columns: tuple[Column, ...],
    target: Column,
    aimed: Array,
    shares: _Shares,
) -> DataSet:
    """Windows of (rows, columns), and the values of the target's column that follow each."""
    cuts = [round(len(values) * share) for share in (shares[0], shares[0] + shares[1])]
    reach = source.window + source.horizon
    parts, starts, count = [], [], 0
    for begin, end, share in zip([0, *cuts], [*cuts, len(values)], shares, strict=True):
        found = np.arange(begin, end - reach + 1)
        if share > 0 and not len(found):
            raise UserError(
                f"{name} has {len(values)} rows, too few for windows of {source.window} and "
                f"{source.horizon} rows after them in a share of {share:g}"
            )
        starts.append(found)
        parts.append(np.arange(count, count + len(found)))
        count += len(found)
    begins = np.concatenate(starts)
    windows = sliding_window_view(values, source.window, axis=0)[begins].swapaxes(1, 2)
    following = sliding_window_view(aimed, source.horizon)[begins + source.window]
    fields = {
        WINDOW: Field(WINDOW, "array", np.ascontiguousarray(windows), columns, True),
        target.name: Field(target.name, "array", following.copy(), (), True),
    }
    return DataSet(name, fields, WINDOW, target.name, (), Division(parts[1], parts[2]))
