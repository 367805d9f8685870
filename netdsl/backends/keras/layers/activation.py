"""Keras' rows of the activations."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.keras.rows import Code, Emission, arguments, function, row
from netdsl.backends.keras.starts import starts
from netdsl.catalog.base import Layer
from netdsl.catalog.initializers import Zeros
from netdsl.catalog.layers import activation
from netdsl.tensor import TensorType

# What is one call without arguments; the softmaxes go over the last axis by themselves.
PLAIN: dict[type[Layer], str] = {
    activation.Relu: "ops.relu({0})",
    activation.Relu6: "ops.relu6({0})",
    activation.Selu: "ops.selu({0})",
    activation.Silu: "ops.silu({0})",
    activation.Mish: 'layers.Activation("mish")({0})',
    activation.Sigmoid: "ops.sigmoid({0})",
    activation.HardSigmoid: "ops.hard_sigmoid({0})",
    activation.HardSwish: "ops.hard_swish({0})",
    activation.Tanh: "ops.tanh({0})",
    activation.Softmax: "ops.softmax({0})",
    activation.LogSoftmax: "ops.log_softmax({0})",
    activation.Softplus: "ops.softplus({0})",
    activation.Softsign: "ops.softsign({0})",
}


def _plain(text: str) -> Callable[[Layer, tuple[TensorType, ...]], Emission]:
    return lambda layer, inputs: function(text)


for _layer, _text in PLAIN.items():
    row(_layer)(_plain(_text))


@row(activation.LeakyRelu)
def leaky_relu(layer: activation.LeakyRelu, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(negative_slope=(layer.slope, 0.2))
    return function(f"ops.leaky_relu({{0}}{rest})", **values)


@row(activation.Prelu)
def prelu(layer: activation.Prelu, inputs: tuple[TensorType, ...]) -> Emission:
    # A slope for each channel is one that all positions share.
    positions = tuple(range(1, inputs[0].rank))
    rest, values = arguments(shared_axes=(positions, ()))
    start, more = starts(alpha_initializer=(layer.init, Zeros()))
    options = f"{start}{rest}".removeprefix(", ")
    return Emission(Code("{module}({0})"), Code(f"layers.PReLU({options})", values | more))


@row(activation.Elu)
def elu(layer: activation.Elu, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(alpha=(layer.alpha, 1))
    return function(f"ops.elu({{0}}{rest})", **values)


@row(activation.Gelu)
def gelu(layer: activation.Gelu, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(approximate=(layer.approximate, True))
    return function(f"ops.gelu({{0}}{rest})", **values)


@row(activation.Step)
def step(layer: activation.Step, inputs: tuple[TensorType, ...]) -> Emission:
    return function("step({0})", "step")


@row(activation.Maxout)
def maxout(layer: activation.Maxout, inputs: tuple[TensorType, ...]) -> Emission:
    return function("maxout({0}, {pieces})", "maxout", pieces=layer.pieces)
