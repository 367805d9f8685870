"""How Keras orders, names and lays out each layer's variables, against ours.

A row of the table is keyed by the layer's class and lists the variables of the layer of Keras with
all its options on, in Keras' order; a variable whose tensor the layer does not have (a bias left
out) is skipped. Keras' kernels are (*kernel, in, out), ours are PyTorch's (out, in, *kernel).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.catalog.base import Layer
from netdsl.catalog.layers.activation import Prelu
from netdsl.catalog.layers.conv import Conv, ConvTranspose, Depthwise, Separable
from netdsl.catalog.layers.linear import Dense, Embedding
from netdsl.catalog.layers.norm import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from netdsl.catalog.layers.recurrent import BIASES, Gru, Lstm, Recurrence, Rnn
from netdsl.record import Record

Array: TypeAlias = npt.NDArray[Any]
# From Keras' numbers to ours, for this layer; those of another shape than the layer's come out in
# any way that has another shape than ours, which is then told.
Turn: TypeAlias = Callable[[Array, Layer], Array]
Row: TypeAlias = "Callable[[Any], tuple[Variable, ...]]"


class Way(Record):
    """From Keras' numbers to ours, and back.

    `back` gives them in Keras' order; where Keras splits an axis or adds axes of size 1, they are
    still to be reshaped.
    """

    turn: Turn
    back: Turn


class Variable(Record):
    """A variable of a layer of Keras: our tensors in it, Keras' name, and the way to ours.

    Several tensors stand along its first axis. `features` says that this axis counts the numbers
    of the vector that flows in, which `flatten` orders differently there.
    """

    tensors: tuple[str, ...]
    name: str
    way: Way
    features: bool = False

    def parts(self, values: Array, layer: Layer) -> Iterator[tuple[str, Array]]:
        """Our tensors by name, in our layout; one that is not there is left out."""
        turned = self.way.turn(values, layer)
        if len(self.tensors) == 1:
            return iter([(self.tensors[0], turned)])
        return zip(self.tensors, turned, strict=False)


def variables_of(layer: Layer) -> tuple[Variable, ...] | None:
    """The row of a layer; None where Keras has no such layer with weights."""
    row = _ROWS.get(type(layer))
    return None if row is None else row(layer)


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
    return values.reshape(-1) if values.ndim and values.size == values.shape[-1] else values


def _kernel(values: Array, layer: Layer) -> Array:
    """(*kernel, in, out) to (out, in, *kernel); of a transposed convolution to (in, out, …)."""
    if values.ndim < 2:
        return values
    return np.moveaxis(values, (-1, -2), (0, 1))


def _kernel_back(values: Array, layer: Layer) -> Array:
    return values if values.ndim < 2 else np.moveaxis(values, (0, 1), (-1, -2))


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
    if channels % groups:
        return _kernel(values, layer)
    apart = values.reshape(*window, groups, channels // groups, each)
    return np.moveaxis(apart, (-3, -1, -2), (0, 1, 2)).reshape(filters, -1, *window)


def _matrix(values: Array, layer: Layer) -> Array:
    """(in, gates * units) to (gates * units, in)."""
    return np.moveaxis(values, 0, -1)


def _matrix_back(values: Array, layer: Layer) -> Array:
    return np.moveaxis(values, -1, 0)


def _gru_gates(values: Array, layer: Layer) -> Array:
    """The gates along the last axis in our order: Keras' z, r, h are our r, z, n, and back."""
    if values.ndim == 0 or values.shape[-1] % 3:
        return values
    apart = values.reshape(*values.shape[:-1], 3, -1)
    return apart[..., [1, 0, 2], :].reshape(values.shape)


def _gru_matrix(values: Array, layer: Layer) -> Array:
    """(in, 3 * units) to (3 * units, in), the gates in our order."""
    return _matrix(_gru_gates(values, layer), layer)


def _gru_matrix_back(values: Array, layer: Layer) -> Array:
    return _gru_gates(_matrix_back(values, layer), layer)


def _recurrence(matrix: Way, bias: Way, *peepholes: str) -> Row:
    """The row of a recurrence: both directions one after the other, as `Bidirectional` has them."""

    def row(layer: Recurrence) -> tuple[Variable, ...]:
        return tuple(
            variable
            for end in layer.directions
            for variable in (
                Variable((f"weight_ih{end}",), "kernel", matrix),
                Variable((f"weight_hh{end}",), "recurrent_kernel", matrix),
                Variable(tuple(f"{name}{end}" for name in BIASES[layer.bias]), "bias", bias),
                *(Variable((f"{name}{end}",), name, _SAME) for name in peepholes),
            )
        )

    return row


def _always(*variables: Variable) -> Row:
    """The row of a layer whose variables do not depend on its arguments."""
    return lambda layer: variables


def _one(tensor: str, name: str, way: Way, features: bool = False) -> Variable:
    return Variable((tensor,), name, way, features)


_SAME = Way(_same, _same)
_SQUEEZED = Way(_squeezed, _same)
_KERNEL = Way(_kernel, _kernel_back)
_GROUPED = Way(_grouped, _kernel_back)
_DEPTHWISE = Way(_depthwise, _kernel_back)
_MATRIX = Way(_matrix, _matrix_back)
_GRU_MATRIX = Way(_gru_matrix, _gru_matrix_back)
_GRU_GATES = Way(_gru_gates, _gru_gates)

_SCALE = _one("weight", "gamma", _SAME, features=True)
_OFFSET = _one("bias", "beta", _SAME, features=True)
_BIAS = _one("bias", "bias", _SAME)

_ROWS: dict[type[Layer], Row] = {
    Conv: _always(_one("weight", "kernel", _GROUPED), _BIAS),
    ConvTranspose: _always(_one("weight", "kernel", _KERNEL), _BIAS),
    Depthwise: _always(_one("weight", "depthwise_kernel", _DEPTHWISE), _BIAS),
    Separable: _always(
        _one("depthwise.weight", "depthwise_kernel", _DEPTHWISE),
        _one("pointwise.weight", "pointwise_kernel", _KERNEL),
        _one("pointwise.bias", "bias", _SAME),
    ),
    Dense: _always(_one("weight", "kernel", _KERNEL, features=True), _BIAS),
    Embedding: _always(_one("weight", "embeddings", _SAME)),
    BatchNorm: _always(
        _SCALE,
        _OFFSET,
        _one("running_mean", "moving_mean", _SAME, features=True),
        _one("running_var", "moving_variance", _SAME, features=True),
    ),
    LayerNorm: _always(_SCALE, _OFFSET),
    GroupNorm: _always(_SCALE, _OFFSET),
    RmsNorm: _always(_one("weight", "scale", _SAME, features=True)),
    Prelu: _always(_one("weight", "alpha", _SQUEEZED, features=True)),
    Rnn: _recurrence(_MATRIX, _SAME),
    Lstm: _recurrence(_MATRIX, _SAME, "weight_ci", "weight_cf", "weight_co"),
    Gru: _recurrence(_GRU_MATRIX, _GRU_GATES),
}
