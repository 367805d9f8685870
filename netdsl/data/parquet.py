"""Tables in Parquet files: numbers, categories, lists, and pictures as bytes."""

from __future__ import annotations

import io
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.catalog.sources import Parquet
from netdsl.data.columns import kind_of, lists, table_of, target_of
from netdsl.data.fields import DataSet, Field
from netdsl.data.pictures import Form, Pictures, Place, form_of, header, size_of
from netdsl.data.tables import FEATURES
from netdsl.diagnostics import UserError
from netdsl.extras import need

# How many bytes of row groups a process keeps of a file, so that rows near one another are read
# from the disk once.
_KEPT = 256 << 20


def parquet(source: Parquet, base: Path) -> DataSet:
    """Reads the table of a `parquet` source; its pictures are read as they are needed."""
    path = base / source.file
    need("pyarrow")
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            kinds = {field.name: kind_of(field.type) for field in file.schema_arrow}
            if source.target not in kinds:
                raise UserError(
                    f"{path} has no column {source.target}; its columns are {', '.join(kinds)}"
                )
            pictures = [name for name, kind in kinds.items() if kind == "image"]
            table = file.read([name for name in kinds if name not in pictures])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except ArrowException as error:
        raise UserError(f"{path} is no Parquet file: {error}") from error
    if not len(table):
        raise UserError(f"{path} holds no rows")
    fields: dict[str, Field] = {}
    for name in pictures:
        fields[name] = _pictures(source, path, name)
    plain = {
        name: table.column(name)
        for name, kind in kinds.items()
        if kind in ("number", "category") and name != source.target
    }
    if plain:
        fields[FEATURES] = table_of(path, plain, FEATURES)
    for name, kind in kinds.items():
        if kind == "list" and name != source.target:
            fields[name] = lists(path, name, table.column(name))
        elif kind == "other":
            raise UserError(f"{path}: column {name} holds {table.column(name).type}; leave it out")
    if not fields or source.target in fields:
        raise UserError(f"{path} has no column beside the target {source.target}")
    main = next(iter(fields))
    target, classes = target_of(path, source.target, table.column(source.target))
    return DataSet(source.file, {**fields, target.name: target}, main, target.name, classes)


def _pictures(source: Parquet, path: Path, name: str) -> Field:
    groups = _Groups(path, name)
    form = form_of(
        len(groups),
        lambda row: header(io.BytesIO(groups.content(row))),
        lambda row: f"row {row} of {path}",
        size_of(source.size),
        source.corrupt,
        'parquet("…", size=64)',
    )
    values = GroupPictures(groups, form, source.corrupt)
    return Field(name, "image", values, size=form.size)


class _Groups:
    """A column of bytes, by row groups; the last ones that were used stay in memory."""

    def __init__(self, path: Path, column: str) -> None:
        from pyarrow.parquet import ParquetFile

        self._path = path
        self._column = column
        with ParquetFile(path) as file:
            counts = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        self._ends = np.cumsum(counts)
        self._kept: OrderedDict[int, Any] = OrderedDict()
        self._size = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": OrderedDict(), "_size": 0}

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def content(self, row: int) -> bytes:
        """The bytes of a row; `ValueError` where there are none."""
        group = int(np.searchsorted(self._ends, row, side="right"))
        first = int(self._ends[group - 1]) if group else 0
        value = self._group(group)[row - first].as_py()
        found = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(found, bytes):
            raise ValueError("the row holds no bytes")
        return found

    def _group(self, group: int) -> Any:
        from pyarrow.parquet import ParquetFile

        if group in self._kept:
            self._kept.move_to_end(group)
            return self._kept[group]
        with ParquetFile(self._path) as file:
            column = file.read_row_group(group, [self._column]).column(0)
        self._kept[group] = column
        self._size += column.nbytes
        while self._size > _KEPT and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1].nbytes
        return column


class GroupPictures(Pictures):
    """Pictures in a column of a Parquet file."""

    def __init__(self, groups: _Groups, form: Form, corrupt: float) -> None:
        super().__init__(len(groups), form, corrupt)
        self._groups = groups

    def open(self, row: int) -> Place:
        """See `Pictures.open`."""
        return io.BytesIO(self._groups.content(row))

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return f"row {row} of {self._groups.path}"

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        known = self._groups.path.stat()
        return f"{self._groups.path.name} {known.st_size} {known.st_mtime_ns}".encode()
