"""Keras' rows of the convolutions."""

from __future__ import annotations

from typing import Any

from netdsl.backends.keras.padding import Padded, Pairs, pad, pad_outside, short
from netdsl.backends.keras.rows import Code, Emission, arguments, row
from netdsl.backends.keras.starts import starts
from netdsl.catalog.initializers import GlorotUniform, Zeros
from netdsl.catalog.layers.conv import Conv, ConvTranspose, Depthwise, Separable
from netdsl.catalog.windows import Sizes, Window, axes_of
from netdsl.record import Record
from netdsl.tensor import TensorType


class _Slide(Record):
    """How a window slides in Keras: the padded tensor, the stride, and what is left out after it.

    A stride that Keras does not take is one of 1, of whose positions every other is kept.
    """

    padded: Padded
    stride: Sizes
    every: str = ""

    def emission(self, construct: Code, *helpers: str) -> Emission:
        """The call of a constructed convolution."""
        call = Code(f"{{module}}({self.padded.input}){self.every}", self.padded.values)
        return Emission(call, construct, (*self.padded.helpers, *helpers))


def _slide(window: Window, axes: int, depthwise: bool = False) -> _Slide:
    """Keras takes no stride together with a dilation; TensorFlow no uneven one in depthwise."""
    strides = axes_of(window.stride, axes, "stride")
    dilated = max(strides) > 1 and max(axes_of(window.dilation, axes, "dilation")) > 1
    if not dilated and not (depthwise and axes < 3 and len(set(strides)) > 1):
        return _Slide(pad(window, axes), window.stride)
    steps = (f"::{stride}" if stride > 1 else ":" for stride in strides)
    return _Slide(pad_outside(window, axes), 1, f"[:, {', '.join(steps)}]")


@row(Conv)
def conv(layer: Conv, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    slide = _slide(layer.window(), axes)
    rest, values = _arguments(
        layer,
        strides=(slide.stride, 1),
        padding=(slide.padded.padding, "valid"),
        dilation_rate=(layer.dilation, 1),
        groups=(layer.groups, 1),
    )
    text = f"layers.Conv{axes}D({{filters}}, {{kernel}}{rest})"
    sizes = {"filters": layer.filters, "kernel": layer.kernel}
    return slide.emission(Code(text, sizes | values))


def _arguments(layer: Conv | ConvTranspose, **given: tuple[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Keyword arguments, those of bias and starts at the end."""
    rest, values = arguments(**given, use_bias=(layer.bias, True))
    begin, more = starts(
        kernel_initializer=(layer.init, GlorotUniform()),
        bias_initializer=(layer.bias_init, Zeros()),
    )
    return rest + begin, values | more


@row(ConvTranspose)
def conv_transpose(layer: ConvTranspose, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    if layer.groups > 1 or set(axes_of(layer.dilation, axes, "dilation")) != {1}:
        return _transposed_by_helper(layer, inputs)
    cut, added = _cut(layer, axes)
    own, output_padding = "valid", None if added == _filled(layer, axes) else _one(added)
    if any(map(any, cut)) and cut == layer.replace(pad="same", output_pad=0).cut(axes):
        own, cut, output_padding = "same", (), None
    rest, values = _arguments(
        layer,
        strides=(layer.stride, 1),
        padding=(own, "valid"),
        output_padding=(output_padding, None),
    )
    text = f"layers.Conv{axes}DTranspose({{filters}}, {{kernel}}{rest})"
    sizes = {"filters": layer.filters, "kernel": layer.kernel}
    return Emission(_cropped(cut), Code(text, sizes | values))


def _cut(layer: ConvTranspose, axes: int) -> tuple[Pairs, tuple[int, ...]]:
    """What is taken away around the whole output, and what is added at its end instead."""
    extra = axes_of(layer.output_pad, axes, "output_pad")
    ends = [after - more for (_, after), more in zip(layer.cut(axes), extra, strict=True)]
    begins = [before for before, _ in layer.cut(axes)]
    cut = tuple((begin, max(end, 0)) for begin, end in zip(begins, ends, strict=True))
    return cut, tuple(max(-end, 0) for end in ends)


def _filled(layer: ConvTranspose, axes: int) -> tuple[int, ...]:
    """What Keras adds by itself: it fills up the stride of a window that is shorter."""
    strides = axes_of(layer.stride, axes, "stride")
    kernel = axes_of(layer.kernel, axes, "kernel")
    return tuple(max(s - k, 0) for s, k in zip(strides, kernel, strict=True))


def _one(sizes: tuple[int, ...]) -> Sizes:
    """One number where all axes have the same."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _cropped(cut: Pairs) -> Code:
    if not any(map(any, cut)):
        return Code("{module}({0})")
    return Code(f"layers.Cropping{len(cut)}D({{cut}})({{module}}({{0}}))", {"cut": short(cut)})


def _transposed_by_helper(layer: ConvTranspose, inputs: tuple[TensorType, ...]) -> Emission:
    """Groups, which Keras lacks, and dilation, which TensorFlow lacks on the CPU."""
    cut, added = _cut(layer, inputs[0].rank - 1)
    rest, values = arguments(
        strides=(layer.stride, 1),
        output_padding=(_one(added), 0),
        dilation_rate=(layer.dilation, 1),
        groups=(layer.groups, 1),
        use_bias=(layer.bias, True),
    )
    begin, more = starts(layer.weights(*inputs)[0], kernel_initializer=(layer.init, None))
    bias, others = starts(bias_initializer=(layer.bias_init, Zeros()))
    sizes = {"filters": layer.filters, "kernel": layer.kernel}
    text = f"ConvTranspose({{filters}}, {{kernel}}{rest}{begin}{bias})"
    return Emission(_cropped(cut), Code(text, sizes | values | more | others), ("ConvTranspose",))


@row(Depthwise)
def depthwise(layer: Depthwise, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    slide = _slide(layer.window(), axes, depthwise=True)
    window: dict[str, tuple[Any, Any]] = {
        "strides": (slide.stride, 1),
        "padding": (slide.padded.padding, "valid"),
        "dilation_rate": (layer.dilation, 1),
    }
    bias, others = starts(bias_initializer=(layer.bias_init, Zeros()))
    if axes == 3:  # Keras has none, but groups do the same.
        channels = inputs[0].channels
        rest, values = arguments(**window, groups=(channels, 1), use_bias=(layer.bias, True))
        begin, more = starts(kernel_initializer=(layer.init, GlorotUniform()))
        text = f"layers.Conv3D({{filters}}, {{kernel}}{rest}{begin}{bias})"
        sizes = {"filters": channels * layer.multiplier, "kernel": layer.kernel}
        return slide.emission(Code(text, sizes | values | more | others))
    rest, values = arguments(
        **window, depth_multiplier=(layer.multiplier, 1), use_bias=(layer.bias, True)
    )
    begin, more = starts(layer.weights(*inputs)[0], depthwise_initializer=(layer.init, None))
    text = f"layers.DepthwiseConv{axes}D({{kernel}}{rest}{begin}{bias})"
    return slide.emission(Code(text, {"kernel": layer.kernel} | values | more | others))


@row(Separable)
def separable(layer: Separable, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    slide = _slide(layer.window(), axes, depthwise=True)
    rest, values = arguments(
        strides=(slide.stride, 1),
        padding=(slide.padded.padding, "valid"),
        dilation_rate=(layer.dilation, 1),
        depth_multiplier=(layer.multiplier, 1),
        use_bias=(layer.bias, True),
    )
    begin, more = starts(layer.weights(*inputs)[0], depthwise_initializer=(layer.init, None))
    others, bias = starts(
        pointwise_initializer=(layer.init, GlorotUniform()),
        bias_initializer=(layer.bias_init, Zeros()),
    )
    helper = ("SeparableConv3D",) if axes == 3 else ()
    kind = helper[0] if helper else f"layers.SeparableConv{axes}D"
    text = f"{kind}({{filters}}, {{kernel}}{rest}{begin}{others})"
    sizes = {"filters": layer.filters, "kernel": layer.kernel}
    return slide.emission(Code(text, sizes | values | more | bias), *helper)
