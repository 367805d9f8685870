"""Attention, and what is added to a sequence for it, as written into an emitted module.

Keras' own layer keeps a matrix for each of queries, keys and values, and takes no bias; these
classes have the weights of PyTorch's `nn.MultiheadAttention`, by its names.
"""

from __future__ import annotations

from typing import Final

_ATTENTION = '''
class Attention(layers.Layer):
    """Multi-head attention with the weights of PyTorch's nn.MultiheadAttention.

    Sequences are (..., length, features); a mask, not 0 where a key may be seen, and a
    bias, which is added to the scores, are spread to (..., heads, length, keys).
    """

    def __init__(
        self,
        heads,
        causal=False,
        qkv_bias=True,
        initializer="he_normal",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.heads = heads
        self.causal = causal
        self.qkv_bias = qkv_bias
        self.initializer = initializer
        self.bias_initializer = bias_initializer

    def build(self, x_shape):
        features = x_shape[-1]
        self.add_projections(features)
        self.in_proj_bias = None
        if self.qkv_bias:
            self.in_proj_bias = self.add_bias("in_proj_bias", 3 * features)
        self.out_proj_weight = self.add_matrix("out_proj.weight", features, features)
        self.out_proj_bias = self.add_bias("out_proj.bias", features)

    def compute_output_shape(self, x_shape):
        return x_shape

    def add_projections(self, features):
        self.in_proj_weight = self.add_matrix("in_proj_weight", 3 * features, features)

    def add_matrix(self, name, rows, columns):
        """A weight (rows, columns), drawn as Keras draws one of (columns, rows)."""
        start = keras.initializers.get(self.initializer).clone()

        def turned(shape, dtype=None):
            return ops.transpose(start(shape[::-1], dtype))

        return self.add_weight((rows, columns), turned, name=name)

    def add_bias(self, name, size):
        return self.add_weight((size,), self.bias_initializer, name=name)

    def call(self, x, attention_mask=None, bias=None):
        qkv = self.project(x, self.in_proj_weight, self.in_proj_bias)
        return self.attend(*ops.split(qkv, 3, axis=-1), attention_mask, bias)

    def project(self, x, weight, bias):
        y = ops.matmul(x, ops.transpose(weight))
        return y if bias is None else y + bias

    def attend(self, q, k, v, mask, bias):
        """Divides features among heads, and mixes what they gather."""
        q, k, v = map(self.divide, (q, k, v))
        scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / q.shape[-1] ** 0.5
        if bias is not None:
            scores = scores + self.spread(bias, scores)
        seen = None if mask is None else self.spread(mask, scores) != 0
        if self.causal:
            rows, columns = ops.arange(ops.shape(q)[-2]), ops.arange(ops.shape(k)[-2])
            earlier = rows[:, None] >= columns
            seen = earlier if seen is None else ops.logical_and(seen, earlier)
        # Where no key may be seen nothing is gathered.
        scores = scores if seen is None else ops.where(seen, scores, -1e30)
        shares = self.softmax(scores)
        shares = shares if seen is None else ops.where(seen, shares, 0.0)
        y = ops.swapaxes(ops.matmul(shares, v), -3, -2)
        y = ops.reshape(y, (*ops.shape(y)[:-2], y.shape[-2] * y.shape[-1]))
        return self.project(y, self.out_proj_weight, self.out_proj_bias)

    def softmax(self, scores):
        """Over the last axis; TensorFlow's own takes five axes at most on some processors."""
        shape = ops.shape(scores)
        return ops.reshape(ops.softmax(ops.reshape(scores, (-1, shape[-1]))), shape)

    def divide(self, x):
        """(..., length, features) as (..., heads, length, features of a head)."""
        size = x.shape[-1] // self.heads
        x = ops.reshape(x, (*ops.shape(x)[:-1], self.heads, size))
        return ops.swapaxes(x, -3, -2)

    def spread(self, x, scores):
        """Gives a tensor the axes of the scores that it lacks, behind the batch."""
        while x.ndim < scores.ndim:
            x = ops.expand_dims(x, 1)
        return x
'''

_CROSS_ATTENTION = '''
class CrossAttention(Attention):
    """Attention to another sequence, whose vectors may have another width."""

    def build(self, x_shape, memory_shape):
        self.width = memory_shape[-1]
        super().build(x_shape)

    def add_projections(self, features):
        self.apart = self.width != features
        if not self.apart:
            return super().add_projections(features)
        widths = {"q": features, "k": self.width, "v": self.width}
        self.matrices = [
            self.add_matrix(f"{name}_proj_weight", features, width)
            for name, width in widths.items()
        ]

    def call(self, x, memory, attention_mask=None, bias=None):
        weights = self.matrices if self.apart else ops.split(self.in_proj_weight, 3)
        biases = ops.split(self.in_proj_bias, 3) if self.qkv_bias else [None] * 3
        parts = map(self.project, (x, memory, memory), weights, biases)
        return self.attend(*parts, attention_mask, bias)
'''

_SINUSOIDS = '''
class Sinusoids(layers.Layer):
    """Adds sines and cosines of each position to (batch, length, features), by turns."""

    def call(self, x):
        length, features = ops.shape(x)[1], x.shape[-1]
        rates = [10000 ** (-i / features) for i in range(0, features, 2)]
        places = ops.cast(ops.arange(length), x.dtype)
        angles = ops.expand_dims(places, 1) * ops.convert_to_tensor(rates, x.dtype)
        waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
        return x + ops.reshape(waves, (-1, 2 * len(rates)))[:, :features]
'''

_POSITIONS = '''
class Positions(layers.Layer):
    """Adds a learned vector to each position of (batch, length, features)."""

    def __init__(self, initializer=None, **kwargs):
        super().__init__(**kwargs)
        self.initializer = initializer or keras.initializers.RandomNormal(stddev=0.02)

    def build(self, shape):
        self.weight = self.add_weight(shape[1:], self.initializer, name="weight")

    def call(self, x):
        return x + self.weight
'''

_CLASS_TOKEN = '''
class ClassToken(layers.Layer):
    """Puts a learned vector before each sequence (batch, length, features)."""

    def __init__(self, initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.initializer = initializer

    def build(self, shape):
        self.weight = self.add_weight(shape[-1:], self.initializer, name="weight")

    def call(self, x):
        token = ops.broadcast_to(self.weight, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1)
'''

_RELATIVE_BIAS = '''
class RelativeBias(layers.Layer):
    """A learned number for each head and each distance between two positions of a grid.

    The result is (batch, heads, positions, positions).
    """

    def __init__(self, axes, heads, initializer=None, **kwargs):
        super().__init__(**kwargs)
        initializer = initializer or keras.initializers.RandomNormal(stddev=0.02)
        places = [()]
        for n in axes:
            places = [(*place, i) for place in places for i in range(n)]
        self.index = [[self.distance(axes, a, b) for b in places] for a in places]
        distances = self.distance(axes, places[-1], places[0]) + 1
        self.weight = self.add_weight((distances, heads), initializer, name="weight")

    def distance(self, axes, a, b):
        """The number of the distance from b to a: that of the farthest is the largest."""
        number = 0
        for n, i, j in zip(axes, a, b):
            number = number * (2 * n - 1) + i - j + n - 1
        return number

    def call(self, batch):
        bias = ops.transpose(ops.take(self.weight, self.index, axis=0), (2, 0, 1))
        return ops.broadcast_to(bias, (ops.shape(batch)[0], *bias.shape))
'''

ATTENTION: Final[dict[str, str]] = {
    "Attention": _ATTENTION,
    "CrossAttention": _CROSS_ATTENTION,
    "Sinusoids": _SINUSOIDS,
    "Positions": _POSITIONS,
    "ClassToken": _CLASS_TOKEN,
    "RelativeBias": _RELATIVE_BIAS,
}
