"""Sources that are drawn by the seed: random examples, and pairs and triplets of another source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from netdsl.backends.engine import IGNORED
from netdsl.catalog.sources import Matched, Pairs, Reversal, Synthetic, Triplets
from netdsl.data.fields import DataSet, Division, Field, Indices
from netdsl.data.split import split, within_shares
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


def reversal(source: Reversal, seed: int) -> DataSet:
    """Sequences of up to `length` symbols, the same backwards, and what a decoder sees of these."""
    generator = np.random.default_rng([seed, _STREAM])
    tokens = generator.integers(1, source.symbols + 1, (source.n, source.length))
    lengths = generator.integers(1, source.length + 1, (source.n, 1))
    place = np.arange(source.length + 1)
    tokens[place[:-1] >= lengths] = 0
    # Place i has the symbol at length - 1 - i; -1 is the end, where a 0 stands.
    ended = np.pad(tokens, ((0, 0), (0, 1)))
    backwards = np.take_along_axis(ended, np.maximum(lengths - 1 - place, -1), axis=1)
    fields = {
        "tokens": Field("tokens", "array", tokens),
        "before": Field("before", "array", np.pad(backwards[:, :-1], ((0, 0), (1, 0)))),
        "reversed": Field("reversed", "label", np.where(place > lengths, IGNORED, backwards)),
    }
    names = ("end", *(str(number) for number in range(1, source.symbols + 1)))
    return DataSet(source.word, fields, "tokens", "reversed", names)


def pairs(source: Pairs, data: DataSet, seed: int, shares: tuple[float, float, float]) -> DataSet:
    """Each example beside one of its class and one of another, so that half of the pairs match."""

    def draw(rows: Indices, labels: Indices, generator: np.random.Generator) -> list[Indices]:
        anchors, positive, negative = _partners(data, rows, labels, generator)
        first, second = np.repeat(anchors, 2), np.stack((positive, negative), 1).reshape(-1)
        return [first, second]

    (first, second), division = _drawn(source, data, seed, shares, draw)
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

    drawn, division = _drawn(source, data, seed, shares, draw)
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
    source: Matched,
    data: DataSet,
    seed: int,
    shares: tuple[float, float, float],
    draw: _Draw,
) -> tuple[list[Indices], Division]:
    """What is drawn within each share, so that no share meets an example of another."""
    target = data.fields[data.target]
    if not data.classes or target.type.rank > 0:
        raise UserError(f"{data.name} has no label with classes, by which partners are chosen")
    if data.fields[data.main].standardised:
        raise UserError(f"{data.name} is a table; pairs and triplets are of images and arrays")
    parts = split(_without(data, source.unseen), shares, seed)
    generator = np.random.default_rng([seed, _STREAM])
    return within_shares(parts, lambda rows: draw(rows, target.array[rows], generator))


def _without(data: DataSet, unseen: int | tuple[int, ...] | None) -> DataSet:
    """The data set with these classes as its test share, and no other example in it."""
    if unseen is None:
        return data
    numbers = sorted(set(unseen)) if isinstance(unseen, tuple) else [unseen]
    if not all(0 <= number < len(data.classes) for number in numbers):
        raise UserError(
            f"{data.name} has the classes 0 to {len(data.classes) - 1}; unseen= takes some of them"
        )
    kept = np.flatnonzero(np.isin(data.fields[data.target].array, numbers))
    return replace(data, division=Division(None, kept))


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
