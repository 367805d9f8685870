"""Texts: windows over a long one, each with what follows; or short ones with labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from netdsl.catalog.sources import LabelledText, LibraryText, Text
from netdsl.catalog.sources import Windows as WindowedText
from netdsl.data.fields import Array, Column, DataSet, Division, Field, Indices
from netdsl.data.library import docstrings, library
from netdsl.data.split import split
from netdsl.data.streamed import Good, Streamed, Values
from netdsl.data.tables import read_rows, separator_of, target_of
from netdsl.data.vocabulary import Vocabulary, learn, pieces
from netdsl.diagnostics import UserError

# From how many units on windows are cut as they are needed; before, they all lie in memory.
LARGE = 1 << 25


_Shares: TypeAlias = tuple[float, float, float]


def text(source: Text, base: Path, shares: _Shares) -> DataSet:
    """Windows over a text in a file, which is relative to `base`."""
    path = base / source.file
    return _windowed(source, source.file, path, read_text(path), shares)


def library_text(source: LibraryText, shares: _Shares) -> DataSet:
    """Windows over what Python's standard library says of itself."""
    path = library()
    return _windowed(source, source.word, path, "\n\n".join(docstrings(path)), shares)


def _windowed(source: WindowedText, name: str, path: Path, whole: str, shares: _Shares) -> DataSet:
    """Windows of `length` units, one after the other, and the same moved on by one unit.

    The text is cut into stretches for training, validation and test, in this order, so that no
    share has seen what another is judged by.
    """
    vocabulary = learn([_stretch(whole, source, shares)], source.unit, source.vocabulary)
    numbers = vocabulary.numbers(whole)
    cuts = [round(len(numbers) * share) for share in (shares[0], shares[0] + shares[1])]
    starts: list[Indices] = []
    parts: list[Indices] = []
    for begin, end, share in zip([0, *cuts], [*cuts, len(numbers)], shares, strict=True):
        # The last unit of a stretch is only ever predicted.
        found = np.arange(begin, end - source.length, source.length, dtype=np.int64)
        if share > 0 and not len(found):
            raise UserError(
                f"{path} has {len(numbers)} {source.unit}s, too few for windows of {source.length} "
                f"in a share of {share:g}"
            )
        parts.append(np.arange(len(found)) + sum(len(before) for before in starts))
        starts.append(found)
    begins = np.concatenate(starts)
    fields = {
        "tokens": Field(
            "tokens", "array", _windows(path, numbers, begins, source.length), vocabulary=vocabulary
        ),
        "next": Field("next", "label", _windows(path, numbers, begins + 1, source.length)),
    }
    division = Division(parts[1], parts[2])
    return DataSet(name, fields, "tokens", "next", vocabulary.units, division)


def labelled_text(source: LabelledText, base: Path, seed: int, shares: _Shares) -> DataSet:
    """Texts of a table's column, cut or filled up to `length` units, and the target beside them."""
    path = base / source.file
    rows = read_rows(path, separator_of(path, source.separator))
    texts = rows.column(source.text)
    target, classes = target_of(rows, source.target)
    nothing = np.zeros((len(texts), 0), np.float32)
    # The vocabulary is that of the training share, which does not depend on the texts.
    dealt = split(
        DataSet(source.file, {"tokens": Field("tokens", "array", nothing), target.name: target},
                "tokens", target.name, classes), shares, seed,
    )  # fmt: skip
    vocabulary = learn(
        [texts[row] for row in dealt.train], source.unit, source.vocabulary, padded=True
    )
    values = np.stack([fitted(vocabulary, each, source.length) for each in texts])
    fields = {
        "tokens": Field("tokens", "array", values, (Column(source.text),), vocabulary=vocabulary),
        target.name: target,
    }
    return DataSet(source.file, fields, "tokens", target.name, classes)


def fitted(vocabulary: Vocabulary, text: str, length: int) -> Array:
    """The numbers of a text's first units, with padding after the last."""
    numbers = vocabulary.numbers(text)[:length]
    return np.pad(numbers, (0, length - len(numbers)))


def read_text(path: Path) -> str:
    """A text in UTF-8."""
    try:
        whole = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a text in UTF-8") from error
    if not whole:
        raise UserError(f"{path} is empty")
    return whole


def _stretch(whole: str, source: WindowedText, shares: _Shares) -> str:
    """The stretch that training sees."""
    if source.unit == "word":
        cut = pieces(whole, "word")
        return " ".join(cut[: round(len(cut) * shares[0])])
    return whole[: round(len(whole) * shares[0])]


def _windows(path: Path, numbers: Array, begins: Indices, length: int) -> Values:
    windows = Windows(path, numbers, begins, length)
    if len(numbers) >= LARGE:
        return windows
    return windows.read(np.arange(len(begins)))[0]


class Windows(Streamed):
    """Stretches of one length out of a long row of numbers, int64."""

    def __init__(self, path: Path, numbers: Array, begins: Indices, length: int) -> None:
        self._path = path
        # As small as the numbers allow: worker processes have copies.
        self._numbers = numbers.astype(np.min_scalar_type(int(numbers.max())))
        self._begins = begins
        self._length = length

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Streamed.shape`."""
        return (len(self._begins), self._length)

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        return np.dtype(np.int64)

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        places = self._begins[rows][:, None] + np.arange(self._length)
        return self._numbers[places].astype(np.int64), np.ones(len(rows), dtype=np.bool_)

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return f"{self._path}, unit {self._begins[row]}"

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        known = self._path.stat()
        return f"{known.st_size} {known.st_mtime_ns} {self._length}".encode()
