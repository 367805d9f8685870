"""PyTorch's rows of the activations."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.torch.layout import channel_dim
from netdsl.backends.torch.padding import back, channels_first
from netdsl.backends.torch.rows import Emission, arguments, function, module, row
from netdsl.catalog.base import Layer
from netdsl.catalog.layers import activation
from netdsl.tensor import TensorType

# What is one call without arguments.
PLAIN: dict[type[Layer], str] = {
    activation.Relu: "F.relu({0})",
    activation.Relu6: "F.relu6({0})",
    activation.Selu: "F.selu({0})",
    activation.Silu: "F.silu({0})",
    activation.Mish: "F.mish({0})",
    activation.Sigmoid: "torch.sigmoid({0})",
    activation.HardSigmoid: "F.hardsigmoid({0})",
    activation.HardSwish: "F.hardswish({0})",
    activation.Tanh: "torch.tanh({0})",
    activation.Softplus: "F.softplus({0})",
    activation.Softsign: "F.softsign({0})",
}


def _plain(text: str) -> Callable[[Layer, tuple[TensorType, ...]], Emission]:
    return lambda layer, inputs: function(text)


for _layer, _text in PLAIN.items():
    row(_layer)(_plain(_text))


@row(activation.LeakyRelu)
def leaky_relu(layer: activation.LeakyRelu, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(negative_slope=(layer.slope, 0.01))
    return function(f"F.leaky_relu({{0}}{rest})", **values)


@row(activation.Prelu)
def prelu(layer: activation.Prelu, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    call = back(rank, f"{{module}}({channels_first(rank)})")
    return module("nn.PReLU({channels})", call, channels=inputs[0].channels)


@row(activation.Elu)
def elu(layer: activation.Elu, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(alpha=(layer.alpha, 1))
    return function(f"F.elu({{0}}{rest})", **values)


@row(activation.Gelu)
def gelu(layer: activation.Gelu, inputs: tuple[TensorType, ...]) -> Emission:
    return function('F.gelu({0}, approximate="tanh")' if layer.approximate else "F.gelu({0})")


@row(activation.Softmax)
def softmax(layer: activation.Softmax, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"F.softmax({{0}}, dim={_over_channels(inputs[0].rank)})")


@row(activation.LogSoftmax)
def log_softmax(layer: activation.LogSoftmax, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"F.log_softmax({{0}}, dim={_over_channels(inputs[0].rank)})")


def _over_channels(rank: int) -> int:
    """The dimension of the channels, counted from the end where that says it for all ranks."""
    return -1 if rank < 3 else 1


@row(activation.Step)
def step(layer: activation.Step, inputs: tuple[TensorType, ...]) -> Emission:
    return function("step({0})", "step")


@row(activation.Maxout)
def maxout(layer: activation.Maxout, inputs: tuple[TensorType, ...]) -> Emission:
    dim = channel_dim(inputs[0].rank)
    return function(
        f"{{0}}.unflatten({dim}, (-1, {{pieces}})).amax({dim + 1})", pieces=layer.pieces
    )
