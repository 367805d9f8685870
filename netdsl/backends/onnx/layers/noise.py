"""ONNX's rows of noise, which is absent in evaluation: no node."""

from __future__ import annotations

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.rows import row
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.noise import Dropout, DropPath, GaussianNoise, SpatialDropout
from netdsl.tensor import TensorType


def absent(layer: Layer, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    """What flows in flows out."""
    return x


for _layer in (Dropout, DropPath, GaussianNoise, SpatialDropout):
    row(_layer)(absent)
