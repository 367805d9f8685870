"""How Keras orders, names and lays out each layer's variables, against ours.

A row of the table is keyed by the layer's class and lists the variables of the layer of Keras with
all its options on, in Keras' order; a variable whose tensor the layer does not have (a bias left
out) is skipped. Keras' kernels are (*kernel, in, out), ours are PyTorch's (out, in, *kernel).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.catalog.base import Layer
from netdsl.catalog.layers.activation import Prelu
from netdsl.catalog.layers.conv import Conv, ConvTranspose, Depthwise, Separable
from netdsl.catalog.layers.linear import Dense, Embedding
from netdsl.catalog.layers.norm import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from netdsl.record import Record

Array: TypeAlias = npt.NDArray[Any]
# From Keras' numbers to ours, for this layer.
Turn: TypeAlias = Callable[[Array, Layer], Array]


class Variable(Record):
    """A variable of a layer of Keras: the name of our tensor, Keras' name, and the way to ours.

    `features` says that its first axis counts the numbers of the vector that flows in, which
    `flatten` orders differently there.
    """

    tensor: str
    name: str
    turn: Turn
    features: bool = False


def variables_of(layer: type[Layer]) -> tuple[Variable, ...] | None:
    """The row of a layer; None where Keras has no such layer with weights."""
    return _ROWS.get(layer)


def flattened(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """For each number of a vector in our order where it is in Keras' vector.

    `flatten` of a tensor of this shape, channels last, reads it channels first here and as it
    stands there.
    """
    places = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return np.moveaxis(places, -1, 0).reshape(-1)


def _same(values: Array, layer: Layer) -> Array:
    return values


def _squeezed(values: Array, layer: Layer) -> Array:
    """A slope for each channel is (1, 1, channels) where all positions share it."""
    return values.reshape(-1) if values.size == values.shape[-1:][0] else values


def _kernel(values: Array, layer: Layer) -> Array:
    """(*kernel, in, out) to (out, in, *kernel); of a transposed convolution to (in, out, …)."""
    if values.ndim < 2:
        return values
    return np.moveaxis(values, (-1, -2), (0, 1))


def _depthwise(values: Array, layer: Layer) -> Array:
    """(*kernel, in, multiplier) to (in * multiplier, 1, *kernel)."""
    if values.ndim < 2:
        return values
    *window, channels, multiplier = values.shape
    turned = np.moveaxis(values, (-2, -1), (0, 1))
    return turned.reshape(channels * multiplier, 1, *window)


def _grouped(values: Array, layer: Layer) -> Array:
    """A convolution's kernel, also where Keras lacks groups and writes them in another way.

    There a depthwise convolution, (*kernel, in, out / groups), is summed over the channels of a
    group, as its ResNeXt does.
    """
    assert isinstance(layer, Conv)
    groups, filters = layer.groups, layer.filters
    if groups == 1 or values.ndim < 3 or values.shape[-1] != filters // groups:
        return _kernel(values, layer)
    *window, channels, each = values.shape
    apart = values.reshape(*window, groups, channels // groups, each)
    return np.moveaxis(apart, (-3, -1, -2), (0, 1, 2)).reshape(filters, -1, *window)


_NORM = (
    Variable("weight", "gamma", _same, features=True),
    Variable("bias", "beta", _same, features=True),
)
_BIAS = Variable("bias", "bias", _same)

_ROWS: dict[type[Layer], tuple[Variable, ...]] = {
    Conv: (Variable("weight", "kernel", _grouped), _BIAS),
    ConvTranspose: (Variable("weight", "kernel", _kernel), _BIAS),
    Depthwise: (Variable("weight", "depthwise_kernel", _depthwise), _BIAS),
    Separable: (
        Variable("depthwise.weight", "depthwise_kernel", _depthwise),
        Variable("pointwise.weight", "pointwise_kernel", _kernel),
        Variable("pointwise.bias", "bias", _same),
    ),
    Dense: (Variable("weight", "kernel", _kernel, features=True), _BIAS),
    Embedding: (Variable("weight", "embeddings", _same),),
    BatchNorm: (
        *_NORM,
        Variable("running_mean", "moving_mean", _same, features=True),
        Variable("running_var", "moving_variance", _same, features=True),
    ),
    LayerNorm: _NORM,
    GroupNorm: _NORM,
    RmsNorm: (Variable("weight", "scale", _same, features=True),),
    Prelu: (Variable("weight", "alpha", _squeezed),),
}
