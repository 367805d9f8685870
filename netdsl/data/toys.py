"""Points in the plane of two classes, as in the playground of Smilkov and Carter (2016)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from netdsl.catalog.sources import Circles, Gauss, Spirals, Toy, Xor
from netdsl.data.fields import Array, Column, DataSet, Field, Indices

_STREAM = 2  # beside the seed: shares no draws with the split
_TURNS = 1.5
_COLUMNS = (Column("x"), Column("y"))

# From the classes and a generator to the points without noise: (n, 2).
_Shape = Callable[[Indices, np.random.Generator], tuple[Array, Indices]]


def toy(source: Toy, seed: int) -> DataSet:
    """Draws the points: half of each class, except in `xor`, where places decide."""
    generator = np.random.default_rng([seed, _STREAM])
    points, labels = _SHAPES[type(source)](np.arange(source.n) % 2, generator)
    points = points + source.noise * generator.standard_normal(points.shape)
    fields = {
        "point": Field("point", "table", points.astype(np.float32), _COLUMNS),
        "label": Field("label", "label", labels.astype(np.int64)),
    }
    return DataSet(source.word, fields, "point", "label", ("0", "1"))


def _gauss(labels: Indices, generator: np.random.Generator) -> tuple[Array, Indices]:
    centre = np.where(labels == 0, 0.5, -0.5)[:, None]
    return centre + 0.15 * generator.standard_normal((len(labels), 2)), labels


def _xor(labels: Indices, generator: np.random.Generator) -> tuple[Array, Indices]:
    points = generator.uniform(-1, 1, (len(labels), 2))
    return points, (points[:, 0] * points[:, 1] < 0).astype(np.int64)


def _circles(labels: Indices, generator: np.random.Generator) -> tuple[Array, Indices]:
    uniform = generator.random(len(labels))
    radius = np.where(labels == 0, 0.5 * uniform, 0.7 + 0.3 * uniform)
    return _polar(radius, generator.uniform(0, 2 * np.pi, len(labels))), labels


def _spirals(labels: Indices, generator: np.random.Generator) -> tuple[Array, Indices]:
    radius = 0.05 + 0.95 * np.sqrt(generator.random(len(labels)))
    return _polar(radius, 2 * np.pi * _TURNS * radius + np.pi * labels), labels


def _polar(radius: Array, angle: Array) -> Array:
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


_SHAPES: dict[type[Toy], _Shape] = {
    Gauss: _gauss,
    Xor: _xor,
    Circles: _circles,
    Spirals: _spirals,
}
