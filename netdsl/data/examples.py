"""The examples as an engine asks for them: all at once from memory, or in batches from files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from netdsl.data.fields import DataSet
from netdsl.data.loader import Loader, read_batch
from netdsl.data.streamed import Array, Indices, Streamed, Values
from netdsl.diagnostics import UserError


class Examples:
    """Fields by name, resident or streamed; `workers` processes read what is streamed.

    An example that cannot be read is named once, on the error stream, and left out; where more of
    a field are than its source allows, a `UserError` ends the run.
    """

    def __init__(self, fields: Mapping[str, Values], workers: int = 0) -> None:
        self._resident = {n: v for n, v in fields.items() if not isinstance(v, Streamed)}
        self._streamed = {n: v for n, v in fields.items() if isinstance(v, Streamed)}
        self._count = len(next(iter(fields.values()), ()))
        self._loader = Loader(self._streamed, workers)
        self._bad: dict[str, set[int]] = {name: set() for name in self._streamed}

    def __len__(self) -> int:
        return self._count

    def resident(self) -> Mapping[str, Array] | None:
        """Every field by name, where all lie in memory; else None."""
        return None if self._streamed else self._resident

    def batches(self, rows: Sequence[Indices]) -> Iterator[Mapping[str, Array]]:
        """The fields of these examples, batch by batch, in order, read ahead in worker processes.

        Those that cannot be read are left out of their batch. A batch of which one at most is left
        is left out altogether: a batchnorm cannot learn from one.
        """
        if not self._streamed:
            yield from ({n: v[batch] for n, v in self._resident.items()} for batch in rows)
            return
        for batch, read in zip(rows, self._loader.batches(rows), strict=True):
            kept = batch
            if read.faults:
                self._note(read.faults)
                kept = batch[read.good]
                if len(kept) <= 1:
                    continue
            yield {n: v[kept] for n, v in self._resident.items()} | dict(read.fields)

    def unreadable(self, rows: Indices | None = None) -> int:
        """How many of these examples, or of all, have turned out to be unreadable so far."""
        bad = set().union(*self._bad.values())
        return len(bad) if rows is None else int(np.isin(rows, list(bad)).sum())

    def bad(self) -> dict[str, list[int]]:
        """The examples of each field that have turned out to be unreadable so far."""
        return {name: sorted(rows) for name, rows in self._bad.items()}

    def add_bad(self, bad: Mapping[str, Sequence[int]]) -> None:
        """Adds those that others could not read."""
        for name, rows in bad.items():
            self._bad[name].update(rows)

    def close(self) -> None:
        """Ends the worker processes."""
        self._loader.close()

    def _note(self, faults: Sequence[tuple[str, int]]) -> None:
        for name, row in faults:
            values, bad = self._streamed[name], self._bad[name]
            if row not in bad:
                bad.add(row)
                print(f"{values.where(row)} cannot be read and is left out", file=sys.stderr)
            if len(bad) > values.corrupt * len(values):
                raise UserError(
                    f"{len(bad)} of {len(values)} examples cannot be read, the last "
                    f"{values.where(row)}; more than {100 * values.corrupt:g} % end a run, unless "
                    "the source says otherwise (corrupt=0.05)"
                )


def readable(
    data: DataSet, names: Iterable[str], rows: Indices
) -> tuple[dict[str, Array], Indices]:
    """Fields by name, of those of these examples that can be read, and which examples these are."""
    values = {name: data.fields[name].values for name in names}
    batch = read_batch({n: v for n, v in values.items() if isinstance(v, Streamed)}, rows)
    kept = rows[batch.good]
    found = {n: batch.fields[n] if isinstance(v, Streamed) else v[kept] for n, v in values.items()}
    return found, kept
