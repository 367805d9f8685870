"""States that a window of a long sequence hands on to the next one (truncated backpropagation).

The windows stand in lanes, which a batch takes side by side: each window of a lane follows the one
that was in the batch before. No gradient flows from one batch into another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from netdsl.record import Record

Array: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int64]
Tensor = TypeVar("Tensor")


def lanes(rows: Indices, count: int) -> list[Indices]:
    """Windows in their order, cut into so many lanes of one length: the batches over them.

    Where they do not come out even the first lanes have one more, so that the last batch has fewer.
    """
    parts = np.array_split(rows, count)
    return [
        np.array([part[at] for part in parts if at < len(part)], np.int64)
        for at in range(len(parts[0]))
    ]


class Carry(Record):
    """What goes from window to window.

    `inputs` are the last inputs of the net, in order, where what its `outputs` gave flows in, for
    each example a vector of so many numbers; there are at most so many `lanes`.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: tuple[int, ...]
    lanes: int

    def first(self, count: int) -> dict[str, Array]:
        """What flows in before the first window: zeros, by the names of the inputs."""
        return {
            name: np.zeros((count, size), np.float32)
            for name, size in zip(self.inputs, self.sizes, strict=True)
        }

    def after(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What flows into the next window, by the names of the inputs."""
        pairs = zip(self.inputs, self.outputs, strict=True)
        return {name: outputs[given] for name, given in pairs}
