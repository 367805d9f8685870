"""Keras' rows of merging."""

from __future__ import annotations

from netdsl.backends.arithmetic import arithmetic_rows
from netdsl.backends.keras.layout import dim
from netdsl.backends.keras.rows import Emission, function, row
from netdsl.catalog.layers import merge
from netdsl.tensor import TensorType

arithmetic_rows(row, "ops")


@row(merge.Concat)
def concat(layer: merge.Concat, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"ops.concatenate([{{inputs}}], axis={dim(layer.axis, inputs[0].rank)})")


@row(merge.Dot)
def dot(layer: merge.Dot, inputs: tuple[TensorType, ...]) -> Emission:
    return function("ops.sum({0} * {1}, axis=-1, keepdims=True)")
