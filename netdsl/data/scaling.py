"""Standardising: learned from the training share alone, kept with the run, applied to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netdsl.data.fields import Array, DataSet, Field, Indices


@dataclass(frozen=True, slots=True)
class Scaling:
    """What makes each column (value - mean) / deviation; categories have mean 0, deviation 1."""

    mean: Array
    deviation: Array

    def apply(self, values: Array) -> Array:
        """The scaled values, float32."""
        return ((values - self.mean) / self.deviation).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """The numbers, exact in decimal."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Scaling:
        """The scaling that `to_json` wrote."""
        return Scaling(np.array(stored["mean"]), np.array(stored["deviation"]))


def standardise(data: DataSet, train: Indices) -> tuple[DataSet, dict[str, Scaling]]:
    """Scales every field that wants it by its training share; returns the scalings by field."""
    scalings = {
        field.name: _learn(field, train) for field in data.fields.values() if field.standardised
    }
    return scale(data, scalings), scalings


def scale(data: DataSet, scalings: Mapping[str, Scaling]) -> DataSet:
    """The data set with these scalings applied."""
    for name, scaling in scalings.items():
        field = data.fields[name]
        data = data.with_field(
            replace(field, values=scaling.apply(field.array), standardised=False)
        )
    return data


def _learn(field: Field, train: Indices) -> Scaling:
    values = field.array[train].astype(np.float64)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    # A column that never changes is moved to 0 and not stretched.
    deviation[deviation == 0] = 1.0
    at = 0
    for column in field.columns:
        if column.categories is not None:
            mean[at : at + column.width] = 0.0
            deviation[at : at + column.width] = 1.0
        at += column.width
    return Scaling(mean, deviation)
