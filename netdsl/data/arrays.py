"""Arrays in a numpy file (`numpy.savez`), each a field of its name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from netdsl.catalog.sources import Npz
from netdsl.data.fields import Array, DataSet, Field
from netdsl.diagnostics import UserError

_TARGETS = ("label", "y")


def arrays(source: Npz, folder: Path) -> DataSet:
    """Reads the arrays of an `npz` source; its file is relative to `folder`."""
    path = folder / source.file
    found = read_arrays(path)
    names = ", ".join(found)
    target = source.target or next((name for name in _TARGETS if name in found), None)
    if target is None:
        raise UserError(f'{path} has neither label nor y; name its target, target="…", of {names}')
    if target not in found:
        raise UserError(f"{path} has no array {target}; its arrays are {names}")
    main = next((name for name in found if name != target), None)
    if main is None:
        raise UserError(f"{path} holds nothing beside the target {target}")
    fields = {name: as_field(path, name, values) for name, values in found.items()}
    fields[target], classes = _target(path, target, found[target])
    return DataSet(source.file, fields, main, target, classes)


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of a file by name; nothing in it is executed. All count the same examples."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            found: dict[str, Array] = dict(archive.items())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or 'it is no numpy file'}") from error
    except (ValueError, AttributeError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is no file of plain numpy arrays (numpy.savez)") from error
    lengths = {name: len(values) if values.ndim else 0 for name, values in found.items()}
    if not found or min(lengths.values()) == 0:
        raise UserError(f"{path} holds no examples in {', '.join(found) or 'any array'}")
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UserError(f"{path}: the arrays count different numbers of examples: {told}")
    return found


def as_field(path: Path, name: str, values: Array) -> Field:
    """An array as the field that it is by its type and number of axes."""
    if values.dtype == np.uint8 and values.ndim >= 3:
        return Field(name, "image", values[..., None] if values.ndim == 3 else values)
    if values.dtype.kind in "iub":
        return Field(name, "array", values.astype(np.int64))
    if values.dtype.kind != "f":
        raise UserError(f"{path}: {name} holds {values.dtype}, not numbers")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise UserError(f"{path}: {name}[{place}] is {values[tuple(wrong[0])]}, not a number")
    as_floats = values.astype(np.float32)
    if values.ndim == 2:
        return Field(name, "table", as_floats, standardised=True)
    # (n, height, width) of floats may be sequences just as well: only bytes are taken as images.
    return Field(name, "image" if values.ndim == 4 else "array", as_floats)


def _target(path: Path, name: str, values: Array) -> tuple[Field, tuple[str, ...]]:
    if values.dtype.kind in "iub" and not (values.dtype == np.uint8 and values.ndim > 3):
        if values.min() < 0:
            raise UserError(f"{path}: {name} holds {values.min()}, but classes count from 0")
        classes = tuple(str(number) for number in range(int(values.max()) + 1))
        return Field(name, "label", values.astype(np.int64)), classes
    field = as_field(path, name, values)
    kind = "number" if values.ndim == 1 else field.kind
    return Field(name, kind, field.values), ()
