"""Activations, factors and draws that Keras lacks, as written into an emitted module."""

from __future__ import annotations

from typing import Final

_STEP = '''
def step(x):
    """1 where x is positive, else 0; its gradient is zero."""
    return ops.relu(ops.sign(x))
'''

_MAXOUT = '''
def maxout(x, pieces):
    """The largest of each group of neighbouring channels."""
    return ops.max(ops.stack([x[..., i::pieces] for i in range(pieces)]), axis=0)
'''

_LAYER_SCALE = '''
class LayerScale(layers.Layer):
    """A learned factor for each channel."""

    def __init__(self, initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.initializer = initializer

    def build(self, shape):
        start = self.initializer
        self.weight = self.add_weight(shape[-1:], start, name="weight")

    def call(self, x):
        return x * self.weight
'''

_SAMPLE = '''
class Sample(layers.Layer):
    """A draw from normal distributions in training, and their means in evaluation."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator()

    def call(self, mean, logvar, training=False):
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed)
        return mean + ops.exp(logvar / 2) * noise
'''

POINTWISE: Final[dict[str, str]] = {
    "step": _STEP,
    "maxout": _MAXOUT,
    "LayerScale": _LAYER_SCALE,
    "Sample": _SAMPLE,
}
