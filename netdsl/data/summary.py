"""What a source has, in figures: its fields with their ranges, its classes, its shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netdsl.data.fields import DataSet, Field, Indices
from netdsl.data.split import Split


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
    return {
        "name": field.name,
        "kind": field.kind,
        "shape": list(field.values.shape[1:]),
        "number": field.type.number,
        "least": field.values.min().item(),
        "largest": field.values.max().item(),
        "main": field.name == data.main,
        "target": field.name == data.target,
        "standardised": field.standardised,
    }


def _classes(data: DataSet, shares: Mapping[str, Indices]) -> list[dict[str, Any]]:
    """How often each class is there, in all and in each share: examples, or places in them."""
    if not data.classes:
        return []
    labels = data.fields[data.target].values
    counts = {
        name: np.bincount(labels[rows].ravel(), minlength=len(data.classes))
        for name, rows in {"count": np.arange(len(data)), **shares}.items()
    }
    return [
        {"name": name, **{of: int(counted[at]) for of, counted in counts.items()}}
        for at, name in enumerate(data.classes)
    ]
