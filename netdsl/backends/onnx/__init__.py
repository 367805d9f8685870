"""The ONNX backend: a net with its weights as a model for any runtime that reads ONNX.

The model is written straight from the graph: no framework is traced. Imports are inside the
function, so that what names this package does not load onnx.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from netdsl.graph import ElaboratedNet

if TYPE_CHECKING:
    import onnx

    from netdsl.backends.engine import Array

__all__ = ["build"]


def build(net: ElaboratedNet, weights: Mapping[str, Array]) -> onnx.ModelProto:
    """The model of a net in evaluation with these weights, by their full names.

    Without onnx it is a `UserError` that says how to install it. See `netdsl.backends.onnx.model`.
    """
    from netdsl.extras import need

    need("onnx")
    from netdsl.backends.onnx import model

    return model.build(net, weights)
