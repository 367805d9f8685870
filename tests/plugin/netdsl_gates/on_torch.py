"""PyTorch's row of the plugin's layer."""

from __future__ import annotations

from netdsl.backends.torch.rows import Code, Emission, helper, row
from netdsl.tensor import TensorType
from netdsl_gates.layers import ChannelGate

_GATE = helper(
    "ChannelGate",
    '''
class ChannelGate(nn.Module):
    """A learned number for each channel, which `positions` dimensions follow."""

    def __init__(self, channels, squash, positions=0):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels))
        self.squash = squash
        self.positions = positions

    def forward(self, x):
        return x * self.squash(self.weight).view(-1, *[1] * self.positions)
''',
)


@row(ChannelGate)
def channel_gate(layer: ChannelGate, inputs: tuple[TensorType, ...]) -> Emission:
    squash = "torch.sigmoid" if layer.squash == "logistic" else "torch.tanh"
    values = {
        "channels": inputs[0].channels,
        "positions": inputs[0].rank - 1 if inputs[0].rank >= 3 else 0,
    }
    construct = Code(f"ChannelGate({{channels}}, {squash}, {{positions}})", values)
    return Emission(Code("{module}({0})"), construct, (_GATE,))
