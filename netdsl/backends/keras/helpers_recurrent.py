"""Recurrences as they are written into an emitted module.

Keras' own layers compute what they can; cells of ours, which `layers.RNN` steps through, do the
rest. Their variables have the names, layouts and order of gates of Keras' own cells. What
`layers.Bidirectional` makes a second one of is registered, as it goes through its configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

# Which uses of a layer Keras' own layers compute, by the layer's word.
_BUILT_IN: Final[dict[str, Callable[[Any], bool]]] = {
    "rnn": lambda layer: layer.bias != "double",
    "lstm": lambda layer: layer.bias != "double" and not layer.peephole,
    "gru": lambda layer: layer.bias in ("none", "double" if layer.reset_after else "single"),
}


def is_built_in(layer: Any) -> bool:
    """Whether one of Keras' own layers computes a recurrence as it is."""
    return _BUILT_IN[layer.word](layer)


_ORTHOGONAL_GATES = '''
@keras.saving.register_keras_serializable()
def orthogonal_gates(shape, dtype=None):
    """An orthogonal matrix for each gate, side by side."""
    units, columns = shape
    gates = [keras.initializers.Orthogonal() for _ in range(columns // units)]
    return ops.concatenate([start((units, units), dtype) for start in gates], axis=1)
'''

_WITH_STATE = '''
def with_state(y, ways=1):
    """Outputs of a recurrence at every position, and the last ones of each way."""
    forth, *back = ops.split(y, ways, axis=-1)
    return y, ops.concatenate([forth[:, -1], *(way[:, 0] for way in back)], axis=-1)
'''

_SIDE_BY_SIDE = '''
def side_by_side(y, *states):
    """Outputs of both ways, and each state with that of the way back beside it."""
    half = len(states) // 2
    pairs = zip(states[:half], states[half:])
    return y, *(ops.concatenate(pair, axis=-1) for pair in pairs)
'''

_WAY_BY_WAY = '''
def way_by_way(*states):
    """States of both ways side by side, as all of one way and then all of the other."""
    pairs = [ops.split(state, 2, axis=-1) for state in states]
    return [state for way in zip(*pairs) for state in way]
'''

_WHERE_COUNTED = '''
def where_counted(mask, y, *states):
    """Outputs at every position, 0 where a mask is 0, and the states that are left."""
    counts = ops.expand_dims(ops.not_equal(mask, 0), axis=-1)
    return ops.where(counts, y, 0.0), *states
'''

_AS_LEFT = '''
def as_left(y, *states):
    """The state that is left as the output, and all that are left."""
    return states[0], *states
'''

_CELL = '''
class Cell(layers.Layer):
    """A step of a recurrence; of two biases the second stands beside U h."""

    gates, states = 1, 1

    def __init__(
        self,
        units,
        activation="tanh",
        bias="single",
        kernel_initializer="he_normal",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units] * self.states
        self.activation = keras.activations.get(activation)
        self.biases = {"none": 0, "single": 1, "double": 2}[bias]
        self.given = {
            "units": units,
            "activation": activation,
            "bias": bias,
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
        }

    def get_config(self):
        return {**super().get_config(), **self.given}

    def build(self, shape):
        columns = self.gates * self.units
        self.kernel = self.add_weight(
            (shape[-1], columns), self.given["kernel_initializer"], name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), orthogonal_gates, name="recurrent_kernel"
        )
        if self.biases:
            shape = (2, columns) if self.biases == 2 else (columns,)
            start = self.given["bias_initializer"]
            self.bias = self.add_weight(shape, start, name="bias")

    def of_input(self, x):
        """W x, and the first bias."""
        y = ops.matmul(x, self.kernel)
        if self.biases == 2:
            return y + self.bias[0]
        return y + self.bias if self.biases else y

    def of_state(self, h):
        """U h, and the second bias."""
        y = ops.matmul(h, self.recurrent_kernel)
        return y + self.bias[1] if self.biases == 2 else y
'''

_RNN_CELL = '''
@keras.saving.register_keras_serializable()
class RNNCell(Cell):
    """h = activation(W x + U h + b), with any biases."""

    def call(self, x, states):
        h = self.activation(self.of_input(x) + self.of_state(states[0]))
        return h, [h]
'''

_LSTM_CELL = '''
@keras.saving.register_keras_serializable()
class LSTMCell(Cell):
    """A step of a long short-term memory, whose gates may see the cell."""

    gates, states = 4, 2

    def __init__(self, units, peephole=False, **kwargs):
        super().__init__(units, **kwargs)
        self.given["peephole"] = peephole

    def build(self, shape):
        super().build(shape)
        self.seen = [
            self.add_weight((self.units,), "zeros", name=f"weight_c{gate}")
            for gate in ("ifo" if self.given["peephole"] else "")
        ]

    def call(self, x, states):
        h, c = states
        gates = self.of_input(x) + self.of_state(h)
        i, f, g, o = ops.split(gates, 4, axis=-1)
        see_i, see_f, see_o = self.seen or (0, 0, 0)
        i, f = ops.sigmoid(i + see_i * c), ops.sigmoid(f + see_f * c)
        c = f * c + i * self.activation(g)
        h = ops.sigmoid(o + see_o * c) * self.activation(c)
        return h, [h, c]
'''

_GRU_CELL = '''
@keras.saving.register_keras_serializable()
class GRUCell(Cell):
    """A step of a gated recurrent unit, with any biases; gates in the order z, r, n."""

    gates = 3

    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(units, **kwargs)
        self.given["reset_after"] = reset_after

    def call(self, x, states):
        h = states[0]
        x_z, x_r, x_n = ops.split(self.of_input(x), 3, axis=-1)
        h_z, h_r, h_n = ops.split(self.of_state(h), 3, axis=-1)
        z, r = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
        if self.given["reset_after"]:
            n = r * h_n
        else:
            n = self.of_state(r * h)[:, 2 * self.units :]
        n = self.activation(x_n + n)
        h = (1 - z) * n + z * h
        return h, [h]
'''

RECURRENT: Final[dict[str, str]] = {
    "orthogonal_gates": _ORTHOGONAL_GATES,
    "with_state": _WITH_STATE,
    "side_by_side": _SIDE_BY_SIDE,
    "way_by_way": _WAY_BY_WAY,
    "where_counted": _WHERE_COUNTED,
    "as_left": _AS_LEFT,
    "Cell": _CELL,
    "RNNCell": _RNN_CELL,
    "LSTMCell": _LSTM_CELL,
    "GRUCell": _GRU_CELL,
}
