"""Keras' rows of the layers that add or cut positions, or change the resolution."""

from __future__ import annotations

from netdsl.backends.keras.rows import Code, Emission, arguments, function, row
from netdsl.catalog.layers.resize import Crop, Pad, PadChannels, Resize, Upsample, pairs_of
from netdsl.catalog.windows import axes_of
from netdsl.tensor import Size, TensorType


@row(Pad)
def pad(layer: Pad, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    pairs = pairs_of(layer.amount, axes)
    if layer.value == 0 and inputs[0].number == "float":
        # In one dimension Keras takes the pair itself.
        each = pairs[0] if axes == 1 else pairs
        amount = layer.amount if isinstance(layer.amount, int) else each
        return function(f"layers.ZeroPadding{axes}D({{amount}})({{0}})", amount=amount)
    rest, values = arguments(constant_values=(layer.value, 0))
    amounts = ((0, 0), *pairs, (0, 0))
    return function(f"ops.pad({{0}}, {{amounts}}{rest})", amounts=amounts, **values)


@row(Crop)
def crop(layer: Crop, inputs: tuple[TensorType, ...]) -> Emission:
    if layer.like is not None:
        call = Code(f"{{module}}({{0}}, {{{layer.like}}})")
        return Emission(call, Code("CenterCrop()"), ("CenterCrop",))
    assert layer.amount is not None
    pairs = pairs_of(layer.amount, inputs[0].rank - 1)
    cuts = [f"{before or ''}:{-after if after else ''}" for before, after in pairs]
    return function(f"{{0}}[:, {', '.join(cuts)}]")


@row(Upsample)
def upsample(layer: Upsample, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    # Keras interpolates images alone, and only where height and width are known.
    image = axes == 2 and not any(isinstance(size, Size) for size in inputs[0].spatial)
    if layer.mode == "nearest" or image:
        rest, values = arguments(interpolation=(layer.mode, "nearest"))
        factor = layer.factor[0] if axes == 1 and isinstance(layer.factor, tuple) else layer.factor
        text = f"layers.UpSampling{axes}D({{factor}}{rest})({{0}})"
        return function(text, factor=factor, **values)
    construct = Code("Resize(factor={factor})", {"factor": layer.factor})
    return Emission(Code("{module}({0})"), construct, ("Resize",))


@row(Resize)
def resize(layer: Resize, inputs: tuple[TensorType, ...]) -> Emission:
    axes = inputs[0].rank - 1
    rest, values = arguments(mode=(layer.mode, "bilinear"))
    if layer.like is not None:
        call = Code(f"{{module}}({{0}}, {{{layer.like}}})")
        return Emission(call, Code(f"Resize({rest.removeprefix(', ')})", values), ("Resize",))
    assert layer.size is not None
    if layer.mode == "bilinear" and axes == 2:
        return function("ops.image.resize({0}, {size})", size=axes_of(layer.size, axes, "size"))
    construct = Code(f"Resize({{size}}{rest})", {"size": layer.size} | values)
    return Emission(Code("{module}({0})"), construct, ("Resize",))


@row(PadChannels)
def pad_channels(layer: PadChannels, inputs: tuple[TensorType, ...]) -> Emission:
    rest, values = arguments(before=(layer.before, 0))
    text = f"pad_channels({{0}}, {{to}}{rest})"
    return function(text, "pad_channels", to=layer.to, **values)
