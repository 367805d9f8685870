"""Standardising: learned from the training share alone, kept with the run, applied to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netdsl.data.fields import Array, DataSet, Field, Indices
from netdsl.data.streamed import Good, Streamed

_PIECE = 65_536  # rows of a table that are read at once


@dataclass(frozen=True, slots=True)
class Scaling:
    """What makes each column (value - mean) / deviation; categories have mean 0, deviation 1.

    Values without columns, such as those that a series goes on with, have one mean for all.
    """

    mean: Array
    deviation: Array

    def apply(self, values: Array) -> Array:
        """The scaled values, float32."""
        return ((values - self.mean) / self.deviation).astype(np.float32)

    def undo(self, values: Array) -> Array:
        """The values that `apply` has scaled, double precision."""
        return np.asarray(values * self.deviation + self.mean)

    def to_json(self) -> dict[str, Any]:
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
        values = field.values
        scaled = Scaled(values, scaling) if isinstance(values, Streamed) else scaling.apply(values)
        data = data.with_field(replace(field, values=scaled, standardised=False))
    return data


class Scaled(Streamed):
    """Streamed values with a scaling applied."""

    def __init__(self, source: Streamed, scaling: Scaling) -> None:
        self._source = source
        self._scaling = scaling
        self.corrupt = source.corrupt

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Streamed.shape`."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        return np.dtype(np.float32)

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        values, good = self._source.read(rows)
        return self._scaling.apply(values), good

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return self._source.where(row)

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return self._source.digest()


def _learn(field: Field, train: Indices) -> Scaling:
    if isinstance(field.values, Streamed):
        mean, deviation = _moments(field.values, train)
    else:
        values = field.values[train].astype(np.float64)
        by_column = field.kind == "table" or field.columns
        axes = tuple(range(values.ndim - bool(by_column)))
        mean, deviation = np.asarray(values.mean(axes)), values.std(axes)
    # A column that never changes is moved to 0 and not stretched.
    deviation = np.where(deviation == 0, 1.0, deviation)
    at = 0
    for column in field.columns:
        if column.categories is not None:
            mean[at : at + column.width] = 0.0
            deviation[at : at + column.width] = 1.0
        at += column.width
    return Scaling(mean, deviation)


def _moments(values: Streamed, rows: Indices) -> tuple[Array, Array]:
    """Mean and standard deviation of rows that do not fit into memory, piece by piece.

    Moments of pieces are merged as Chan, Golub and LeVeque do (1979).
    """
    count = 0
    mean = square = np.zeros(values.shape[1:])
    for piece in np.split(rows, range(_PIECE, len(rows), _PIECE)):
        found = values.read(piece)[0].astype(np.float64)
        if not len(found):
            continue
        total = count + len(found)
        apart = found.mean(axis=0) - mean
        square = square + found.var(axis=0) * len(found) + apart**2 * (count * len(found) / total)
        mean, count = mean + apart * (len(found) / total), total
    return mean, np.sqrt(square / max(count, 1))
