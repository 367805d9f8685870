"""What a source has, in figures: its fields with their ranges, its classes, its shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netdsl.data.fields import Array, DataSet, Field, Indices, counted
from netdsl.data.split import Split
from netdsl.data.streamed import Streamed

# Of what lies in files, so many examples are looked at for the range of its numbers.
_LOOKED_AT = 512
# And so many are read at once where all of them are.
_AT_ONCE = 64


def summary(data: DataSet, parts: Split) -> dict[str, Any]:
    """What `netdsl data` tells, as JSON; ranges are those of the source, before any scaling."""
    shares = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {
        "source": data.name,
        "examples": len(data),
        "fields": [_field(data, field) for field in data.fields.values()],
        "shares": {name: len(rows) for name, rows in shares.items()},
        "classes": _classes(data, shares),
    }


def _field(data: DataSet, field: Field) -> dict[str, Any]:
    """The least and the largest number of what lies in files are those of its first examples."""
    streamed = isinstance(field.values, Streamed)
    values = field.read(np.arange(min(len(data), _LOOKED_AT))) if streamed else field.array
    return {
        "name": field.name,
        "kind": field.kind,
        "shape": list(field.values.shape[1:]),
        "number": field.type.number,
        "least": values.min().item(),
        "largest": values.max().item(),
        "main": field.name == data.main,
        "target": field.name == data.target,
        "standardised": field.standardised,
    }


def _classes(data: DataSet, shares: Mapping[str, Indices]) -> list[dict[str, Any]]:
    """How often each class is there, in all and in each share: examples, or places in them."""
    if not data.classes:
        return []
    labels = data.fields[data.target]
    counts = {name: _counts(labels, rows, len(data.classes)) for name, rows in shares.items()}
    counts = {"count": np.sum(list(counts.values()), axis=0), **counts}
    return [
        {"name": name, **{of: int(found[at]) for of, found in counts.items()}}
        for at, name in enumerate(data.classes)
    ]


def _counts(labels: Field, rows: Indices, classes: int) -> Array:
    """How often each class is there in these rows; what does not count is passed over."""
    counts = np.zeros(classes, np.int64)
    every = _AT_ONCE if isinstance(labels.values, Streamed) else max(len(rows), 1)
    for piece in np.split(rows, range(every, len(rows), every)):
        found = labels.read(piece)
        counts += np.bincount(counted(found), minlength=classes)
    return counts
