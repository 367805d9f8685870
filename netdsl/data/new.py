"""New examples for a trained net: pictures, tables or arrays, brought into the trained form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from netdsl.backends.engine import as_numbers
from netdsl.data.arrays import as_field, read_arrays
from netdsl.data.fields import Array, Column, Field, Kind
from netdsl.data.pictures import ENDINGS, read_picture
from netdsl.data.scaling import Scaling
from netdsl.data.tables import ENDINGS as TABLES
from netdsl.data.tables import Rows, encode, picture_files, read_rows, separator_of
from netdsl.data.texts import fitted, read_text
from netdsl.data.vocabulary import Vocabulary
from netdsl.diagnostics import UserError


@dataclass(frozen=True, slots=True)
class Schema:
    """What is known of a field that flows into a net, besides its numbers.

    `resized` is the height and width that the source resizes pictures to.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    columns: tuple[Column, ...] = ()
    scaling: Scaling | None = None
    resized: tuple[int, int] | None = None
    separator: str = ","
    vocabulary: Vocabulary | None = None

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "name": self.name,
            "kind": self.kind,
            "shape": list(self.shape),
            "columns": [
                {"name": column.name, "categories": column.categories} for column in self.columns
            ],
            "scaling": self.scaling.to_json() if self.scaling else None,
            "resized": self.resized,
            "separator": self.separator,
            "vocabulary": self.vocabulary.to_json() if self.vocabulary else None,
        }

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Schema:
        """The schema that `to_json` wrote."""
        columns = (
            Column(column["name"], column["categories"] and tuple(column["categories"]))
            for column in stored["columns"]
        )
        return Schema(
            stored["name"],
            stored["kind"],
            tuple(stored["shape"]),
            tuple(columns),
            Scaling.from_json(stored["scaling"]) if stored["scaling"] else None,
            stored["resized"] and (stored["resized"][0], stored["resized"][1]),
            stored["separator"],
            Vocabulary.from_json(stored["vocabulary"]) if stored.get("vocabulary") else None,
        )


def new_examples(
    files: Iterable[Path], schemas: Sequence[Schema]
) -> Iterator[tuple[list[str], list[Array]]]:
    """The examples of files: names, and one array for each field, scaled.

    Where several pictures flow into a net, each takes one file: so many in a row are an example.
    """
    pictures = len(schemas) > 1 and all(schema.kind == "image" for schema in schemas)
    together: list[Path] = []
    for file in files:
        if not pictures or file.suffix.lower() not in ENDINGS:
            yield read_new(file, schemas)
            continue
        together.append(file)
        if len(together) == len(schemas):
            read = [_from_picture(one, of) for one, of in zip(together, schemas, strict=True)]
            yield [", ".join(map(str, together))], _all_scaled(read, schemas)
            together = []
    if together:
        wanted = ", ".join(schema.name for schema in schemas)
        raise UserError(
            f"{together[0]}: this net takes {len(schemas)} pictures at once, {wanted}; give them "
            "one after the other"
        )


def read_new(path: Path, schemas: Sequence[Schema]) -> tuple[list[str], list[Array]]:
    """The examples of a file: a name for each, and one array for each field, scaled."""
    ending = path.suffix.lower()
    if ending == ".npz":
        arrays = read_arrays(path)
        fields = [_from_arrays(path, arrays, schema) for schema in schemas]
        names = [f"{path}[{index}]" for index in range(len(fields[0]))]
    elif ending in TABLES and _in_rows(schemas):
        rows = read_rows(path, _separator(path, schemas[0]))
        names = [f"{path}:{line}" for line in rows.lines]
        fields = [_from_rows(rows, schema) for schema in schemas]
    elif len(schemas) > 1:
        raise UserError(f"{path}: this net has several inputs; give {_ways(schemas)}")
    elif ending in ENDINGS:
        names, fields = [str(path)], [_from_picture(path, schemas[0])]
    elif schemas[0].vocabulary is not None:
        names, fields = _from_text(path, schemas[0], schemas[0].vocabulary)
    else:
        names, fields = _from_table(path, schemas[0])
    return names, _all_scaled(fields, schemas)


def _all_scaled(fields: Sequence[Array], schemas: Sequence[Schema]) -> list[Array]:
    return [
        schema.scaling.apply(values) if schema.scaling else values
        for values, schema in zip(fields, schemas, strict=True)
    ]


def _from_arrays(path: Path, arrays: Mapping[str, Array], schema: Schema) -> Array:
    if schema.name not in arrays:
        raise UserError(f"{path} has no array {schema.name}; its arrays are {', '.join(arrays)}")
    field: Field = as_field(path, schema.name, arrays[schema.name])
    values = as_numbers(field.array)
    if schema.kind == "image" and values.shape[1:] == schema.shape[:-1] and schema.shape[-1] == 1:
        values = values[..., None]
    if values.shape[1:] != schema.shape:
        raise UserError(
            f"{path}: each example of {schema.name} is {field.type}, but the net was trained on "
            f"{' x '.join(map(str, schema.shape))}"
        )
    return values if schema.kind == "label" else values.astype(np.float32, copy=False)


def _from_picture(path: Path, schema: Schema) -> Array:
    if schema.kind != "image":
        raise UserError(f"{path} is a picture, but the net was trained on a {schema.kind}")
    values = as_numbers(read_picture(path, schema.shape[-1], schema.resized))
    if values.shape != schema.shape:
        raise UserError(
            f"{path} has {values.shape[0]} x {values.shape[1]} pixels, but the net was trained on "
            f"{schema.shape[0]} x {schema.shape[1]}"
        )
    return values[None]


def _in_rows(schemas: Sequence[Schema]) -> bool:
    """Whether an example is a row of a table, one column of which names its picture."""
    pictures = sum(schema.kind == "image" for schema in schemas)
    return pictures == 1 and all(schema.columns for schema in schemas)


def _ways(schemas: Sequence[Schema]) -> str:
    """What may have examples for several inputs."""
    ways = [f"an .npz file with {', '.join(schema.name for schema in schemas)}"]
    if all(schema.kind == "image" for schema in schemas):
        ways.append(f"{len(schemas)} pictures in a row")
    elif _in_rows(schemas):
        ways.append("a table with the columns of the one that was learned from")
    return ", or ".join(ways)


def _from_rows(rows: Rows, schema: Schema) -> Array:
    """A field of a table's rows: their columns, or the pictures that one of them names."""
    if schema.kind != "image":
        return encode(rows, schema.columns)
    files = picture_files(rows, schema.columns[0].name)
    return np.concatenate([_from_picture(file, schema) for file in files])


def _from_table(path: Path, schema: Schema) -> tuple[list[str], list[Array]]:
    """Its rows, or, where the net was trained on a series, the windows that end at each row."""
    if not schema.columns:
        if schema.kind == "image":
            raise UserError(f"{path} is no picture; give pictures or an .npz file")
        raise UserError(
            f"{path} cannot be read: the net was trained on a {schema.kind} without names of "
            "columns; give an .npz file"
        )
    rows = read_rows(path, _separator(path, schema))
    values = encode(rows, schema.columns)
    if len(schema.shape) == 1:
        return [f"{path}:{line}" for line in rows.lines], [values]
    window = schema.shape[0]
    if len(values) < window:
        raise UserError(f"{path} has {len(values)} rows; the net reads {window} at once")
    windows = sliding_window_view(values, window, axis=0).swapaxes(1, 2)
    return [f"{path}:{line}" for line in rows.lines[window - 1 :]], [windows]


def _from_text(path: Path, schema: Schema, vocabulary: Vocabulary) -> tuple[list[str], list[Array]]:
    """Windows over a text, or, where the net was trained on single texts, each of them.

    Single texts are the lines of a file, or the cells of a table's column.
    """
    (length,) = schema.shape
    if not schema.columns:
        numbers = vocabulary.numbers(read_text(path))
        begins = range(0, len(numbers) - length + 1, length)
        if not begins:
            raise UserError(
                f"{path} has {len(numbers)} {vocabulary.unit}s; the net reads {length} at once"
            )
        names = [f"{path}[{begin}]" for begin in begins]
        return names, [np.stack([numbers[begin : begin + length] for begin in begins])]
    if path.suffix.lower() in TABLES:
        rows = read_rows(path, _separator(path, schema))
        lines, texts = rows.lines, rows.column(schema.columns[0].name)
    else:
        numbered = enumerate(read_text(path).splitlines(), 1)
        found = [(number, line) for number, line in numbered if line.strip()]
        lines, texts = tuple(number for number, _ in found), [line for _, line in found]
    if not texts:
        raise UserError(f"{path} holds no text")
    values = np.stack([fitted(vocabulary, text, length) for text in texts])
    return [f"{path}:{line}" for line in lines], [values]


def _separator(path: Path, schema: Schema) -> str:
    return separator_of(path, None) if path.suffix.lower() == ".tsv" else schema.separator
