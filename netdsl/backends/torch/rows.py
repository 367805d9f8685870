"""The table of PyTorch's rows: what to construct and what to call for each layer.

In PyTorch images are channels-first, (batch, channels, height, width), and so are volumes;
sequences are (batch, length, features), vectors (batch, units).
"""

from __future__ import annotations

from netdsl.backends.rows import (
    Code,
    Emission,
    Row,
    Rows,
    arguments,
    factor,
    function,
    in_full,
    module,
)

__all__ = [
    "Code",
    "Emission",
    "Row",
    "arguments",
    "factor",
    "find",
    "function",
    "in_full",
    "module",
    "row",
]

_table = Rows("PyTorch", "netdsl.backends.torch.layers")
row = _table.row
find = _table.find
