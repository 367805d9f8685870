"""The table of ONNX's rows: the nodes that each layer becomes.

A row is a function `(layer, inputs, graph, *names)`: the layer's record, the types of its inputs, a
`Builder` to add nodes with, and the names of the tensors that flow in. It returns the name of the
layer's tensor, or a tuple with the names of its members behind it, in the order of
`Layer.members`. What of it no output of the net needs is dropped in the end: a row adds the nodes
of all members.

Tensors have PyTorch's layouts (`netdsl.backends.torch.layout`): images are channels-first, (batch,
channels, height, width), and so are volumes; sequences are (batch, length, features), vectors
(batch, units). Floats are float32, whole numbers int64. Nets are built as they are in evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from netdsl.backends.table import Table

__all__ = ["Row", "find", "row"]

Row: TypeAlias = "Callable[..., str | tuple[str, ...]]"

_table: Table[Row] = Table("ONNX", "netdsl.backends.onnx.layers")
row = _table.row
find = _table.find
