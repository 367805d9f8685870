"""Keras' rows of attention and of what prepares a sequence for it."""

from __future__ import annotations

from netdsl.backends.keras.rows import Code, Emission, arguments, row
from netdsl.backends.keras.starts import starts
from netdsl.catalog.initializers import HeNormal, Normal, Zeros
from netdsl.catalog.layers.attention import Attention, ClassToken, Positional, RelativeBias
from netdsl.tensor import TensorType


@row(Attention)
def attention(layer: Attention, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(causal=(layer.causal, False), qkv_bias=(layer.qkv_bias, True))
    begin, more = starts(
        initializer=(layer.init, HeNormal()), bias_initializer=(layer.bias_init, Zeros())
    )
    values = {"heads": layer.heads} | values | more
    given = ["{0}"] if layer.memory is None else ["{0}", f"{{{layer.memory}}}"]
    if layer.mask is not None:
        given.append(f"attention_mask={{{layer.mask}}}")
    if layer.bias is not None:
        given.append(f"bias={{{layer.bias}}}")
    helpers = ("Attention",) if layer.memory is None else ("Attention", "CrossAttention")
    construct = Code(f"{helpers[-1]}({{heads}}{rest}{begin})", values)
    return Emission(Code(f"{{module}}({', '.join(given)})"), construct, helpers)


@row(Positional)
def positional(layer: Positional, inputs: tuple[TensorType, ...]) -> Emission:
    if layer.kind == "sinusoidal":
        return Emission(Code("{module}({0})"), Code("Sinusoids()"), ("Sinusoids",))
    (weight,) = layer.weights(*inputs)
    start, values = starts(weight, initializer=(layer.init, Normal(0.02)))
    construct = Code(f"Positions({start.removeprefix(', ')})", values)
    return Emission(Code("{module}({0})"), construct, ("Positions",))


@row(ClassToken)
def class_token(layer: ClassToken, inputs: tuple[TensorType, ...]) -> Emission:
    (weight,) = layer.weights(*inputs)
    start, values = starts(weight, initializer=(layer.init, Zeros()))
    construct = Code(f"ClassToken({start.removeprefix(', ')})", values)
    return Emission(Code("{module}({0})"), construct, ("ClassToken",))


@row(RelativeBias)
def relative_bias(layer: RelativeBias, inputs: tuple[TensorType, ...]) -> Emission:
    (weight,) = layer.weights(*inputs)
    start, values = starts(weight, initializer=(layer.init, Normal(0.02)))
    values = {"axes": layer.axes, "heads": layer.heads} | values
    construct = Code(f"RelativeBias({{axes}}, {{heads}}{start})", values)
    return Emission(Code("{module}({batch})"), construct, ("RelativeBias",))
