"""PyTorch's rows of dense layers, embeddings, products and tensors of a net's own."""

from __future__ import annotations

from typing import Any

from netdsl.backends.torch.padding import last_axis
from netdsl.backends.torch.rows import Code, Emission, arguments, function, module, row
from netdsl.catalog.layers.linear import Constant, Dense, Embedding, Matmul, Parameter
from netdsl.tensor import TensorType


@row(Dense)
def dense(layer: Dense, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    if layer.tie is not None:
        return _tied(layer, rank)
    rest, values = arguments(bias=(layer.bias, True))
    sizes = {"features": inputs[0].channels, "units": layer.units}
    return module(f"nn.Linear({{features}}, {{units}}{rest})", last_axis(rank), **sizes, **values)


def _tied(layer: Dense, rank: int) -> Emission:
    if not layer.bias:
        return function(last_axis(rank, "F.linear({0}, {tie})"))
    call = Code(last_axis(rank, "{module}({0}, {tie})"))
    return Emission(call, Code("TiedLinear({units})", {"units": layer.units}), ("TiedLinear",))


@row(Embedding)
def embedding(layer: Embedding, inputs: tuple[TensorType, ...]) -> Emission:
    return module("nn.Embedding({vocab}, {units})", vocab=layer.vocab, units=layer.units)


@row(Matmul)
def matmul(layer: Matmul, inputs: tuple[TensorType, ...]) -> Emission:
    images = inputs[layer.a].rank > 2
    a, b = (f"{{{index}}}" + ".movedim(1, -1)" * images for index in (layer.a, layer.b))
    product = f"torch.matmul({a}, {b}{'.mT' * layer.transpose})"
    return function(product + ".movedim(-1, 1)" * images)


@row(Parameter)
def parameter(layer: Parameter, inputs: tuple[TensorType, ...]) -> Emission:
    shape = layer.weights()[0].shape
    sizes = {f"size{index}": size for index, size in enumerate(shape)}
    text = f"Parameter({', '.join(f'{{{name}}}' for name in sizes)})"
    return Emission(Code("{module}({batch})"), Code(text, sizes), ("Parameter",))


@row(Constant)
def constant(layer: Constant, inputs: tuple[TensorType, ...]) -> Emission:
    values = layer.values if isinstance(layer.values, tuple) else (layer.values,)
    values = _floats(values)
    if layer.infer().rank > 2:
        values = _channels_first(values)
    text = Code("Constant({values})", {"values": values})
    return Emission(Code("{module}({batch})"), text, ("Constant",))


def _floats(values: Any) -> Any:
    return tuple(map(_floats, values)) if isinstance(values, tuple) else float(values)


def _channels_first(values: Any) -> Any:
    """Nested tuples with the innermost axis as the outermost."""
    if not isinstance(values[0], tuple):
        return values
    return tuple(zip(*map(_channels_first, values), strict=True))
