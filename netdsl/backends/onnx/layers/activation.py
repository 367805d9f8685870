"""ONNX's rows of the activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onnx import TensorProto

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import along_channels
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import channel_dim
from netdsl.catalog.base import Layer
from netdsl.catalog.layers import activation
from netdsl.tensor import TensorType

# What is one operator without numbers of the layer's.
PLAIN: dict[type[Layer], tuple[str, dict[str, Any]]] = {
    activation.Relu: ("Relu", {}),
    activation.Selu: ("Selu", {}),
    activation.Mish: ("Mish", {}),
    activation.Sigmoid: ("Sigmoid", {}),
    activation.HardSigmoid: ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    activation.HardSwish: ("HardSwish", {}),
    activation.Tanh: ("Tanh", {}),
    activation.Softplus: ("Softplus", {}),
    activation.Softsign: ("Softsign", {}),
}


def _plain(op: str, attributes: dict[str, Any]) -> Callable[..., str]:
    return lambda layer, inputs, graph, x: graph.add(op, x, **attributes)


for _layer, (_op, _attributes) in PLAIN.items():
    row(_layer)(_plain(_op, _attributes))


@row(activation.Relu6)
def relu6(layer: activation.Relu6, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Clip", x, graph.floats(0), graph.floats(6))


@row(activation.LeakyRelu)
def leaky_relu(
    layer: activation.LeakyRelu, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return graph.add("LeakyRelu", x, alpha=float(layer.slope))


@row(activation.Prelu)
def prelu(layer: activation.Prelu, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("PRelu", x, along_channels(graph, graph.weight(), inputs[0].rank))


@row(activation.Elu)
def elu(layer: activation.Elu, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Elu", x, alpha=float(layer.alpha))


@row(activation.Gelu)
def gelu(layer: activation.Gelu, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Gelu", x, approximate="tanh" if layer.approximate else "none")


@row(activation.Silu)
def silu(layer: activation.Silu, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


@row(activation.Softmax)
def softmax(
    layer: activation.Softmax, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return graph.add("Softmax", x, axis=channel_dim(inputs[0].rank))


@row(activation.LogSoftmax)
def log_softmax(
    layer: activation.LogSoftmax, inputs: tuple[TensorType, ...], graph: Builder, x: str
) -> str:
    return graph.add("LogSoftmax", x, axis=channel_dim(inputs[0].rank))


@row(activation.Step)
def step(layer: activation.Step, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Cast", graph.add("Greater", x, graph.floats(0)), to=TensorProto.FLOAT)


@row(activation.Maxout)
def maxout(layer: activation.Maxout, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    size = inputs[0].channels
    ends, axes, steps = (
        graph.integers([number]) for number in (size, channel_dim(inputs[0].rank), layer.pieces)
    )
    members = [
        graph.add("Slice", x, graph.integers([place]), ends, axes, steps)
        for place in range(layer.pieces)
    ]
    return graph.add("Max", *members)
