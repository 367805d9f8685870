"""From a source's record to its data set: a table of readers, keyed by the record's class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from netdsl.catalog import sources
from netdsl.catalog.sources import DataSource, Labelled
from netdsl.data.arrays import arrays
from netdsl.data.bundled import digits, iris, photographs
from netdsl.data.cifar import cifar
from netdsl.data.content_and_style import content_and_style
from netdsl.data.drawn import pairs, reversal, synthetic, triplets
from netdsl.data.fields import DataSet
from netdsl.data.folders import folder
from netdsl.data.huggingface import huggingface
from netdsl.data.idx import idx
from netdsl.data.masks import masks
from netdsl.data.parquet import parquet
from netdsl.data.select import with_classes
from netdsl.data.series import mackey_glass, series
from netdsl.data.shapes import shapes
from netdsl.data.shards import shards
from netdsl.data.tables import table
from netdsl.data.texts import labelled_text, library_text, text
from netdsl.data.toys import toy
from netdsl.diagnostics import UserError
from netdsl.record import Record


class Request(Record):
    """What a reader may need beside the source's own record.

    `base` is the folder that paths are relative to, `seed` where chance starts, `shares` those of
    training, validation and test.
    """

    base: Path
    seed: int
    shares: tuple[float, float, float]


_Reader = Callable[[Any, Request], DataSet]

_READERS: dict[type[DataSource], _Reader] = {
    sources.Digits: lambda source, request: digits(),
    sources.Iris: lambda source, request: iris(),
    sources.Photographs: lambda source, request: photographs(source),
    sources.ContentAndStyle: lambda source, request: content_and_style(source, request.base),
    **dict.fromkeys(
        (sources.Mnist, sources.FashionMnist), lambda source, request: idx(source, request.base)
    ),
    **dict.fromkeys(
        (sources.Cifar10, sources.Cifar100), lambda source, request: cifar(source, request.base)
    ),
    sources.Csv: lambda source, request: table(source, request.base),
    sources.Npz: lambda source, request: arrays(source, request.base),
    sources.Folder: lambda source, request: folder(source, request.base),
    sources.Parquet: lambda source, request: parquet(source, request.base),
    sources.Shards: lambda source, request: shards(source, request.base),
    sources.HuggingFace: lambda source, request: huggingface(
        source, request.base, request.seed, request.shares
    ),
    sources.Masks: lambda source, request: masks(source, request.base),
    sources.Text: lambda source, request: text(source, request.base, request.shares),
    sources.LibraryText: lambda source, request: library_text(source, request.shares),
    sources.LabelledText: lambda source, request: labelled_text(
        source, request.base, request.seed, request.shares
    ),
    sources.Series: lambda source, request: series(source, request.base, request.shares),
    sources.MackeyGlass: lambda source, request: mackey_glass(source, request.shares),
    sources.Reversal: lambda source, request: reversal(source, request.seed),
    sources.Synthetic: lambda source, request: synthetic(source, request.seed),
    sources.Pairs: lambda source, request: pairs(
        source, _of(source.source, request), request.seed, request.shares
    ),
    sources.Triplets: lambda source, request: triplets(
        source, _of(source.source, request), request.seed, request.shares
    ),
    sources.Shapes: lambda source, request: shapes(
        source, _of(source.source, request), request.seed, request.shares
    ),
    **dict.fromkeys(
        (sources.Gauss, sources.Xor, sources.Circles, sources.Spirals),
        lambda source, request: toy(source, request.seed),
    ),
}


def read(
    source: DataSource,
    base: Path,
    seed: int,
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2),
) -> DataSet:
    """Reads a source whose paths are relative to `base`; what it draws is drawn by `seed`.

    What is learned from the training share alone, such as the vocabulary of a text, needs `shares`.
    """
    return _of(source, Request(base, seed, shares))


def _of(source: DataSource, request: Request) -> DataSet:
    if type(source) not in _READERS:
        raise UserError(f"{source.word} cannot be read by this version of netdsl")
    data = _READERS[type(source)](source, request)
    return with_classes(data, source.classes) if isinstance(source, Labelled) else data
