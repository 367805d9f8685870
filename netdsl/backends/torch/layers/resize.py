"""PyTorch's rows of the layers that add or cut positions, or change the resolution."""

from __future__ import annotations

from netdsl.backends.torch.padding import back, channels_first, sequence
from netdsl.backends.torch.rows import Emission, arguments, function, row
from netdsl.catalog.layers.resize import Crop, Pad, PadChannels, Resize, Upsample, pairs_of
from netdsl.tensor import TensorType

# PyTorch's word for interpolation in one, two and three dimensions.
LINEAR = ("linear", "bilinear", "trilinear")


def _amounts(rank: int, pairs: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """What `F.pad` adds to the positions: the last dimension first."""
    last = (0, 0) if sequence(rank) else ()
    return last + tuple(number for pair in reversed(pairs) for number in pair)


@row(Pad)
def pad(layer: Pad, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    rest, values = arguments(value=(layer.value, 0))
    amounts = _amounts(rank, pairs_of(layer.amount, rank - 1))
    return function(f"F.pad({{0}}, {{amounts}}{rest})", amounts=amounts, **values)


@row(Crop)
def crop(layer: Crop, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    if layer.like is not None:
        text = f"center_crop({channels_first(rank)}, {_shape(rank, layer.like)})"
        return function(back(rank, text), "center_crop")
    assert layer.amount is not None
    pairs = pairs_of(layer.amount, rank - 1)
    cuts = [f"{before or ''}:{-after if after else ''}" for before, after in pairs]
    return function(f"{{0}}[:, {', '.join(cuts if sequence(rank) else [':', *cuts])}]")


@row(Upsample)
def upsample(layer: Upsample, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    text = (
        f"F.interpolate({channels_first(rank)}, scale_factor={{factor}}{_mode(layer.mode, rank)})"
    )
    return function(back(rank, text), factor=layer.factor)


@row(Resize)
def resize(layer: Resize, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    mode = _mode(layer.mode, rank)
    if layer.like is not None:
        size = _shape(rank, layer.like)
        return function(back(rank, f"F.interpolate({channels_first(rank)}, {size}{mode})"))
    text = f"F.interpolate({channels_first(rank)}, {{size}}{mode})"
    return function(back(rank, text), size=layer.size)


@row(PadChannels)
def pad_channels(layer: PadChannels, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    rest, values = arguments(before=(layer.before, 0))
    text = f"pad_channels({channels_first(rank)}, {{to}}{rest})"
    return function(back(rank, text), "pad_channels", to=layer.to, **values)


def _mode(mode: str, rank: int) -> str:
    return "" if mode == "nearest" else f', mode="{LINEAR[rank - 2]}"'


def _shape(rank: int, tensor: int) -> str:
    """The sizes of the positions of one of the tensors that flow in."""
    return f"{{{tensor}}}.shape[{'1:2' if sequence(rank) else '2:'}]"
