"""Memory that worker processes and this one share: large batches go through no pipe.

A pipe holds little, so that writer and reader of a batch would wait for one another many times.
"""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Mapping
from multiprocessing.shared_memory import SharedMemory
from typing import TypeAlias

import numpy as np

from netdsl.data.streamed import Array, Streamed

# Where Linux keeps shared memory. Elsewhere batches go through pipes.
_FOLDER = "/dev/shm"
# Below so many bytes a batch goes through the pipe.
LEAST = 1 << 18
_ALIGNED = 64

# What lies in a block: for each field the place, the type and the shape.
Contents: TypeAlias = dict[str, tuple[int, str, tuple[int, ...]]]


def bytes_of(fields: Mapping[str, Streamed], rows: int) -> int:
    """How many bytes a batch of so many rows takes at most."""
    sizes = (rows * math.prod(v.shape[1:]) * v.dtype.itemsize for v in fields.values())
    return sum(size + _ALIGNED for size in sizes)


class Blocks:
    """Blocks of shared memory of one size, each in use by one batch at a time."""

    def __init__(self) -> None:
        self._size = 0
        self._free: list[SharedMemory] = []
        self._taken: dict[str, SharedMemory] = {}
        # Also where a run ends by a failure, no memory is left behind.
        weakref.finalize(self, _give_back, self._free, self._taken)

    def take(self, size: int) -> str | None:
        """The name of a block that is large enough; None where there is no memory to share."""
        if size < LEAST:
            return None
        if size > self._size:
            _drop(self._free)
            self._size = size
        block = self._free.pop() if self._free else _reserved(self._size)
        if block is None:
            return None
        self._taken[block.name] = block
        return block.name

    def empty(self, name: str, contents: Contents | None) -> dict[str, Array]:
        """A copy of what a worker has put into a block, which is free from then on."""
        block = self._taken.pop(name, None)
        if block is None:  # all memory has been given back
            return {}
        found = {key: _view(block, place).copy() for key, place in (contents or {}).items()}
        if block.size < self._size:
            _drop([block])
        else:
            self._free.append(block)
        return found

    def close(self) -> None:
        """Gives all memory back."""
        _give_back(self._free, self._taken)
        self._size = 0


def _give_back(free: list[SharedMemory], taken: dict[str, SharedMemory]) -> None:
    _drop(free)
    _drop(list(taken.values()))
    taken.clear()


def _drop(blocks: list[SharedMemory]) -> None:
    for block in blocks:
        block.close()
        block.unlink()
    blocks.clear()


def fill(block: SharedMemory, fields: Mapping[str, Array]) -> Contents:
    """Puts arrays into a block, one after the other."""
    contents: Contents = {}
    start = 0
    for name, values in fields.items():
        contents[name] = (start, values.dtype.str, values.shape)
        _view(block, contents[name])[...] = values
        start += -(-values.nbytes // _ALIGNED) * _ALIGNED
    return contents


def _view(block: SharedMemory, place: tuple[int, str, tuple[int, ...]]) -> Array:
    start, dtype, shape = place
    return np.ndarray(shape, dtype, block.buf, start)


def _reserved(size: int) -> SharedMemory | None:
    """A new block that is sure to have its memory: where it lacks, a write would end a process."""
    try:
        block = SharedMemory(create=True, size=size)
    except OSError:
        return None
    try:
        with open(os.path.join(_FOLDER, block.name), "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError:
        block.close()
        block.unlink()
        return None
    return block
