"""The table of Keras' rows: what to construct and what to call for each layer.

Tensors are as in a spec, channels last, with the batch before: (batch, height, width, channels).
Code runs while a model is built: `{0}` is a symbolic tensor, whose batch is unknown and whose
other sizes may be None. Two places of a template mean something else than in PyTorch's table:
`{batch}` is any tensor of the net, of which a layer that nothing flows into takes the number of
examples, and `{tie}` is the layer whose weight is used, not the weight itself. A constructor is
written without `name=`, which the emitter adds at its end.
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

_table = Rows("Keras", "netdsl.backends.keras.layers")
row = _table.row
find = _table.find
