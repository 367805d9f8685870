"""PyTorch's rows of the convolutions."""

from __future__ import annotations

from typing import Any

from netdsl.backends.torch.padding import Padded, back, channels_first, pad
from netdsl.backends.torch.rows import Code, Emission, arguments, row
from netdsl.catalog.layers.conv import Conv, ConvTranspose, Depthwise, Separable
from netdsl.tensor import TensorType


def _call(padded: Padded, rank: int) -> Code:
    return Code(back(rank, f"{{module}}({padded.input})"), padded.values)


@row(Conv)
def conv(layer: Conv, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    padded = pad(layer.window(), rank)
    rest, values = arguments(
        stride=(layer.stride, 1),
        padding=(padded.padding, 0),
        dilation=(layer.dilation, 1),
        groups=(layer.groups, 1),
        bias=(layer.bias, True),
    )
    text = f"nn.Conv{rank - 1}d({{channels}}, {{filters}}, {{kernel}}{rest})"
    sizes = {"channels": inputs[0].channels, "filters": layer.filters, "kernel": layer.kernel}
    return Emission(_call(padded, rank), Code(text, sizes | values), padded.helpers)


@row(ConvTranspose)
def conv_transpose(layer: ConvTranspose, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    own, output_pad, cut = _transposed_padding(layer, rank - 1)
    rest, values = arguments(
        stride=(layer.stride, 1),
        padding=(own, 0),
        output_padding=(output_pad, 0),
        dilation=(layer.dilation, 1),
        groups=(layer.groups, 1),
        bias=(layer.bias, True),
    )
    text = f"nn.ConvTranspose{rank - 1}d({{channels}}, {{filters}}, {{kernel}}{rest})"
    sizes = {"channels": inputs[0].channels, "filters": layer.filters, "kernel": layer.kernel}
    call = back(rank, f"{{module}}({channels_first(rank)}){cut}")
    return Emission(Code(call), Code(text, sizes | values))


def _transposed_padding(layer: ConvTranspose, axes: int) -> tuple[Any, Any, str]:
    """PyTorch's padding and output_padding, and the slices that cut what is asymmetric."""
    if isinstance(layer.pad, int):
        return layer.pad, layer.output_pad, ""
    cuts = layer.cut(axes)
    own = tuple(max(min(pair), 0) for pair in cuts)
    before = [a - o for (a, _), o in zip(cuts, own, strict=True)]
    after = [b - o for (_, b), o in zip(cuts, own, strict=True)]
    # A window shorter than the stride leaves a gap at the end, which holds the bias alone.
    gaps = tuple(max(-b, 0) for b in after)
    slices = [f"{a or ''}:{-b if b > 0 else ''}" for a, b in zip(before, after, strict=True)]
    output_pad = _one(gaps) if any(gaps) else layer.output_pad
    return _one(own), output_pad, f"[..., {', '.join(slices)}]" if set(slices) != {":"} else ""


def _one(sizes: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number where all axes have the same."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


@row(Depthwise)
def depthwise(layer: Depthwise, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    padded = pad(layer.window(), rank)
    rest, values = arguments(
        stride=(layer.stride, 1),
        padding=(padded.padding, 0),
        dilation=(layer.dilation, 1),
        groups=(inputs[0].channels, 1),
        bias=(layer.bias, True),
    )
    text = f"nn.Conv{rank - 1}d({{channels}}, {{filters}}, {{kernel}}{rest})"
    filters = inputs[0].channels * layer.multiplier
    sizes = {"channels": inputs[0].channels, "filters": filters, "kernel": layer.kernel}
    return Emission(_call(padded, rank), Code(text, sizes | values), padded.helpers)


@row(Separable)
def separable(layer: Separable, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    padded = pad(layer.window(), rank)
    rest, values = arguments(
        stride=(layer.stride, 1),
        padding=(padded.padding, 0),
        dilation=(layer.dilation, 1),
        multiplier=(layer.multiplier, 1),
        bias=(layer.bias, True),
    )
    helper = f"SeparableConv{rank - 1}d"
    text = f"{helper}({{channels}}, {{filters}}, {{kernel}}{rest})"
    sizes = {"channels": inputs[0].channels, "filters": layer.filters, "kernel": layer.kernel}
    return Emission(_call(padded, rank), Code(text, sizes | values), (*padded.helpers, helper))
