"""Pictures with a class for each pixel: pairs of files of one stem."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.backends.engine import IGNORED
from netdsl.catalog.sources import Masks
from netdsl.data.fields import DataSet, Field
from netdsl.data.folders import Files, stamped
from netdsl.data.pictures import ENDINGS, form_of, header, read_each, size_of
from netdsl.data.streamed import Array, Good, Indices, Names, Streamed
from netdsl.diagnostics import UserError


def masks(source: Masks, base: Path) -> DataSet:
    """Finds the pairs of a `masks` source; its directories are relative to `base`."""
    if source.names and source.classes not in (None, len(source.names)):
        raise UserError(
            f"masks has names for {len(source.names)} classes, but classes={source.classes}"
        )
    directories = base / source.images, base / source.masks
    images, masks_ = (_by_stem(directory) for directory in directories)
    for found, other, directory in ((images, masks_, 1), (masks_, images, 0)):
        alone = next((found[stem] for stem in sorted(found) if stem not in other), None)
        if alone is not None:
            raise UserError(f"{directories[directory]} has no file beside {alone} of the same name")
    stems = sorted(images)
    paths = [str(directories[0] / images[stem]) for stem in stems]
    form = form_of(
        len(stems),
        lambda row: header(Path(paths[row])),
        lambda row: paths[row],
        size_of(source.size),
        source.corrupt,
        'masks("…", "…", size=64)',
    )
    image = Files(
        directories[0],
        Names([images[stem] for stem in stems]),
        form,
        source.corrupt,
        _stamp(directories[0], images),
    )
    size = form.height, form.width
    names = Names([masks_[stem] for stem in stems])
    mask = MaskFiles(directories[1], names, size, source, _stamp(directories[1], masks_))
    called = source.names or tuple(map(str, range(source.classes or mask.count_classes())))
    fields = {
        "image": Field("image", "image", image, size=form.size),
        "mask": Field("mask", "label", mask),
    }
    return DataSet(source.images, fields, "image", "mask", called)


class MaskFiles(Streamed):
    """The class of each pixel: (n, height, width), int64, from pictures of grey or of a palette."""

    def __init__(
        self, directory: Path, names: Names, size: tuple[int, int], source: Masks, stamp: int
    ) -> None:
        self._directory = directory
        self._names = names
        self._size = size
        self._classes = len(source.names) if source.names else source.classes
        self._ignore = source.ignore
        self._stamp = stamp
        self.corrupt = source.corrupt

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Streamed.shape`."""
        return (len(self._names), *self._size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        return np.dtype(np.int64)

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        return read_each(rows, self._size, self.dtype, self._decoded)

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return str(self._directory / self._names[row])

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return f"{self._stamp:08x} {self._size} {self._ignore}".encode()

    def count_classes(self) -> int:
        """How many classes there are by their largest number; reads every mask."""
        largest = -1
        for row in range(len(self)):
            values, good = self.read(np.array([row]))
            if good[0]:
                largest = max(largest, int(values.max()))
        if largest < 0:
            raise UserError(f"{self._directory} holds no mask with a class")
        return largest + 1

    def _decoded(self, row: int) -> Array:
        from PIL import Image

        with Image.open(self.where(row)) as opened:
            if opened.mode not in ("1", "L", "P") and opened.mode[0] != "I":
                raise UserError(
                    f"{self.where(row)} is a mask in colours; a mask is grey or has a palette, so "
                    "that each pixel is the number of a class"
                )
            wanted = self._size[1], self._size[0]
            # A class between two others means neither: the nearest pixel is taken.
            sized = (
                opened if opened.size == wanted else opened.resize(wanted, Image.Resampling.NEAREST)
            )
            values = np.asarray(sized).astype(np.int64)
        values[values == self._ignore] = IGNORED
        if self._classes is not None and values.max() >= self._classes:
            raise UserError(
                f"{self.where(row)} has the class {values.max()}, but there are {self._classes}, "
                "counted from 0"
            )
        return values


def _by_stem(directory: Path) -> dict[str, str]:
    """The names of a directory's pictures by stem."""
    if not directory.is_dir():
        raise UserError(f"{directory} is no directory")
    names = sorted(name for name in os.listdir(directory) if name[0] != ".")
    found: dict[str, str] = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending.lower() not in ENDINGS:
            raise UserError(f"{directory / name} is no picture; masks needs directories of these")
        if stem in found:
            raise UserError(f"{directory} holds both {found[stem]} and {name}")
        found[stem] = name
    if not found:
        raise UserError(f"{directory} holds no picture")
    return found


def _stamp(directory: Path, names: dict[str, str]) -> int:
    stamp = 0
    for stem in sorted(names):
        stamp = stamped(directory / names[stem], names[stem], stamp)
    return stamp
