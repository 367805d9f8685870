"""Draws of `sample`: alike on every backend.

They are drawn here, by numpy, for each batch, and flow into a net beside its fields.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.record import Record

Array: TypeAlias = npt.NDArray[Any]

# Beside the seed, so that draws of training, of evaluations and of anything else differ.
_LEARNED, _JUDGED, _PRIOR = 21, 22, 23


class Draws(Record):
    """The standard normal numbers that a net needs: a tensor of each shape for each example.

    `names` are those of the net's last inputs, in order. An evaluation draws by `seed`, and so do
    examples that are made.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    seed: int

    def learned(self, count: int, seed: int, batch: int) -> dict[str, Array]:
        """By name, for `count` examples: the batch of that number in the epoch of a seed."""
        return self._drawn(count, [seed, batch, _LEARNED])

    def judged(self, count: int, batch: int) -> dict[str, Array]:
        """For the batch of that number in an evaluation; each evaluation draws the same."""
        return self._drawn(count, [self.seed, batch, _JUDGED])

    def prior(self, count: int) -> dict[str, Array]:
        """For so many examples that are made from draws alone."""
        return self._drawn(count, [self.seed, _PRIOR])

    def none(self, count: int) -> list[Array]:
        """Zeros in place of draws: a prediction goes by the means."""
        return [np.zeros((count, *shape), np.float32) for shape in self.shapes]

    def _drawn(self, count: int, key: list[int]) -> dict[str, Array]:
        generator = np.random.default_rng(key)
        return {
            name: generator.standard_normal((count, *shape), np.float32)
            for name, shape in zip(self.names, self.shapes, strict=True)
        }
