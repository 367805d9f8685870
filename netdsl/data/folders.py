"""Pictures in a directory for each class."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from netdsl.catalog.sources import Folder
from netdsl.data.fields import DataSet, Division, Field
from netdsl.data.pictures import ENDINGS, Form, Pictures, Place, form_of, header, size_of
from netdsl.data.streamed import CORRUPT, Indices, Names
from netdsl.diagnostics import UserError

# The directories that are shares where they stand above those of the classes.
_SHARES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test",),
}


def folder(source: Folder, base: Path) -> DataSet:
    """Finds the pictures of a `folder` source; its directory is relative to `base`."""
    directory = base / source.directory
    if not directory.is_dir():
        raise UserError(f"{directory} is no directory; folder needs one with one for each class")
    found = _shares(directory)
    classes = sorted({kind.name for share in found.values() for kind in _directories(share)})
    if not classes:
        raise UserError(f"{directory} holds no directory; folder needs one for each class")
    files: list[str] = []
    labels: list[int] = []
    ends: dict[str, tuple[int, int]] = {}
    stamp = 0
    for name, share in found.items():
        start = len(files)
        for kind in _directories(share):
            names, stamp = _pictures(kind, directory, stamp)
            files += names
            labels += [classes.index(kind.name)] * len(names)
        ends[name] = (start, len(files))
    paths = Names(files)
    form = form_of(
        len(files),
        lambda row: header(directory / files[row]),
        lambda row: str(directory / files[row]),
        size_of(source.size),
        source.corrupt,
        'folder("…", size=64)',
    )
    image = Files(directory, paths, form, source.corrupt, stamp)
    label = np.array(labels, dtype=np.int64)
    fields = {
        "image": Field("image", "image", image, size=form.size),
        "label": Field("label", "label", label),
    }
    division = _division({n: np.arange(*part) for n, part in ends.items()})
    return DataSet(source.directory, fields, "image", "label", tuple(classes), division)


class Files(Pictures):
    """Pictures in files below a directory; `stamp` changes when the files do."""

    def __init__(
        self, directory: Path, names: Names, form: Form, corrupt: float = CORRUPT, stamp: int = 0
    ) -> None:
        super().__init__(len(names), form, corrupt)
        self._directory = directory
        self._names = names
        self._stamp = stamp

    def open(self, row: int) -> Place:
        """See `Pictures.open`."""
        return self._directory / self._names[row]

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return str(self.open(row))

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return f"{self._stamp:08x} {self.shape}".encode()


def stamped(entry: os.DirEntry[str] | Path, name: str, stamp: int) -> int:
    """A checksum that goes on with a file's name, size and time of its last change."""
    known = entry.stat()
    return zlib.crc32(f"{name}\0{known.st_size}\0{known.st_mtime_ns}\0".encode(), stamp)


def _shares(directory: Path) -> dict[str, Path]:
    """The directories of the shares; where there are none, the directory as a share `all`."""
    found = {
        share: directory / name
        for share, names in _SHARES.items()
        for name in names
        if (directory / name).is_dir()
    }
    if "train" in found and len(found) > 1 and len(found) == len(_directories(directory)):
        return found
    return {"all": directory}


def _division(parts: dict[str, Indices]) -> Division | None:
    if "all" in parts:
        return None
    return Division(parts.get("validation"), parts.get("test"))


def _directories(directory: Path) -> list[Path]:
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0] != ".")
    return [directory / name for name in names]


def _pictures(kind: Path, directory: Path, stamp: int) -> tuple[Sequence[str], int]:
    """The names of a class's pictures, relative to the whole directory, and the stamp."""
    with os.scandir(kind) as entries:
        files = sorted((e for e in entries if e.name[0] != "."), key=lambda entry: entry.name)
    above = kind.relative_to(directory).as_posix()
    names = []
    for file in files:
        if not file.name.lower().endswith(ENDINGS):
            raise UserError(f"{file.path} is no picture; a class's directory holds nothing else")
        names.append(f"{above}/{file.name}")
        stamp = stamped(file, names[-1], stamp)
    if not names:
        raise UserError(f"{kind} holds no picture")
    return names, stamp
