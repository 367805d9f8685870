"""Keras' rows of scaling."""

from __future__ import annotations

from netdsl.backends.keras.rows import Code, Emission, factor, function, row
from netdsl.backends.keras.starts import starts
from netdsl.catalog.initializers import Fill
from netdsl.catalog.layers.scaling import Identity, LayerScale, Rescale
from netdsl.tensor import TensorType


@row(Identity)
def identity(layer: Identity, inputs: tuple[TensorType, ...]) -> Emission:
    return function("{0}")


@row(Rescale)
def rescale(layer: Rescale, inputs: tuple[TensorType, ...]) -> Emission:
    if layer.factor == -1:
        return function("{offset} - {0}", offset=layer.offset) if layer.offset else function("-{0}")
    before, values = factor(layer.factor)
    if not layer.offset:
        return function(f"{before}{{0}}", **values)
    sign = "-" if layer.offset < 0 else "+"
    return function(f"{before}{{0}} {sign} {{offset}}", **values, offset=abs(layer.offset))


@row(LayerScale)
def layer_scale(layer: LayerScale, inputs: tuple[TensorType, ...]) -> Emission:
    (weight,) = layer.weights(*inputs)
    start, values = starts(weight, initializer=(layer.init, Fill(1)))
    construct = Code(f"LayerScale({start.removeprefix(', ')})", values)
    return Emission(Code("{module}({0})"), construct, ("LayerScale",))
