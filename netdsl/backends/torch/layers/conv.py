"""PyTorch's rows of the convolutions."""

from __future__ import annotations

from netdsl.backends.torch.rows import Code, Emission, arguments, row
from netdsl.catalog.layers.conv import Conv
from netdsl.tensor import TensorType


@row(Conv)
def conv(layer: Conv, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(
        stride=(layer.stride, 1),
        padding=(layer.pad, 0),
        dilation=(layer.dilation, 1),
        groups=(layer.groups, 1),
        bias=(layer.bias, True),
    )
    text = f"nn.Conv{inputs[0].rank - 1}d({{channels}}, {{filters}}, {{kernel}}{rest})"
    sizes = {"channels": inputs[0].channels, "filters": layer.filters, "kernel": layer.kernel}
    return Emission(Code("{module}({0})"), Code(text, sizes | values))
