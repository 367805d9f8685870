"""Keras' row of the plugin's layer."""

from __future__ import annotations

from netdsl.backends.keras.rows import Code, Emission, helper, row
from netdsl.tensor import TensorType
from netdsl_gates.layers import ChannelGate

_GATE = helper(
    "ChannelGate",
    '''
class ChannelGate(layers.Layer):
    """A learned number for each channel."""

    def __init__(self, squash, **kwargs):
        super().__init__(**kwargs)
        self.squash = squash

    def build(self, shape):
        self.weight = self.add_weight(shape[-1:], "zeros", name="weight")

    def call(self, x):
        return x * self.squash(self.weight)
''',
)


@row(ChannelGate)
def channel_gate(layer: ChannelGate, inputs: tuple[TensorType, ...]) -> Emission:
    squash = "ops.sigmoid" if layer.squash == "logistic" else "ops.tanh"
    return Emission(Code("{module}({0})"), Code(f"ChannelGate({squash})"), (_GATE,))
