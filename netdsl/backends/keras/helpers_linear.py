"""Tensors of a net's own and tied weights, written into emitted modules."""

from __future__ import annotations

from typing import Final

_TIED_DENSE = '''
class TiedDense(layers.Layer):
    """A dense layer with the weight of another layer and a bias of its own."""

    def __init__(self, units, use_bias=True, bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.bias = None
        if use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(units,), initializer=bias_initializer
            )

    def compute_output_shape(self, x_shape):
        return (*x_shape[:-1], self.units)

    def call(self, x, tied):
        if isinstance(tied, layers.Dense):
            y = ops.matmul(x, tied.kernel)
        else:
            table = (
                tied.embeddings if isinstance(tied, layers.Embedding) else tied.weight
            )
            y = ops.matmul(x, ops.transpose(table))
        return y if self.bias is None else y + self.bias
'''

_PARAMETER = '''
class Parameter(layers.Layer):
    """A trained tensor that is the same for every example; in its weight channels come first."""

    def __init__(self, *shape, initializer=None, **kwargs):
        super().__init__(**kwargs)
        if len(shape) > 2:
            shape = (shape[-1], *shape[:-1])
        initializer = initializer or keras.initializers.RandomNormal(stddev=0.02)
        self.weight = self.add_weight(
            name="weight", shape=shape, initializer=initializer
        )

    def call(self, batch):
        value = ops.convert_to_tensor(self.weight)
        if len(value.shape) > 2:
            value = ops.moveaxis(value, 0, -1)
        return ops.broadcast_to(value, (ops.shape(batch)[0], *value.shape))
'''

_CONSTANT = '''
class Constant(layers.Layer):
    """A tensor that is the same for every example and is not trained."""

    def __init__(self, values, **kwargs):
        super().__init__(**kwargs)
        self.values = values

    def call(self, batch):
        value = ops.convert_to_tensor(self.values, self.compute_dtype)
        return ops.broadcast_to(value, (ops.shape(batch)[0], *value.shape))
'''

LINEAR: Final[dict[str, str]] = {
    "TiedDense": _TIED_DENSE,
    "Parameter": _PARAMETER,
    "Constant": _CONSTANT,
}
