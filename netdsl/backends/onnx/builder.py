"""What a row writes with: it adds nodes under the name of one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdsl.backends.onnx.parts import Parts
from netdsl.tensor import Dim, Size


class Builder:
    """Adds the nodes of one use of a layer.

    Nodes are named by the layer's full name and their operator (`stem.conv1/Conv`), the first
    tensor that a node makes like the node. `tie` is the full name of the layer whose weight it uses
    instead of its own.
    """

    def __init__(self, parts: Parts, name: str, tie: str | None = None) -> None:
        self._parts = parts
        self._name = name
        self._tie = tie

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node with one output; an empty name leaves an optional input out."""
        return self._parts.node(f"{self._name}/", op, inputs, 1, attributes)[0]

    def several(self, op: str, count: int, *inputs: str, **attributes: Any) -> tuple[str, ...]:
        """Adds a node with `count` outputs."""
        return self._parts.node(f"{self._name}/", op, inputs, count, attributes)

    def weight(self, name: str = "weight") -> str:
        """A weight of the layer, in PyTorch's layout, by its name in the layer."""
        return self._parts.weight(f"{self._name}.{name}")

    def tied(self) -> str:
        """The weight of the layer that this one is tied to."""
        return self._parts.weight(f"{self._tie}.weight")

    def floats(self, values: Any) -> str:
        """A tensor of fixed floats: a number, nested lists, or an array."""
        return self._parts.constant(np.array(values, np.float32))

    def integers(self, values: Any) -> str:
        """A tensor of fixed whole numbers: a number, nested lists, or an array."""
        return self._parts.constant(np.array(values, np.int64))

    def batch(self) -> str:
        """How many examples there are, as a tensor of one whole number."""
        return self._parts.batch()

    def size(self, size: Dim) -> str:
        """A size, known or not, as a tensor of one whole number."""
        return self._parts.size(size)

    def sizes(self, *sizes: Dim, batch: bool = False) -> str:
        """Sizes as a list of whole numbers; with `batch` that of the batch before them."""
        if not batch and not any(isinstance(size, Size) for size in sizes):
            return self.integers(sizes)
        parts = [self.batch()] * batch + [self.size(size) for size in sizes]
        return self.add("Concat", *parts, axis=0) if len(parts) > 1 else parts[0]

    def reshape(self, x: str, *sizes: Dim) -> str:
        """The tensor with these sizes behind the batch; as many numbers for each example."""
        unknown = [place for place, size in enumerate(sizes) if isinstance(size, Size)]
        if len(unknown) > 1:
            return self.add("Reshape", x, self.sizes(*sizes, batch=True))
        # 0 takes the size of the batch over, -1 is what remains.
        written = [0, *(-1 if isinstance(size, Size) else size for size in sizes)]
        return self.add("Reshape", x, self.integers(written))

    def transpose(self, x: str, order: Sequence[int]) -> str:
        """The tensor with its dimensions in this order, the batch counted as 0."""
        order = list(order)
        return x if order == sorted(order) else self.add("Transpose", x, perm=order)

    def column(self, x: str, axes: int, after: int = 1) -> str:
        """A tensor with so many axes of size 1 behind its first `after` ones.

        A vector of one number for each channel is then spread over positions.
        """
        if not axes:
            return x
        return self.add("Unsqueeze", x, self.integers(range(after, after + axes)))
