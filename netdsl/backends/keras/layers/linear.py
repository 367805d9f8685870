"""Keras' rows of dense layers, embeddings, products and tensors of a net's own."""

from __future__ import annotations

from typing import Any

from netdsl.backends.keras.rows import Code, Emission, arguments, function, module, row
from netdsl.backends.keras.starts import starts
from netdsl.catalog.initializers import GlorotUniform, Normal, Zeros
from netdsl.catalog.layers.linear import Constant, Dense, Embedding, Matmul, Parameter
from netdsl.tensor import TensorType


@row(Dense)
def dense(layer: Dense, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(use_bias=(layer.bias, True))
    bias, others = starts(bias_initializer=(layer.bias_init, Zeros()))
    values = {"units": layer.units} | values | others
    if layer.tie is not None:
        text = Code(f"TiedDense({{units}}{rest}{bias})", values)
        return Emission(Code("{module}({0}, tied={tie})"), text, ("TiedDense",))
    begin, more = starts(kernel_initializer=(layer.init, GlorotUniform()))
    return module(f"layers.Dense({{units}}{rest}{begin}{bias})", **values, **more)


@row(Embedding)
def embedding(layer: Embedding, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = starts(layer.weights(*inputs)[0], embeddings_initializer=(layer.init, None))
    text = f"layers.Embedding({{vocab}}, {{units}}{rest})"
    return module(text, vocab=layer.vocab, units=layer.units, **values)


@row(Matmul)
def matmul(layer: Matmul, inputs: tuple[TensorType, ...]) -> Emission:
    a, b = f"{{{layer.a}}}", f"{{{layer.b}}}"
    return function(f"ops.matmul({a}, {f'ops.swapaxes({b}, -1, -2)' if layer.transpose else b})")


@row(Parameter)
def parameter(layer: Parameter, inputs: tuple[TensorType, ...]) -> Emission:
    sizes = {f"size{index}": size for index, size in enumerate(layer.infer().shape)}
    rest, values = starts(layer.weights()[0], initializer=(layer.init, Normal(0.02)))
    text = f"Parameter({', '.join(f'{{{name}}}' for name in sizes)}{rest})"
    return Emission(Code("{module}({batch})"), Code(text, sizes | values), ("Parameter",))


@row(Constant)
def constant(layer: Constant, inputs: tuple[TensorType, ...]) -> Emission:
    values = layer.values if isinstance(layer.values, tuple) else (layer.values,)
    text = Code("Constant({values})", {"values": _floats(values)})
    return Emission(Code("{module}({batch})"), text, ("Constant",))


def _floats(values: Any) -> Any:
    return tuple(map(_floats, values)) if isinstance(values, tuple) else float(values)
