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
from netdsl.backends.torch.helpers import HELPERS

__all__ = [
    "Code",
    "Emission",
    "Row",
    "arguments",
    "factor",
    "find",
    "function",
    "helper",
    "in_full",
    "module",
    "row",
]


def helper(name: str, source: str) -> str:
    """Adds a plugin's helper: source that is written into modules whose rows name it.

    The source is as helpers.py says. Returns the name.
    """
    if HELPERS.setdefault(name, source) is not source:
        raise ValueError(f"there is a helper {name} already")
    return name


_table = Rows("PyTorch", "netdsl.backends.torch.layers")
row = _table.row
find = _table.find
