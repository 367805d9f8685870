"""Sources that are drawn by the seed: random examples, and pairs and triplets of another source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from netdsl.catalog.sources import Pairs, Synthetic, Triplets
from netdsl.data.fields import DataSet, Division, Field, Indices
from netdsl.data.split import split
from netdsl.data.streamed import pick
from netdsl.diagnostics import UserError

_STREAM = 5  # beside the seed: shares no draws with the split, the toys, shuffles and chance


def synthetic(source: Synthetic, seed: int) -> DataSet:
    """Random bytes as images, random floats of any other shape, random labels."""
    generator = np.random.default_rng([seed, _STREAM])
    shape = source.shape if isinstance(source.shape, tuple) else (source.shape,)
    if len(shape) == 3:
        main = Field("image", "image", generator.integers(0, 256, (source.n, *shape), np.uint8))
    else:
        drawn = generator.standard_normal((source.n, *shape), np.float32)
        main = Field("features", "array", drawn)
    label = Field("label", "label", generator.integers(0, source.classes, source.n))
    names = tuple(str(number) for number in range(source.classes))
    return DataSet("synthetic", {main.name: main, "label": label}, main.name, "label", names)


def pairs(source: Pairs, data: DataSet, seed: int, shares: tuple[float, float, float]) -> DataSet:
    """Each example beside one of its class and one of another, so that half of the pairs match."""

    def draw(rows: Indices, labels: Indices, generator: np.random.Generator) -> list[Indices]:
        anchors, positive, negative = _partners(data, rows, labels, generator)
        first, second = np.repeat(anchors, 2), np.stack((positive, negative), 1).reshape(-1)
        return [first, second]

    (first, second), division = _drawn(data, seed, shares, draw)
    main = data.fields[data.main]
    labels = data.fields[data.target].array
    same = (labels[first] == labels[second]).astype(np.int64)
    fields = {
        "first": replace(main, name="first", values=pick(main.values, first)),
        "second": replace(main, name="second", values=pick(main.values, second)),
        "same": Field("same", "label", same),
    }
    return DataSet(f"pairs of {data.name}", fields, "first", "same", ("no", "yes"), division)


def triplets(
    source: Triplets, data: DataSet, seed: int, shares: tuple[float, float, float]
) -> DataSet:
    """Each example beside one of its class and one of another."""

    def draw(rows: Indices, labels: Indices, generator: np.random.Generator) -> list[Indices]:
        return list(_partners(data, rows, labels, generator))

    drawn, division = _drawn(data, seed, shares, draw)
    main = data.fields[data.main]
    fields = {
        name: replace(main, name=name, values=pick(main.values, rows))
        for name, rows in zip(("anchor", "positive", "negative"), drawn, strict=True)
    }
    label = data.fields[data.target]
    fields["label"] = replace(label, name="label", values=label.array[drawn[0]])
    return DataSet(f"triplets of {data.name}", fields, "anchor", "label", data.classes, division)


_Draw = Callable[[Indices, Indices, np.random.Generator], list[Indices]]


def _drawn(
    data: DataSet, seed: int, shares: tuple[float, float, float], draw: _Draw
) -> tuple[list[Indices], Division]:
    """What is drawn within each share, so that no share meets an example of another."""
    target = data.fields[data.target]
    if not data.classes or target.type.rank > 0:
        raise UserError(f"{data.name} has no label with classes, by which partners are chosen")
    if data.fields[data.main].standardised:
        raise UserError(f"{data.name} is a table; pairs and triplets are of images and arrays")
    parts = split(data, shares, seed)
    generator = np.random.default_rng([seed, _STREAM])
    found = [
        draw(rows, target.array[rows], generator) if len(rows) else None
        for rows in (parts.train, parts.validation, parts.test)
    ]
    there = [drawn for drawn in found if drawn is not None]
    ends = np.cumsum([0, *(0 if drawn is None else len(drawn[0]) for drawn in found)])
    division = Division(np.arange(ends[1], ends[2]), np.arange(ends[2], ends[3]))
    return [np.concatenate(rows) for rows in zip(*there, strict=True)], division


def _partners(
    data: DataSet, rows: Indices, labels: Indices, generator: np.random.Generator
) -> tuple[Indices, Indices, Indices]:
    """Rows whose class has another example here, one of these for each, and one of no such."""
    order = np.argsort(labels, kind="stable")
    kinds, start, count = np.unique(labels[order], return_index=True, return_counts=True)
    kind = np.searchsorted(kinds, labels)
    place = np.empty(len(rows), np.int64)  # of each row within its class
    place[order] = np.arange(len(rows)) - np.repeat(start, count)
    anchors = np.flatnonzero(count[kind] > 1)
    if len(kinds) < 2 or not len(anchors):
        raise UserError(
            f"a share of {data.name} has no two classes of which one has two examples; pairs and "
            "triplets need these"
        )
    kind, place = kind[anchors], place[anchors]
    # Any of the others of the class: one of the places that follow, counted around.
    step = 1 + np.floor(generator.random(len(anchors)) * (count[kind] - 1)).astype(np.int64)
    positive = order[start[kind] + (place + step) % count[kind]]
    # Any that is not of the class: in this order they stand after it, counted around.
    others = len(rows) - count[kind]
    beyond = np.floor(generator.random(len(anchors)) * others).astype(np.int64)
    negative = order[(start[kind] + count[kind] + beyond) % len(rows)]
    return rows[anchors], rows[positive], rows[negative]
