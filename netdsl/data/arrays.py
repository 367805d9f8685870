"""Arrays in a numpy file (`numpy.savez`) or in a directory of them, each a field of its name."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from netdsl.backends.engine import IGNORED
from netdsl.catalog.sources import Npz
from netdsl.data.fields import Array, DataSet, Field, Kind, Values
from netdsl.data.mapped import LARGE, Mapped, large_members, mapped
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError

_TARGETS = ("label", "y")


def arrays(source: Npz, folder: Path) -> DataSet:
    """Reads the arrays of an `npz` source, or maps them; its file is relative to `folder`."""
    path = folder / source.file
    found = _checked(path, _found(path))
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
    with_arrays = _checked(path, _loaded(path, ()))
    return {name: values for name, values in with_arrays.items() if isinstance(values, np.ndarray)}


def _found(path: Path) -> dict[str, Values]:
    if not path.is_dir():
        try:
            large = large_members(path)
        except (OSError, ValueError, zipfile.BadZipFile):
            return _loaded(path, ())  # which tells what is wrong
        return {**_loaded(path, large), **large}
    found: dict[str, Values] = {}
    for file in sorted(path.glob("*.npy")):
        with _failures(file), file.open("rb") as opened:
            large_one = None
            if file.stat().st_size >= LARGE:
                large_one = mapped(file, file.stem, opened)
            found[file.stem] = large_one or np.load(file, allow_pickle=False)
    return found


def _loaded(path: Path, without: Collection[str]) -> dict[str, Values]:
    with _failures(path), np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name not in without}


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or 'it is no numpy file'}") from error
    except (ValueError, AttributeError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is no file of plain numpy arrays (numpy.savez)") from error


def _checked(path: Path, found: dict[str, Values]) -> dict[str, Values]:
    """The arrays, which must all count the same examples."""
    lengths = {name: values.shape[0] if values.shape else 0 for name, values in found.items()}
    if not found or min(lengths.values()) == 0:
        raise UserError(f"{path} holds no examples in {', '.join(found) or 'any array'}")
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UserError(f"{path}: the arrays count different numbers of examples: {told}")
    return found


def as_field(path: Path, name: str, values: Values) -> Field:
    """An array as the field that it is by its type and number of axes."""
    stored = values.stored if isinstance(values, Mapped) else values.dtype
    if stored.kind not in "iubf":
        raise UserError(f"{path}: {name} holds {stored}, not numbers")
    kind = _kind(stored, len(values.shape))
    if isinstance(values, Streamed):
        return Field(name, kind, values, standardised=kind == "table")
    if kind == "image" and stored == np.uint8:
        return Field(name, kind, values[..., None] if values.ndim == 3 else values)
    if stored.kind != "f":
        return Field(name, kind, values.astype(np.int64))
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise UserError(f"{path}: {name}[{place}] is {values[tuple(wrong[0])]}, not a number")
    return Field(name, kind, values.astype(np.float32), standardised=kind == "table")


def _kind(stored: np.dtype[np.generic], axes: int) -> Kind:
    if stored == np.uint8 and axes >= 3:
        return "image"
    if stored.kind != "f":
        return "array"
    # (n, height, width) of floats may be sequences just as well: only bytes are taken as images.
    return {2: "table", 4: "image"}.get(axes, "array")  # type: ignore[return-value]


def _target(path: Path, name: str, values: Values) -> tuple[Field, tuple[str, ...]]:
    stored = values.stored if isinstance(values, Mapped) else values.dtype
    if stored.kind in "iub" and not (stored == np.uint8 and len(values.shape) > 3):
        every = np.arange(values.shape[0])
        labels = values.read(every)[0] if isinstance(values, Streamed) else values
        # In a row of labels a place may not count; of a label for each example that has no sense.
        counted = labels[labels != IGNORED] if labels.ndim > 1 else labels
        if not len(counted) or counted.min() < 0:
            least = counted.min() if len(counted) else IGNORED
            raise UserError(f"{path}: {name} holds {least}, but classes count from 0")
        classes = tuple(str(number) for number in range(int(counted.max()) + 1))
        return Field(name, "label", labels.astype(np.int64)), classes
    field = as_field(path, name, values)
    kind = "number" if len(values.shape) == 1 else field.kind
    return Field(name, kind, field.values), ()
