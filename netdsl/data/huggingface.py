"""Data sets of Hugging Face: by name, or from a folder that `save_to_disk` has written.

What `datasets` has stored lies in Arrow files; worker processes map these and need no more.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.catalog.sources import HuggingFace
from netdsl.data.columns import full, kind_of, lists, table_of, target_of
from netdsl.data.fields import Column, DataSet, Division, Field, Indices
from netdsl.data.pictures import Form, Pictures, Place, form_of, header, size_of
from netdsl.data.split import split
from netdsl.data.tables import FEATURES
from netdsl.data.texts import fitted
from netdsl.data.vocabulary import learn
from netdsl.diagnostics import UserError
from netdsl.extras import need

if TYPE_CHECKING:
    import pyarrow as pa

# The names of the parts that are shares, and those of targets.
_TRAIN = ("train",)
_VALIDATION = ("validation", "valid", "val", "dev")
_TEST = ("test",)
_TARGETS = ("label", "labels", "target", "y")


def huggingface(
    source: HuggingFace, base: Path, seed: int, shares: tuple[float, float, float]
) -> DataSet:
    """Opens a data set, each feature as the field that its type says."""
    parts = _parts(source, base)
    files, counts, stamp = _files(source, parts)
    features = next(iter(parts.values())).features
    table = ArrowRows(files, stamp).table()
    target = source.target or next((name for name in _TARGETS if name in features), None)
    if target is None or target not in features:
        raise UserError(f'{source.name}: name the target, target="…", of {", ".join(features)}')
    where = Path(source.name)
    kinds = {name: kind_of(table.schema.field(name).type) for name in features}
    label, classes = _target(where, target, features[target], table)
    division = _division(counts)
    fields: dict[str, Field] = {}
    plain = [n for n in features if n != target and kinds[n] == "number"]
    for name in features:
        if name == target:
            continue
        if kinds[name] == "image":
            fields[name] = _pictures(source, name, files, stamp)
        elif kinds[name] == "list":
            fields[name] = lists(where, name, table.column(name))
        elif kinds[name] == "category" and source.length is None:
            plain.append(name)
        elif kinds[name] == "other":
            raise UserError(f"{source.name}: {name} holds {features[name]}, which is no field here")
    texts = [n for n in features if n != target and kinds[n] == "category"]
    if source.length is not None:
        if len(texts) != 1:
            raise UserError(f"{source.name}: length is for a data set with one text, not {texts}")
        known = DataSet(source.name, {target: label}, target, target, classes, division)
        train = split(known, shares, seed).train
        fields["tokens"] = _tokens(source, texts[0], table, train)
    if plain:
        fields[FEATURES] = table_of(where, {n: table.column(n) for n in plain}, FEATURES)
    if not fields:
        raise UserError(f"{source.name} has nothing beside the target {target}")
    main = next(iter(fields))
    return DataSet(source.name, {**fields, target: label}, main, target, classes, division)


def _parts(source: HuggingFace, base: Path) -> dict[str, Any]:
    """The parts of a data set by name; `all` where it has none."""
    datasets = need("datasets")
    path = base / source.name
    try:
        if path.is_dir():
            found = datasets.load_from_disk(str(path))
        else:
            found = datasets.load_dataset(source.name, source.subset)
    except (OSError, ValueError, ConnectionError) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{source.name} cannot be opened: {told}; without a network, give a folder that "
            "save_to_disk has written"
        ) from error
    parts = dict(found) if isinstance(found, dict) else {"all": found}
    if source.split is not None:
        if source.split not in parts:
            raise UserError(f"{source.name} has no {source.split}; it has {', '.join(parts)}")
        parts = {"all": parts[source.split]}
    known = ("all", *_TRAIN, *_VALIDATION, *_TEST)
    parts = {name: part for name, part in parts.items() if name in known and len(part)}
    if not parts:
        raise UserError(f'{source.name}: choose one of its parts, split="…"')
    return parts


def _files(
    source: HuggingFace, parts: dict[str, Any]
) -> tuple[tuple[Path, ...], dict[str, int], str]:
    """The Arrow files of all parts in order, how many examples each has, and a checksum."""
    files: list[Path] = []
    for name, part in parts.items():
        if part._indices is not None or not part.cache_files:
            raise UserError(
                f"{source.name}: {name} is a selection of rows; write it out with "
                "flatten_indices() and save_to_disk"
            )
        files += [Path(file["filename"]) for file in part.cache_files]
    stamp = " ".join(part._fingerprint for part in parts.values())
    return tuple(files), {name: len(part) for name, part in parts.items()}, stamp


def _division(counts: dict[str, int]) -> Division | None:
    found: dict[str, Indices] = {}
    start = 0
    for name, count in counts.items():
        found[name] = np.arange(start, start + count)
        start += count
    if "all" in found:
        return None
    validation = next((found[name] for name in _VALIDATION if name in found), None)
    return Division(validation, next((found[name] for name in _TEST if name in found), None))


def _target(where: Path, name: str, feature: Any, table: pa.Table) -> tuple[Field, tuple[str, ...]]:
    column = table.column(name)
    names = feature.names if type(feature).__name__ == "ClassLabel" else None
    if names is None:
        return target_of(where, name, column)
    full(where, name, column)
    labels = np.asarray(column).astype(np.int64)
    if labels.min() < 0:
        raise UserError(f"{where}: {name} is not known for all examples (-1)")
    return Field(name, "label", labels), tuple(names)


def _tokens(source: HuggingFace, name: str, table: pa.Table, train: Indices) -> Field:
    assert source.length is not None
    texts: list[str] = table.column(name).to_pylist()
    full(Path(source.name), name, table.column(name))
    vocabulary = learn([texts[row] for row in train], source.unit, source.vocabulary, padded=True)
    values = np.stack([fitted(vocabulary, text, source.length) for text in texts])
    return Field("tokens", "array", values, (Column(name),), vocabulary=vocabulary)


def _pictures(source: HuggingFace, name: str, files: tuple[Path, ...], stamp: str) -> Field:
    rows = ArrowRows(files, stamp)
    values = ArrowPictures(rows, name, Form(0, 0, 3, False), source.corrupt)
    form = form_of(
        len(rows),
        lambda row: header(values.open(row)),
        values.where,
        size_of(source.size),
        source.corrupt,
        'huggingface("…", size=64)',
    )
    found = ArrowPictures(rows, name, form, source.corrupt)
    return Field(name, "image", found, size=form.size)


class ArrowRows:
    """The rows of several Arrow files, which are mapped, not read."""

    def __init__(self, files: tuple[Path, ...], stamp: str) -> None:
        self.files = files
        self.stamp = stamp
        self._table: pa.Table | None = None
        self._count = len(self.table())

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_table": None}

    def __len__(self) -> int:
        return self._count

    def table(self) -> pa.Table:
        """All rows."""
        if self._table is None:
            import pyarrow as pa

            tables = [pa.ipc.open_stream(pa.memory_map(str(f))).read_all() for f in self.files]
            self._table = pa.concat_tables(tables)
        return self._table


class ArrowPictures(Pictures):
    """Pictures in a column: as bytes, or as files that it names."""

    def __init__(self, rows: ArrowRows, column: str, form: Form, corrupt: float) -> None:
        super().__init__(len(rows), form, corrupt)
        self._rows = rows
        self._column = column

    def open(self, row: int) -> Place:
        """See `Pictures.open`."""
        value = self._rows.table().column(self._column)[row].as_py()
        content = value["bytes"] if isinstance(value, dict) else value
        if content is None:
            return Path(value["path"])
        return io.BytesIO(content)

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return f"row {row} of {self._rows.files[0].parent}"

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return f"{self._rows.stamp} {self.shape}".encode()
