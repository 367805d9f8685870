"""What moves, adds and cuts positions and channels and is not in Keras, for emitted modules.

What needs the number of positions is a layer, since that number may be known only where a layer is
called.
"""

from __future__ import annotations

from typing import Final

_FLATTEN = '''
def flatten(x):
    """A vector with all numbers of the first channel first, then of the second."""
    return layers.Flatten()(ops.moveaxis(x, -1, 1))
'''

_UNFLATTEN = '''
def unflatten(x, sizes):
    """A vector, channel after channel, in sizes of which the channels are the last."""
    *positions, channels = sizes
    return ops.moveaxis(layers.Reshape((channels, *positions))(x), 1, -1)
'''

_PIXEL_SHUFFLE = '''
class PixelShuffle(layers.Layer):
    """Groups of factor ** 2 neighbouring channels as squares of pixels."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        by = self.factor
        height, width, channels = ops.shape(x)[1:]
        channels = channels // by**2
        x = ops.reshape(x, (-1, height, width, channels, by, by))
        x = ops.transpose(x, (0, 1, 4, 2, 5, 3))
        return ops.reshape(x, (-1, height * by, width * by, channels))
'''

_CHANNEL_SHUFFLE = '''
def channel_shuffle(x, groups):
    """Deals the channels of each group out to all groups."""
    each = x.shape[-1] // groups
    order = [group * each + i for i in range(each) for group in range(groups)]
    return ops.take(x, order, axis=-1)
'''

_CENTER_CROP = '''
class CenterCrop(layers.Layer):
    """The middle of x in the sizes of another tensor; an odd rest is cut at the end."""

    def call(self, x, like):
        for axis, size in enumerate(ops.shape(like)[1:-1], 1):
            start = (ops.shape(x)[axis] - size) // 2
            x = x[(slice(None),) * axis + (slice(start, start + size),)]
        return x
'''

_RESIZE = '''
class Resize(layers.Layer):
    """Samples positions anew, in given sizes, those of a tensor, or more by a factor.

    `bilinear` interpolates between the centres of positions, along one axis after the
    other; `nearest` takes position floor(i * old / new).
    """

    def __init__(self, size=None, factor=1, mode="bilinear", **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.factor = factor
        self.mode = mode

    def call(self, x, like=None):
        old = ops.shape(x)[1:-1]
        size, factor = (
            (given,) * len(old) if isinstance(given, int) else given
            for given in (self.size, self.factor)
        )
        if like is not None:
            size = ops.shape(like)[1:-1]
        elif size is None:
            size = [n * by for n, by in zip(old, factor)]
        for axis, (n, new) in enumerate(zip(old, size), 1):
            x = self.along(axis, x, n, new)
        return x

    def along(self, axis, x, n, new):
        """One axis of n positions in `new` ones."""
        if self.mode == "nearest":
            return ops.take(x, ops.arange(new) * n // new, axis=axis)
        scale = ops.cast(n, "float32") / ops.cast(new, "float32")
        place = (ops.cast(ops.arange(new), "float32") + 0.5) * scale - 0.5
        place = ops.clip(place, 0, ops.cast(n - 1, "float32"))
        low = ops.cast(place, "int32")
        high = ops.minimum(low + 1, n - 1)
        share = ops.cast(place - ops.floor(place), x.dtype)
        share = ops.reshape(share, (-1, *[1] * (x.ndim - axis - 1)))
        low, high = ops.take(x, low, axis=axis), ops.take(x, high, axis=axis)
        return low + (high - low) * share
'''

_PAD_CHANNELS = '''
def pad_channels(x, to, before=0):
    """Adds channels of zeros, `before` of them first, so that there are `to`."""
    after = to - x.shape[-1] - before
    return ops.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, after)])
'''

SHAPE: Final[dict[str, str]] = {
    "flatten": _FLATTEN,
    "unflatten": _UNFLATTEN,
    "PixelShuffle": _PIXEL_SHUFFLE,
    "channel_shuffle": _CHANNEL_SHUFFLE,
    "CenterCrop": _CENTER_CROP,
    "Resize": _RESIZE,
    "pad_channels": _PAD_CHANNELS,
}
