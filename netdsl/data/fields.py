"""What a source gives: named fields of numbers, one of them the main one, one the target."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from netdsl.backends.engine import IGNORED
from netdsl.data.streamed import Array, Indices, Streamed, Values
from netdsl.data.vocabulary import Vocabulary
from netdsl.diagnostics import UserError
from netdsl.tensor import TensorType

__all__ = [
    "Array",
    "Column",
    "DataSet",
    "Division",
    "Field",
    "Indices",
    "Kind",
    "Values",
    "as_labels",
    "counted",
]

# image: (n, height, width, channels), floats from 0 to 1 or bytes that mean these. table: (n,
# features). label: (n, …), numbers of classes from 0; in a row of labels also of a place that does
# not count. number: (n,), the target of a regression. array: anything else, as it stands.
Kind = Literal["image", "table", "label", "number", "array"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: numbers, or one of some categories, in order of the alphabet."""

    name: str
    categories: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """How many numbers it becomes: one, or one for each category."""
        return 1 if self.categories is None else len(self.categories)


@dataclass(frozen=True, slots=True)
class Field:
    """One array of a data set, in memory or streamed; the first axis counts the examples.

    The numbers are float32 or int64; those of an image may be uint8, where 255 means 1. `columns`
    are those of a table that has names; `standardised` says that the numbers in it are to have mean
    0 and standard deviation 1 over the training share. `size` is what pictures are resized to, and
    `vocabulary` what numbers of a text mean. `classes` are the names of a label's classes where it
    is not the source's target.
    """

    name: str
    kind: Kind
    values: Values
    columns: tuple[Column, ...] = ()
    standardised: bool = False
    size: tuple[int, int] | None = None
    vocabulary: Vocabulary | None = None
    classes: tuple[str, ...] = ()

    @property
    def array(self) -> Array:
        """The values of a field that lies in memory, as labels and numbers always do."""
        assert not isinstance(self.values, Streamed), f"{self.name} is streamed"
        return self.values

    def read(self, rows: Indices) -> Array:
        """The values of these examples, but those of files that cannot be read."""
        if isinstance(self.values, Streamed):
            return self.values.read(rows)[0]
        return self.values[rows]

    @property
    def type(self) -> TensorType:
        """The type of one example."""
        number: Literal["int", "float"] = "int" if self.values.dtype.kind == "i" else "float"
        return TensorType(tuple(self.values.shape[1:]), number)


@dataclass(frozen=True, slots=True)
class Division:
    """Which examples a source keeps for validation and for test; None leaves it to `split`."""

    validation: Indices | None
    test: Indices | None


@dataclass(frozen=True, slots=True)
class DataSet:
    """The examples of a source, in the source's order.

    `classes` are the names of the target's classes, empty where the target is no label; `division`
    says which examples the source itself keeps for validation and test.
    """

    name: str
    fields: Mapping[str, Field]
    main: str
    target: str
    classes: tuple[str, ...] = ()
    division: Division | None = None

    def __len__(self) -> int:
        return len(self.fields[self.main].values)

    def digest(self) -> str:
        """A checksum of all numbers: whether a source still gives what it gave.

        Of a field that is streamed it is one of its files' names, sizes and times.
        """
        checksum = 0
        for field in self.fields.values():
            checksum = zlib.crc32(field.name.encode(), checksum)
            checksum = zlib.crc32(_content(field.values), checksum)
        return f"{checksum:08x}"

    def classes_of(self, name: str) -> tuple[str, ...]:
        """The names of the classes of a label, the target or another."""
        return self.classes if name == self.target else self.fields[name].classes

    def with_field(self, field: Field, classes: tuple[str, ...] | None = None) -> DataSet:
        """The same examples with one field changed."""
        return replace(
            self,
            fields={**self.fields, field.name: field},
            classes=self.classes if classes is None else classes,
        )


def _content(values: Values) -> bytes | memoryview:
    """What a checksum is taken of."""
    return values.digest() if isinstance(values, Streamed) else np.ascontiguousarray(values).data


def counted(labels: Array) -> Array:
    """The labels, (…), that a loss counts, as one row."""
    kept: Array = labels[labels != IGNORED]
    return kept


def as_labels(data: DataSet, name: str | None = None) -> DataSet:
    """The data set with its target, or a field of that name, as classes; a label stays.

    Numbers that are whole become classes in their order, named as they are written. Raises
    `UserError` where they are not whole.
    """
    target = data.fields[name or data.target]
    if target.kind == "label":
        return data
    if target.kind != "number" and (target.name == data.target or target.type.rank):
        raise UserError(f"{data.name}: {target.name} is no label, for it is {target.type}")
    uneven = np.flatnonzero(target.array != np.round(target.array))
    if len(uneven):
        raise UserError(
            f"{data.name}: {target.name} holds numbers such as {target.array[uneven[0]]:g}, which "
            "are no classes; for a regression the loss is mse"
        )
    numbers, labels = np.unique(target.array, return_inverse=True)
    field = replace(target, kind="label", values=labels.reshape(-1).astype(np.int64))
    names = tuple(f"{number:g}" for number in numbers)
    if target.name == data.target:
        return data.with_field(field, names)
    return data.with_field(replace(field, classes=names))
