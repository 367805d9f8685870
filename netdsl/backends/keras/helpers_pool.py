"""Pools that Keras lacks, written into emitted modules."""

from __future__ import annotations

from typing import Final

_PADDED_MAX_POOL = '''
def padded_max_pool(x, size, strides, padding):
    """The largest of each window, `padding` being pairs of minus infinity for each axis."""
    x = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=float("-inf"))
    return ops.max_pool(x, size, strides)
'''

_PADDED_AVG_POOL = '''
def padded_avg_pool(x, size, strides, padding):
    """Averages over windows, leaving `padding`, pairs for each axis, out of the mean."""

    def pooled(t):
        return ops.average_pool(ops.pad(t, ((0, 0), *padding, (0, 0))), size, strides)

    return pooled(x) / pooled(ops.ones_like(x[..., :1]))
'''

_SAME_AVG_POOL = '''
def same_avg_pool(x, size, strides):
    """Averages over windows with `same` padding, which is left out of the mean."""

    def pooled(t):
        return ops.average_pool(SamePad(size, strides)(t), size, strides)

    return pooled(x) / pooled(ops.ones_like(x[..., :1]))
'''

_MAX_POOL_WITH_INDICES = '''
class MaxPoolWithIndices(layers.Layer):
    """The largest of each window, and its place in the plane of its channel, row by row.

    `padding` is `same`, or pairs for each axis.
    """

    def __init__(self, size, strides, padding="same", **kwargs):
        super().__init__(**kwargs)
        self.size, self.strides, self.padding = size, strides, padding

    def call(self, x):
        sizes, places = ops.shape(x)[1:-1], 0
        for axis, n in enumerate(sizes):
            shape = [n if other == axis else 1 for other in range(len(sizes))]
            steps = ops.arange(n, dtype="int32")
            places = places * n + ops.reshape(steps, (1, *shape, 1))
        values, places = self.taps(x, float("-inf")), self.taps(places, 0)
        first = ops.argmax(values, axis=-1, keepdims=True)
        chosen = ops.arange(values.shape[-1], dtype="int32") == ops.cast(first, "int32")
        return tuple(
            ops.sum(ops.where(chosen, t, 0), axis=-1) for t in (values, places)
        )

    def taps(self, x, outside):
        """What each tap of the window sees, side by side along a new axis."""
        if self.padding == "same":
            x = SamePad(self.size, self.strides, value=outside)(x)
        else:
            x = ops.pad(x, ((0, 0), *self.padding, (0, 0)), constant_values=outside)
        parts = [x]
        for axis, (k, s) in enumerate(zip(self.size, self.strides), 1):
            before = [slice(None)] * axis
            parts = [
                part[(*before, slice(tap, tap + 1 - k or None, s))]
                for part in parts
                for tap in range(k)
            ]
        return ops.stack(parts, axis=-1)
'''

_MAX_UNPOOL = '''
class MaxUnpool(layers.Layer):
    """Puts each number where the largest came from; those at one place are added."""

    def call(self, x, indices, entered):
        batch, *sizes, channels = ops.shape(entered)
        positions = 1
        for n in sizes:
            positions = positions * n
        numbers = [ops.arange(n, dtype="int32") for n in (batch, channels)]
        examples = ops.reshape(numbers[0], (-1, *[1] * (len(sizes) + 1)))
        places = (examples * positions + indices) * channels + numbers[1]
        flat = ops.segment_sum(
            ops.reshape(x, (-1,)),
            ops.reshape(places, (-1,)),
            batch * positions * channels,
        )
        return ops.reshape(flat, (batch, *sizes, channels))
'''

_ADAPTIVE_POOL = '''
class AdaptivePool(layers.Layer):
    """Reduces windows that cover the positions evenly, `size` of them on each axis."""

    def __init__(self, reduce, size, **kwargs):
        super().__init__(**kwargs)
        self.reduce, self.size = reduce, size

    def call(self, x):
        for axis, count in enumerate(self.size, 1):
            n, before = ops.shape(x)[axis], [slice(None)] * axis
            ends = [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]
            windows = [x[(*before, slice(*pair))] for pair in ends]
            reduced = [
                self.reduce(window, axis=axis, keepdims=True) for window in windows
            ]
            x = ops.concatenate(reduced, axis=axis)
        return x
'''

POOL: Final[dict[str, str]] = {
    "padded_max_pool": _PADDED_MAX_POOL,
    "padded_avg_pool": _PADDED_AVG_POOL,
    "same_avg_pool": _SAME_AVG_POOL,
    "MaxPoolWithIndices": _MAX_POOL_WITH_INDICES,
    "AdaptivePool": _ADAPTIVE_POOL,
    "MaxUnpool": _MAX_UNPOOL,
}
