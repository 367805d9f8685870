"""Batches read ahead, in order, by worker processes.

A worker imports this module and what reads the fields, no framework, so that it starts quickly.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
from typing import TypeAlias

import numpy as np

from netdsl.data.blocks import Blocks, Contents, bytes_of, fill
from netdsl.data.streamed import Array, Good, Indices, Streamed
from netdsl.diagnostics import UserError

# More workers than these are seldom kept busy by one device, and each takes memory.
_MOST_WORKERS = 8
# Batches in flight for each worker: one that it reads, and one that it goes on with.
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of a batch: the values of the good rows, by field.

    `faults` are the fields and rows that could not be read.
    """

    fields: Mapping[str, Array]
    good: Good
    faults: tuple[tuple[str, int], ...]


def usual_workers() -> int:
    """How many worker processes there are unless it is said: one for each core, at most 8."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
    return min(os.cpu_count() or 1, _MOST_WORKERS)


def read_batch(fields: Mapping[str, Streamed], rows: Indices) -> Batch:
    """Reads a batch here; a row counts as good where every field of it can be read."""
    found = {name: values.read(rows) for name, values in fields.items()}
    good = np.ones(len(rows), dtype=np.bool_)
    faults: list[tuple[str, int]] = []
    for name, (_, mask) in found.items():
        good &= mask
        faults += [(name, int(row)) for row in rows[~mask]]
    kept = {
        name: values if mask.sum() == good.sum() else values[good[mask]]
        for name, (values, mask) in found.items()
    }
    return Batch(kept, good, tuple(faults))


class Loader:
    """Reads batches of streamed fields by worker processes; 0 of them means in this process."""

    def __init__(self, fields: Mapping[str, Streamed], workers: int) -> None:
        self._fields = fields
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._blocks = Blocks()

    def batches(self, rows: Sequence[Indices]) -> Iterator[Batch]:
        """One after the other, as many read ahead as keep the workers busy."""
        if not self._workers:
            yield from (read_batch(self._fields, batch) for batch in rows)
            return
        waiting: deque[tuple[str | None, Future[_Sent]]] = deque()
        try:
            for batch in rows:
                block = self._blocks.take(bytes_of(self._fields, len(batch)))
                waiting.append((block, self._started().submit(_read, batch, block)))
                if len(waiting) > _AHEAD * self._workers:
                    yield self._received(*waiting.popleft())
            while waiting:
                yield self._received(*waiting.popleft())
        except BrokenProcessPool as error:
            waiting.clear()
            self.close()
            raise UserError(
                "a process that reads examples has died, perhaps because memory was short: fewer "
                "of them, such as --workers 1, need less"
            ) from error
        finally:
            for _, future in waiting:
                future.cancel()
            # A block is free when nobody writes to it any more.
            wait([future for _, future in waiting])
            for block, _ in waiting:
                if block is not None:
                    self._blocks.empty(block, None)

    def close(self) -> None:
        """Ends the worker processes, which the next batch would start again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._blocks.close()

    def _received(self, block: str | None, future: Future[_Sent]) -> Batch:
        batch, contents = future.result()
        return (
            batch if block is None else replace(batch, fields=self._blocks.empty(block, contents))
        )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A fork would take threads and devices of a framework along; spawn starts afresh.
            self._pool = ProcessPoolExecutor(
                self._workers, get_context("spawn"), _begin, (dict(self._fields),)
            )
        return self._pool


# What a worker process sends: a batch, and, where its fields lie in a shared block, where.
_Sent: TypeAlias = tuple[Batch, Contents | None]

# What a worker process reads from, and the blocks that it writes to; empty in any other.
_held: dict[str, Streamed] = {}
_attached: dict[str, SharedMemory] = {}


def _begin(fields: dict[str, Streamed]) -> None:
    # Ctrl-C reaches every process of a terminal; the main one decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _held.update(fields)


def _read(rows: Indices, block: str | None) -> _Sent:
    batch = read_batch(_held, rows)
    if block is None:
        return batch, None
    if block not in _attached:
        _attached[block] = SharedMemory(block)
    return replace(batch, fields={}), fill(_attached[block], batch.fields)
