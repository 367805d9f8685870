"""From a source's record to its data set: a table of readers, keyed by the record's class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from netdsl.catalog.sources import (
    Circles,
    Csv,
    DataSource,
    Digits,
    Folder,
    Gauss,
    Iris,
    Npz,
    Spirals,
    Xor,
)
from netdsl.data.arrays import arrays
from netdsl.data.bundled import digits, iris
from netdsl.data.fields import DataSet
from netdsl.data.folders import folder
from netdsl.data.tables import table
from netdsl.data.toys import toy
from netdsl.diagnostics import UserError

# A reader takes the record, the folder that its paths are relative to, and the seed.
_Reader = Callable[[Any, Path, int], DataSet]

_READERS: dict[type[DataSource], _Reader] = {
    Digits: lambda source, base, seed: digits(),
    Iris: lambda source, base, seed: iris(),
    Csv: lambda source, base, seed: table(source, base),
    Npz: lambda source, base, seed: arrays(source, base),
    Folder: lambda source, base, seed: folder(source, base),
    **dict.fromkeys((Gauss, Xor, Circles, Spirals), lambda source, base, seed: toy(source, seed)),
}


def read(source: DataSource, base: Path, seed: int) -> DataSet:
    """Reads a source whose paths are relative to `base`; toys are drawn by `seed`."""
    if type(source) not in _READERS:
        raise UserError(f"{source.word} cannot be read by this version of netdsl")
    return _READERS[type(source)](source, base, seed)
