"""Normalisations that Keras lacks, written into emitted modules."""

from __future__ import annotations

from typing import Final

_LRN = '''
def lrn(x, size, alpha, beta, k):
    """x / (k + alpha * s) ** beta, where s sums the squares of `size` channels around each."""
    around = [(0, 0)] * (len(x.shape) - 1) + [(size // 2, (size - 1) // 2)]
    squares, channels = ops.pad(ops.square(x), around), x.shape[-1]
    total = sum(squares[..., first : first + channels] for first in range(size))
    return x / (k + alpha * total) ** beta
'''

_L2_NORMALIZE = '''
def l2_normalize(x):
    """Divides channels by their length, at least 1e-12; its gradient is finite at zero too."""
    squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
    return x * ops.rsqrt(ops.maximum(squares, 1e-24))
'''

_STARTED_RMS_NORM = '''
class StartedRMSNormalization(layers.RMSNormalization):
    """The same with a scale that does not start at one."""

    def __init__(self, initializer, **kwargs):
        super().__init__(**kwargs)
        self.initializer = keras.initializers.get(initializer)

    def build(self, shape):
        super().build(shape)
        self.scale.assign(self.initializer(self.scale.shape))
'''

NORM: Final[dict[str, str]] = {
    "lrn": _LRN,
    "l2_normalize": _L2_NORMALIZE,
    "StartedRMSNormalization": _STARTED_RMS_NORM,
}
