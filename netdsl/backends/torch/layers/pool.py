"""PyTorch's rows of the pools. The language's `size` is PyTorch's kernel."""

from __future__ import annotations

from typing import Any

from netdsl.backends.torch.padding import back, channels_first, pad, sequence
from netdsl.backends.torch.rows import Code, Emission, arguments, function, row
from netdsl.catalog.layers.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
    Unpool,
)
from netdsl.tensor import TensorType


def _half(layer: MaxPool | AvgPool) -> int:
    """PyTorch's own padding may be half the window at most."""
    return min(layer.size if isinstance(layer.size, tuple) else (layer.size,)) // 2


@row(MaxPool)
def maxpool(layer: MaxPool, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    padded = pad(layer.window(), rank, ", value=-torch.inf", _half(layer))
    rest, values = arguments(
        stride=(layer.step, layer.size),
        padding=(padded.padding, 0),
        ceil_mode=(layer.ceil and layer.pad != "same", False),
    )
    values = {"size": layer.size} | padded.values | values
    pool = f"F.max_pool{rank - 1}d({padded.input}, {{size}}{rest}"
    emission = function(back(rank, f"{pool})"), *padded.helpers, **values)
    if padded.outside:
        return _with_own_indices(layer, rank, emission)
    both = f"{pool}, return_indices=True)"
    return emission.replace(members={"indices": Code(_both_back(rank, both), values)})


def _with_own_indices(layer: MaxPool, rank: int, emission: Emission) -> Emission:
    """Indices count the positions of the input, not those of the padded tensor."""
    rest, values = arguments(padding=(emission.call.values.get("amounts", "same"), "same"))
    values = {"size": layer.size, "stride": layer.step} | values
    text = f"padded_max_pool({channels_first(rank)}, {{size}}, {{stride}}{rest})"
    return emission.replace(
        member_helpers=("same_pad", "padded_max_pool"),
        members={"indices": Code(_both_back(rank, text), values)},
    )


def _both_back(rank: int, text: str) -> str:
    """Two channels-first results in the layout of a tensor of this rank."""
    return f"(t.mT for t in {text})" if sequence(rank) else text


@row(Unpool)
def unpool(layer: Unpool, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    swap, sizes = (".mT", "1:2") if sequence(rank) else ("", "2:")
    indices, entered = f"{{{layer.pooled}}}{swap}", f"{{{layer.pooled + 1}}}"
    text = f"max_unpool({channels_first(rank)}, {indices}, {entered}.shape[{sizes}])"
    return function(back(rank, text), "max_unpool")


@row(AvgPool)
def avgpool(layer: AvgPool, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    padded = pad(layer.window(), rank, most=_half(layer))
    if padded.outside and not layer.count_pad:
        return _mean_inside(layer, rank, padded.values.get("amounts", "same"))
    counts_as_pytorch = layer.count_pad or padded.padding == 0
    rest, values = arguments(
        stride=(layer.step, layer.size),
        padding=(padded.padding, 0),
        ceil_mode=(layer.ceil and layer.pad != "same", False),
        count_include_pad=(counts_as_pytorch, True),
    )
    text = f"F.avg_pool{rank - 1}d({padded.input}, {{size}}{rest})"
    values = {"size": layer.size} | padded.values | values
    return function(back(rank, text), *padded.helpers, **values)


def _mean_inside(layer: AvgPool, rank: int, amounts: Any) -> Emission:
    """One-sided padding that is left out of the mean."""
    rest, values = arguments(padding=(amounts, "same"))
    text = f"padded_avg_pool({channels_first(rank)}, {{size}}, {{stride}}{rest})"
    sizes = {"size": layer.size, "stride": layer.step}
    return function(back(rank, text), "same_pad", "padded_avg_pool", **sizes, **values)


@row(AdaptiveAvgPool)
def adaptive_avgpool(layer: AdaptiveAvgPool, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    text = f"F.adaptive_avg_pool{rank - 1}d({channels_first(rank)}, {{size}})"
    return function(back(rank, text), size=layer.size)


@row(AdaptiveMaxPool)
def adaptive_maxpool(layer: AdaptiveMaxPool, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    text = f"F.adaptive_max_pool{rank - 1}d({channels_first(rank)}, {{size}})"
    return function(back(rank, text), size=layer.size)


@row(GlobalAvgPool)
def global_avgpool(layer: GlobalAvgPool, inputs: tuple[TensorType, ...]) -> Emission:
    return _over_positions("mean", layer.keep, inputs[0].rank)


@row(GlobalMaxPool)
def global_maxpool(layer: GlobalMaxPool, inputs: tuple[TensorType, ...]) -> Emission:
    return _over_positions("amax", layer.keep, inputs[0].rank)


def _over_positions(method: str, keep: bool, rank: int) -> Emission:
    axes = "1" if sequence(rank) else f"({', '.join(map(str, range(2, rank + 1)))})"
    return function(f"{{0}}.{method}({axes}{', keepdim=True' * keep})")
