"""Examples in tar archives, a few files of one stem for each, as WebDataset has them.

https://github.com/webdataset/webdataset: what stands before the first dot of a file's last part
says the example, the rest says what it is. The archives are not unpacked: an index of where each
file starts gives access in any order.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from netdsl.catalog.sources import Shards
from netdsl.data.fields import Array, DataSet, Field
from netdsl.data.pictures import ENDINGS, Form, Pictures, Place, form_of, header, read_each, size_of
from netdsl.data.streamed import Good, Indices, Streamed
from netdsl.diagnostics import UserError

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


class Stored:
    """Where the files of a field lie: for each row an archive, a place in it, and a length."""

    def __init__(self, archives: tuple[Path, ...], places: Array) -> None:
        self._archives = archives
        self._places = places  # (rows, 3), int64

    def __len__(self) -> int:
        return len(self._places)

    def content(self, row: int) -> bytes:
        """The bytes of a row's file."""
        archive, offset, length = self._places[row]
        with self._archives[archive].open("rb") as file:
            file.seek(offset)
            content: bytes = file.read(int(length))
            return content

    def where(self, row: int) -> str:
        """The archive, and the place in it."""
        archive, offset, _ = self._places[row]
        return f"{self._archives[archive]}, byte {offset}"

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        stamp = zlib.crc32(np.ascontiguousarray(self._places).tobytes())
        for archive in self._archives:
            known = archive.stat()
            told = f"{archive.name} {known.st_size} {known.st_mtime_ns}"
            stamp = zlib.crc32(told.encode(), stamp)
        return f"{stamp:08x}".encode()


def shards(source: Shards, base: Path) -> DataSet:
    """Finds the examples of a `shards` source, whose pattern is relative to `base`."""
    archives = tuple(base / name for name in expanded(source.files))
    found = _index(archives)
    names = sorted({kind for example in found.values() for kind in example})
    examples = [example for example in found.values() if len(example) == len(names)]
    if len(examples) < len(found):
        key, one = next((k, e) for k, e in found.items() if len(e) < len(names))
        lacking = next(name for name in names if name not in one)
        raise UserError(f"{source.files}: the example {key} has no .{lacking}, as others have")
    stored = {
        kind: Stored(archives, np.array([e[kind] for e in examples], np.int64)) for kind in names
    }
    fields: dict[str, Field] = {}
    classes: dict[str, tuple[str, ...]] = {}
    for kind, files in stored.items():
        for field, named in _fields(source, kind, files):
            if field.name in fields:
                raise UserError(f"{source.files} has two fields {field.name}")
            fields[field.name], classes[field.name] = field, named
    target = source.target or ("label" if "label" in fields else None)
    if target is None or target not in fields:
        told = ", ".join(fields) or "no field"
        raise UserError(f'{source.files} holds {told}; name the target of these, target="…"')
    main = "image" if "image" in fields else next((n for n in fields if n != target), None)
    if main is None or main == target:
        raise UserError(f"{source.files} holds nothing beside the target {target}")
    return DataSet(source.files, fields, main, target, classes[target])


def expanded(pattern: str) -> list[str]:
    """The names that `data-{000..099}.tar` stands for."""
    match = _RANGE.search(pattern)
    if match is None:
        return [pattern]
    first, last = match.groups()
    if int(last) < int(first):
        raise UserError(f"{pattern}: {first}..{last} counts down")
    return [
        name
        for number in range(int(first), int(last) + 1)
        for name in expanded(
            f"{pattern[: match.start()]}{number:0{len(first)}}{pattern[match.end() :]}"
        )
    ]


def _index(archives: tuple[Path, ...]) -> dict[str, dict[str, tuple[int, int, int]]]:
    """For each example, in order, where its files lie, by their endings."""
    found: dict[str, dict[str, tuple[int, int, int]]] = {}
    for number, archive in enumerate(archives):
        try:
            # Compressed archives have no places that a file could be read from.
            with tarfile.open(archive, "r:") as tar:
                for member in tar:
                    if not member.isreg():
                        continue
                    above, _, last = member.name.rpartition("/")
                    stem, _, ending = last.partition(".")
                    if not stem:
                        continue
                    example = found.setdefault(f"{archive.name}/{above}/{stem}", {})
                    example[ending.lower()] = (number, member.offset_data, member.size)
        except (OSError, tarfile.TarError) as error:
            told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UserError(
                f"{archive}: {told}; shards are tar archives that are not compressed"
            ) from error
    if not found:
        raise UserError(f"{archives[0]} holds no file")
    return found


def _fields(source: Shards, kind: str, files: Stored) -> Iterator[tuple[Field, tuple[str, ...]]]:
    """The fields that files of one ending are, each with its classes."""
    last = kind.rpartition(".")[2]
    if f".{last}" in ENDINGS:
        name = kind.rpartition(".")[0] or "image"
        yield _pictures(source, name, files), ()
    elif kind == "cls":
        yield _labels("label", [_number(files, row) for row in range(len(files))])
    elif last == "npy":
        yield Field(kind.rpartition(".")[0] or "array", "array", StoredArrays(files)), ()
    elif kind == "json":
        yield from _values(files)
    else:
        raise UserError(
            f"{source.files} holds files that end in .{kind}; known are pictures, .cls, .json and "
            ".npy"
        )


def _pictures(source: Shards, name: str, files: Stored) -> Field:
    form = form_of(
        len(files),
        lambda row: header(io.BytesIO(files.content(row))),
        files.where,
        size_of(source.size),
        source.corrupt,
        'shards("…", size=64)',
    )
    values = StoredPictures(files, form, source.corrupt)
    return Field(name, "image", values, size=form.size)


def _number(files: Stored, row: int) -> int:
    try:
        return int(files.content(row).decode("ascii"))
    except ValueError as error:
        raise UserError(f"{files.where(row)} is no number of a class (.cls)") from error


def _labels(name: str, numbers: list[int]) -> tuple[Field, tuple[str, ...]]:
    values = np.array(numbers, np.int64)
    if values.min() < 0:
        raise UserError(f"{name} holds {values.min()}, but classes count from 0")
    classes = tuple(str(number) for number in range(int(values.max()) + 1))
    return Field(name, "label", values), classes


def _values(files: Stored) -> Iterator[tuple[Field, tuple[str, ...]]]:
    """The numbers and words that a `.json` of each example has under one name."""
    rows = [_object(files, row) for row in range(len(files))]
    for name in rows[0]:
        values = [row.get(name) for row in rows]
        if all(isinstance(value, str) for value in values):
            classes = tuple(sorted(set(map(str, values))))
            place = {kind: number for number, kind in enumerate(classes)}
            labels = np.array([place[str(value)] for value in values], np.int64)
            yield Field(name, "label", labels), classes
        elif all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            if name == "label":
                yield _labels(name, [int(str(value)) for value in values])
            else:
                yield Field(name, "number", np.array(values, np.float32)), ()
        elif all(isinstance(value, int | float) for value in values):
            yield Field(name, "number", np.array(values, np.float32)), ()


def _object(files: Stored, row: int) -> Mapping[str, Any]:
    try:
        found = json.loads(files.content(row))
    except ValueError as error:
        raise UserError(f"{files.where(row)} is no JSON") from error
    if not isinstance(found, dict):
        raise UserError(f"{files.where(row)} holds no names with values")
    return found


class StoredPictures(Pictures):
    """Pictures inside of archives."""

    def __init__(self, files: Stored, form: Form, corrupt: float) -> None:
        super().__init__(len(files), form, corrupt)
        self._files = files

    def open(self, row: int) -> Place:
        """See `Pictures.open`."""
        return io.BytesIO(self._files.content(row))

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return self._files.where(row)

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return self._files.digest() + str(self.shape).encode()


class StoredArrays(Streamed):
    """Arrays of one shape inside of archives, in numpy's format: int64 or float32."""

    def __init__(self, files: Stored) -> None:
        self._files = files
        try:
            first = _array(files.content(0))
        except ValueError as error:
            raise UserError(f"{files.where(0)} is no array of numbers: {error}") from error
        self._shape = first.shape
        self._dtype = first.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Streamed.shape`."""
        return (len(self._files), *self._shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        return self._dtype

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        return read_each(
            rows, self._shape, self._dtype, lambda row: _array(self._files.content(row))
        )

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return self._files.where(row)

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return self._files.digest()


def _array(content: bytes) -> Array:
    values: Array = npy.read_array(io.BytesIO(content), allow_pickle=False)
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind != "f":
        raise ValueError(f"it holds {values.dtype}")
    return values.astype(np.float32)
