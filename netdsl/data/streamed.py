"""Values of a field that lie in files and are read when a batch asks for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int64]
Good: TypeAlias = npt.NDArray[np.bool_]

# What a share of examples that cannot be read may be, unless a source says another.
CORRUPT = 0.01


class Streamed(ABC):
    """Base of values that do not lie in memory: what an array says of itself, and `read`.

    It goes to worker processes, so it can be pickled and imports no framework. `corrupt` is the
    share of its examples that may turn out to be unreadable before a run fails.
    """

    corrupt: float = CORRUPT

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """How many examples there are, and then the shape of each."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers: uint8 (of an image), int64 or float32."""

    @abstractmethod
    def read(self, rows: Indices) -> tuple[Array, Good]:
        """The values of those rows that can be read, in order, and which of the rows these are."""

    @abstractmethod
    def where(self, row: int) -> str:
        """Where a row lies, for people: a file."""

    @abstractmethod
    def digest(self) -> bytes:
        """What changes when the files change: their names, sizes and times, not what they hold."""

    def __len__(self) -> int:
        return self.shape[0]


Values: TypeAlias = Array | Streamed


class Picked(Streamed):
    """Some examples of other values, in any order, also several times."""

    def __init__(self, source: Streamed, rows: Indices) -> None:
        self._source = source
        self._rows = rows
        self.corrupt = source.corrupt

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Streamed.shape`."""
        return (len(self._rows), *self._source.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        return self._source.dtype

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        return self._source.read(self._rows[rows])

    def where(self, row: int) -> str:
        """See `Streamed.where`."""
        return self._source.where(int(self._rows[row]))

    def digest(self) -> bytes:
        """See `Streamed.digest`."""
        return self._source.digest() + self._rows.tobytes()


def pick(values: Values, rows: Indices) -> Values:
    """These rows of resident or streamed values."""
    return Picked(values, rows) if isinstance(values, Streamed) else values[rows]


class Names(Sequence[str]):
    """Many texts as one: a million paths go to a worker process in no time."""

    def __init__(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
        self._joined = b"".join(encoded)
        self._ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        start, end = int(self._ends[index]), int(self._ends[index + 1])
        return self._joined[start:end].decode("utf-8", "surrogateescape")
