"""Large arrays of numpy files: mapped into memory, of which only what is asked for is read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.lib import format as npy

from netdsl.data.streamed import Array, Good, Indices, Streamed

# From how many bytes on an array that can be mapped is not read into memory.
LARGE = 1 << 28

Shape: TypeAlias = tuple[int, ...]


class Mapped(Streamed):
    """An array at a place of a file, as uint8 (of images), int64 or float32.

    Rows of floats that are not finite count as unreadable.
    """

    def __init__(self, path: Path, name: str, offset: int, stored: np.dtype[Any], shape: Shape):
        self._path = path
        self._name = name
        self._offset = offset
        self._stored = stored
        self._shape = shape
        self._array: Array | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A worker process maps the file itself.
        return {**self.__dict__, "_array": None}

    @property
    def stored(self) -> np.dtype[Any]:
        """The type of the numbers in the file."""
        return self._stored

    @property
    def shape(self) -> Shape:
        """See `Streamed.shape`; images without an axis of channels get one."""
        grey = self._of_bytes and len(self._shape) == 3
        return (*self._shape, 1) if grey else self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        if self._of_bytes:
            return np.dtype(np.uint8)
        return np.dtype(np.float32 if self._stored.kind == "f" else np.int64)

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        if self._array is None:
            self._array = np.memmap(self._path, self._stored, "r", self._offset, self._shape)
        values = self._array[rows].astype(self.dtype).reshape(len(rows), *self.shape[1:])
        if values.dtype.kind != "f":
            return values, np.ones(len(rows), dtype=np.bool_)
        good = np.isfinite(values.reshape(len(rows), -1)).all(axis=1)
        return values[good], good

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return f"{self._path}: {self._name}[{row}]"

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        known = self._path.stat()
        return f"{self._path.name} {self._name} {known.st_size} {known.st_mtime_ns}".encode()

    @property
    def _of_bytes(self) -> bool:
        return self._stored == np.uint8 and len(self._shape) >= 3


def mapped(path: Path, name: str, file: BinaryIO) -> Mapped | None:
    """What stands in a file from where it is read on, in numpy's format, if it can be mapped."""
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_columns, dtype = read_header(file)
    if by_columns or dtype.hasobject or not shape:
        return None
    return Mapped(path, name, file.tell(), dtype, shape)


def large_members(path: Path) -> dict[str, Mapped]:
    """The large arrays of an `.npz` file that are not compressed, by name."""
    found = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size < LARGE:
                continue
            # A local header of 30 bytes ends in the lengths of the two fields that follow it.
            file.seek(member.header_offset + 26)
            lengths = file.read(4)
            beyond = int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
            file.seek(member.header_offset + 30 + beyond)
            name = member.filename.removesuffix(".npy")
            array = mapped(path, name, file)
            if array is not None:
                found[name] = array
    return found
