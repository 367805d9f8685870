"""Large tables in text files, read by Arrow, which takes a fraction of the time.

It gives what `tables.py` would. Wherever that is not sure it gives nothing, and `tables.py` reads
the file again and says what is wrong with it, and where.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.fields import Array, Column, Field

if TYPE_CHECKING:
    import pyarrow as pa

# From how many bytes on a table is read this way.
LARGE = 4 << 20


def quick_columns(path: Path, separator: str) -> dict[str, pa.ChunkedArray] | None:
    """The cells of each column as texts; None where the file is no plain table."""
    try:
        from pyarrow import ArrowException, compute, string
        from pyarrow.csv import ConvertOptions, ParseOptions, read_csv
    except ImportError:
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, delimiter=separator, strict=True), [])
        names = [name.strip() for name in header]
        if len(set(names)) < len(names) or "" in names:
            return None
        table = read_csv(
            path,
            parse_options=ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=ConvertOptions(
                column_types={name: string() for name in header}, strings_can_be_null=False
            ),
        )
    except (ArrowException, OSError, ValueError, TypeError, csv.Error):
        return None
    if table.column_names != header or not len(table):
        return None
    return {
        name: compute.utf8_trim_whitespace(table.column(index)) for index, name in enumerate(names)
    }


def quick_field(
    columns: dict[str, pa.ChunkedArray], name: str, numeric: dict[str, bool]
) -> Field | None:
    """The columns that `numeric` names as one table: numbers, and one number for each category."""
    described: list[Column] = []
    parts: list[Array] = []
    for key, is_number in numeric.items():
        if is_number:
            values = quick_numbers(columns[key])
            if values is None:
                return None
            described.append(Column(key))
            parts.append(values[:, None].astype(np.float32))
        else:
            found = quick_categories(columns[key])
            if found is None:
                return None
            labels, kinds = found
            described.append(Column(key, kinds))
            parts.append(np.eye(len(kinds), dtype=np.float32)[labels])
    return Field(name, "table", np.concatenate(parts, axis=1), tuple(described), True)


def quick_numbers(column: pa.ChunkedArray) -> Array | None:
    """A column of finite numbers, float64, else None."""
    from pyarrow import ArrowException

    try:
        values: Array = np.asarray(column.cast("float64"))
    except ArrowException:
        return None
    return values if np.isfinite(values).all() else None


def quick_categories(column: pa.ChunkedArray) -> tuple[Array, tuple[str, ...]] | None:
    """The number of each row's category, and the categories in order; None where one is empty."""
    coded = column.combine_chunks().dictionary_encode()
    found: list[str] = coded.dictionary.to_pylist()
    if "" in found:
        return None
    order = sorted(found)
    place = {kind: number for number, kind in enumerate(order)}
    moved = np.array([place[kind] for kind in found], np.int64)
    return moved[np.asarray(coded.indices)], tuple(order)
