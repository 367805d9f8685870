"""Batches of examples on the device, gathered there or sent as they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from netdsl.backends.engine import Array, Examples, Indices
from netdsl.backends.torch.scoring import to_torch

# The fields of a batch by name, in PyTorch's layout.
Batch = Mapping[str, Tensor]


class Feed:
    """The fields of these names, batch by batch: images from 0 to 1, in PyTorch's layout.

    Examples that lie in memory are sent to the device once and stay there.
    """

    def __init__(
        self,
        examples: Examples,
        names: Collection[str],
        device: torch.device,
        double: bool = False,
    ) -> None:
        """With `double` floats are in double precision, as a net may be."""
        self._examples = examples
        self._names = names
        self._device = device
        self._floats = torch.float64 if double else torch.float32
        self._double = double
        resident = examples.resident()
        self._there: Mapping[str, Tensor] | None = None
        if resident is not None:
            self._there = {name: self._brought(to_torch(resident[name])) for name in names}

    def batches(self, rows: Sequence[Indices]) -> Iterator[tuple[int, Batch]]:
        """How many examples each batch has, and its fields."""
        if self._there is None:
            return self._streamed(rows)
        return self._gathered(self._there, rows)

    def _gathered(
        self, fields: Mapping[str, Tensor], rows: Sequence[Indices]
    ) -> Iterator[tuple[int, Batch]]:
        # All batches of an epoch are sent at once.
        sent = torch.from_numpy(np.concatenate(rows)).to(self._device)
        for batch in torch.split(sent, [len(batch) for batch in rows]):
            # Indexing gathers with every core; `index_select` has one do it while the others wait.
            taken = {name: self._numbers(field[batch]) for name, field in fields.items()}
            yield len(batch), taken

    def _streamed(self, rows: Sequence[Indices]) -> Iterator[tuple[int, Batch]]:
        for fields in self._examples.batches(rows):
            count = len(next(iter(fields.values())))
            yield count, {name: self._numbers(self._sent(fields[name])) for name in self._names}

    def _sent(self, values: Array) -> Tensor:
        """Bytes are sent as bytes; the device turns them into numbers in its own layout."""
        tensor = torch.from_numpy(values)
        if self._device.type == "cuda":
            # From pinned memory a copy does not wait for the step before it.
            tensor = tensor.pin_memory().to(self._device, non_blocking=True)
        tensor = self._brought(tensor)
        return tensor.movedim(-1, 1).contiguous() if tensor.ndim > 3 else tensor

    def _brought(self, tensor: Tensor) -> Tensor:
        """A field on the device, as precise as the net."""
        wide = self._double and tensor.is_floating_point()
        return tensor.to(self._device, self._floats if wide else tensor.dtype)

    def _numbers(self, field: Tensor) -> Tensor:
        """Bytes as numbers from 0 to 1; anything else as it is."""
        return field.to(self._floats) / 255 if field.dtype == torch.uint8 else field
