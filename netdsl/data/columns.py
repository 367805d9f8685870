"""Columns of Arrow's tables as fields: numbers and categories, images, lists of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.fields import Array, Column, Field
from netdsl.data.quick import quick_categories
from netdsl.diagnostics import UserError

if TYPE_CHECKING:
    import pyarrow as pa


def kind_of(type: Any) -> str:
    """What a column of a type is: number, category, list, image, or other."""
    from pyarrow import types

    if types.is_dictionary(type):
        return kind_of(type.value_type)
    if types.is_integer(type) or types.is_floating(type) or types.is_decimal(type):
        return "number"
    if types.is_boolean(type) or types.is_string(type) or types.is_large_string(type):
        return "category"
    if types.is_list(type) or types.is_large_list(type) or types.is_fixed_size_list(type):
        return "list" if kind_of(type.value_type) in ("number", "list") else "other"
    if types.is_binary(type) or types.is_large_binary(type):
        return "image"
    if types.is_struct(type) and {"bytes", "path"} <= {field.name for field in type}:
        return "image"
    return "other"


def numbers(path: Path, name: str, column: pa.ChunkedArray) -> Array:
    """A column of numbers, float64; every one must be there and finite."""
    full(path, name, column)
    values = np.asarray(column.cast("float64").to_numpy(zero_copy_only=False))
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise UserError(
            f"{path}: row {wrong[0]} of column {name} is {values[wrong[0]]}, not a number"
        )
    return values


def categories(path: Path, name: str, column: pa.ChunkedArray) -> tuple[Array, tuple[str, ...]]:
    """The number of each row's category, and the categories in order of the alphabet."""
    import pyarrow as pa

    full(path, name, column)
    found = quick_categories(column.cast(pa.string()))
    if found is None:
        raise UserError(f"{path}: column {name} holds an empty text")
    return found


def lists(path: Path, name: str, column: pa.ChunkedArray) -> Field:
    """A column of lists of numbers, which must all have one shape."""
    full(path, name, column)
    try:
        values = np.array(column.to_pylist())
        if values.dtype.kind not in "iuf":
            raise ValueError
    except ValueError as error:
        raise UserError(f"{path}: the lists of column {name} have different lengths") from error
    number: type = np.float32 if values.dtype.kind == "f" else np.int64
    return Field(name, "array", values.astype(number))


def table_of(path: Path, columns: Mapping[str, pa.ChunkedArray], name: str) -> Field:
    """Columns of numbers and of categories side by side, as `csv` has them."""
    parts: list[Array] = []
    described: list[Column] = []
    for key, column in columns.items():
        if kind_of(column.type) == "number":
            described.append(Column(key))
            parts.append(numbers(path, key, column)[:, None].astype(np.float32))
        else:
            found, kinds = categories(path, key, column)
            described.append(Column(key, kinds))
            parts.append(np.eye(len(kinds), dtype=np.float32)[found])
    return Field(name, "table", np.concatenate(parts, axis=1), tuple(described), True)


def target_of(path: Path, name: str, column: pa.ChunkedArray) -> tuple[Field, tuple[str, ...]]:
    """A column as a target: numbers, labels with the names of their classes, or lists."""
    kind = kind_of(column.type)
    if kind == "number":
        return Field(name, "number", numbers(path, name, column).astype(np.float32)), ()
    if kind == "category":
        labels, classes = categories(path, name, column)
        return Field(name, "label", labels), classes
    if kind == "list":
        return lists(path, name, column), ()
    raise UserError(f"{path}: the target {name} holds {column.type}, not numbers or words")


def full(path: Path, name: str, column: pa.ChunkedArray) -> None:
    """Refuses a column in which something is missing."""
    if column.null_count:
        raise UserError(f"{path}: column {name} is empty in {column.null_count} rows")
