"""PyTorch's rows of scaling."""

from __future__ import annotations

from netdsl.backends.torch.rows import Code, Emission, factor, function, row
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
    positions = inputs[0].rank - 1 if inputs[0].rank >= 3 else 0
    rest = ", {positions}" if positions else ""
    values = {"channels": inputs[0].channels, "positions": positions}
    construct = Code(f"LayerScale({{channels}}{rest})", values)
    return Emission(Code("{module}({0})"), construct, ("LayerScale",))
