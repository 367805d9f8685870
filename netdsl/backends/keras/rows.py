"""The table of Keras' rows: what to construct and what to call for each layer.

Tensors are as in a spec, channels last, with the batch before: (batch, height, width, channels).
Code runs while a model is built: `{0}` is a symbolic tensor, whose batch is unknown and whose
other sizes may be None. Two places of a template mean something else than in PyTorch's table:
`{batch}` is any tensor of the net, of which a layer that nothing flows into takes the number of
examples, and `{tie}` is the layer whose weight is used, not the weight itself. A constructor is
written without `name=`, which the emitter adds at its end.
"""

from __future__ import annotations

from functools import partial

from netdsl.backends.keras.helpers import HELPERS
from netdsl.backends.keras.helpers_starts import STARTS
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
from netdsl.catalog.base import Layer
from netdsl.tensor import TensorType

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


_table = Rows("Keras", "netdsl.backends.keras.layers")
row = _table.row


def find(layer: type[Layer]) -> Row | None:
    """The row of a layer; what draws its weights is among the helpers that it names."""
    found = _table.find(layer)
    return None if found is None else partial(_with_starts, found)


def _with_starts(row: Row, layer: Layer, inputs: tuple[TensorType, ...]) -> Emission:
    emission = row(layer, inputs)
    text = emission.construct.text if emission.construct is not None else ""
    needed = tuple(name for name in STARTS if f"{name}()" in text)
    return emission.replace(helpers=(*needed, *emission.helpers)) if needed else emission
