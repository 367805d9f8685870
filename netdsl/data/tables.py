"""Tables in text files: numbers stay numbers, categories become one number each.

The first line names the columns and the second decides what each of them holds.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from os.path import isfile
from pathlib import Path

import numpy as np

from netdsl.catalog.sources import Csv
from netdsl.data.fields import Array, Column, DataSet, Field
from netdsl.data.folders import Files, stamped
from netdsl.data.pictures import form_of, header, size_of
from netdsl.data.quick import (
    LARGE,
    quick_categories,
    quick_columns,
    quick_field,
    quick_numbers,
)
from netdsl.data.streamed import Names
from netdsl.diagnostics import UserError

FEATURES, IMAGE = "features", "image"
# Endings of tables in text files, with what stands between columns unless it is said.
ENDINGS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Rows:
    """The cells of a file, with the line that each row stands on."""

    path: Path
    header: tuple[str, ...]
    lines: tuple[int, ...]
    cells: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column; none may be empty."""
        if name not in self.header:
            raise UserError(
                f"{self.path} has no column {name}; its columns are {', '.join(self.header)}"
            )
        at = self.header.index(name)
        for line, row in zip(self.lines, self.cells, strict=True):
            if not row[at]:
                raise UserError(f"{self.path}:{line}: column {name} is empty")
        return [row[at] for row in self.cells]


def table(source: Csv, folder: Path) -> DataSet:
    """Reads the table of a `csv` source; its file is relative to `folder`."""
    path = folder / source.file
    if source.images is None and source.size is not None:
        raise UserError(f'{path}: size is that of pictures; images="…" says which column names any')
    quick = _quickly(source, path) if _is_large(path) and source.images is None else None
    if quick is not None:
        return quick
    rows = read_rows(path, separator_of(path, source.separator))
    rows.column(source.target)
    fields: dict[str, Field] = {}
    if source.images is not None:
        fields[IMAGE] = _pictures(source, rows, source.images)
    names = [name for name in rows.header if name not in (source.target, source.images)]
    if names:
        columns = columns_of(rows, names)
        fields[FEATURES] = Field(FEATURES, "table", encode(rows, columns), columns, True)
    if not fields:
        raise UserError(f"{rows.path} has no column beside the target {source.target}")
    if source.target in fields:
        told = f"a target cannot be called {source.target}; rename the column"
        raise UserError(f"{rows.path}: {told}")
    target, classes = target_of(rows, source.target)
    main = next(iter(fields))
    return DataSet(source.file, {**fields, target.name: target}, main, target.name, classes)


def picture_files(rows: Rows, column: str) -> list[Path]:
    """The files that a column names, beside the table or below it; each must be there."""
    files = [rows.path.parent / cell for cell in rows.column(column)]
    for line, cell, file in zip(rows.lines, rows.column(column), files, strict=True):
        if not isfile(file):  # of a text that is too long for a name, too
            raise UserError(f"{rows.path}:{line}: there is no file {cell} beside the table")
    return files


def _pictures(source: Csv, rows: Rows, column: str) -> Field:
    """The pictures that a column names, which are read as they are needed."""
    if column == source.target:
        raise UserError(f"{rows.path}: column {column} cannot be both images and target")
    files, names, stamp = picture_files(rows, column), rows.column(column), 0
    for name, file in zip(names, files, strict=True):
        stamp = stamped(file, name, stamp)
    form = form_of(
        len(files),
        lambda row: header(files[row]),
        lambda row: f"{rows.path}:{rows.lines[row]}: {names[row]}",
        size_of(source.size),
        source.corrupt,
        'csv("…", size=64)',
    )
    values = Files(rows.path.parent, Names(names), form, source.corrupt, stamp)
    return Field(IMAGE, "image", values, (Column(column),), size=form.size)


def _is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size >= LARGE


def _quickly(source: Csv, path: Path) -> DataSet | None:
    """The same by Arrow, or None where the other way must say what is wrong."""
    separator = separator_of(path, source.separator)
    columns = quick_columns(path, separator) if len(separator) == 1 else None
    if columns is None or source.target not in columns or source.target == FEATURES:
        return None
    numeric = {name: _number(column[0].as_py()) is not None for name, column in columns.items()}
    of_target = numeric.pop(source.target)
    features = quick_field(columns, FEATURES, numeric) if numeric else None
    classes: tuple[str, ...] = ()
    if of_target:
        values = quick_numbers(columns[source.target])
        target = None if values is None else Field(source.target, "number", values.astype("f4"))
    else:
        labelled = quick_categories(columns[source.target])
        labels, classes = labelled or (None, ())
        target = None if labels is None else Field(source.target, "label", labels)
    if features is None or target is None:
        return None
    fields = {FEATURES: features, target.name: target}
    return DataSet(source.file, fields, FEATURES, target.name, classes)


def separator_of(path: Path, given: str | None) -> str:
    """What stands between the columns of a file: as it is said, else as its ending says."""
    return given or ENDINGS.get(path.suffix.lower(), ",")


def target_of(rows: Rows, name: str) -> tuple[Field, tuple[str, ...]]:
    """A column as a target: numbers, or labels with the names of their classes."""
    cells = rows.column(name)
    if _number(cells[0]) is not None:
        return Field(name, "number", _numbers(rows, name).astype(np.float32)), ()
    classes = tuple(sorted(set(cells)))
    place = {kind: number for number, kind in enumerate(classes)}
    labels = np.array([place[cell] for cell in cells], dtype=np.int64)
    return Field(name, "label", labels), classes


def read_rows(path: Path, separator: str) -> Rows:
    """Every row of the file that is not blank; all must have as many cells as the header."""
    if len(separator) != 1:
        raise UserError(f'the separator of {path} must be one character, not "{separator}"')
    lines: list[int] = []
    cells: list[tuple[str, ...]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            header = tuple(name.strip() for name in next(reader, ()))
            for row in reader:
                if row:
                    lines.append(reader.line_num)
                    cells.append(tuple(cell.strip() for cell in row))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a text in UTF-8") from error
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: {error}") from error
    for line, found in zip(lines, cells, strict=True):
        if len(found) != len(header):
            raise UserError(
                f"{path}:{line}: {len(found)} cells, but the first line names {len(header)} columns"
            )
    if not header or not cells:
        raise UserError(f"{path} holds no rows; the first line names the columns")
    if len(set(header)) < len(header) or "" in header:
        raise UserError(f"{path}:1: the columns need names that differ")
    return Rows(path, header, tuple(lines), tuple(cells))


def encode(rows: Rows, columns: Sequence[Column]) -> Array:
    """The numbers of these columns, side by side: (rows, sum of widths), float32."""
    parts = [
        _numbers(rows, column.name)[:, None]
        if column.categories is None
        else _one_of(rows, column.name, column.categories)
        for column in columns
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def columns_of(rows: Rows, names: Sequence[str]) -> tuple[Column, ...]:
    """What these columns hold: numbers, where the first cell is one, or categories."""
    return tuple(_column(name, rows.column(name)) for name in names)


def _column(name: str, cells: list[str]) -> Column:
    if _number(cells[0]) is not None:
        return Column(name)
    return Column(name, tuple(sorted(set(cells))))


def _number(cell: str) -> float | None:
    """A finite number, or None. Python's underscores (`1_000`) are no number of a table."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def _numbers(rows: Rows, name: str) -> Array:
    values = []
    for line, cell in zip(rows.lines, rows.column(name), strict=True):
        number = _number(cell)
        if number is None:
            raise UserError(f'{rows.path}:{line}: column {name} holds "{cell}", which is no number')
        values.append(number)
    return np.array(values)


def _one_of(rows: Rows, name: str, categories: tuple[str, ...]) -> Array:
    place = {category: index for index, category in enumerate(categories)}
    chosen = []
    for line, cell in zip(rows.lines, rows.column(name), strict=True):
        if cell not in place:
            raise UserError(
                f'{rows.path}:{line}: column {name} holds "{cell}", which is none of '
                f"{', '.join(categories)}"
            )
        chosen.append(place[cell])
    return np.eye(len(categories))[chosen]
