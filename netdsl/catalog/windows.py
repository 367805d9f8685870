"""Arithmetic of windows that slide over positions: convolutions and pools.

The output size is `floor((n + before + after - dilation * (k - 1) - 1) / stride) + 1`; `same`
gives `ceil(n / stride)` with the odd row or column at the end, as in TensorFlow; `ceil` follows
PyTorch's `ceil_mode`. Dumoulin and Visin, "A guide to convolution arithmetic", 2016.
"""

from __future__ import annotations

from typing import TypeAlias

from netdsl.catalog.arguments import Rejection, Way
from netdsl.record import Record
from netdsl.tensor import Dim, Size, TensorType

Pad: TypeAlias = "int | str | tuple[int | tuple[int, int], ...]"
Sizes: TypeAlias = "int | tuple[int, ...]"


class Window(Record):
    """How a window slides: each entry one number for all axes, or a tuple with one for each.

    `argument` is the name under which the layer calls its kernel, for messages.
    """

    kernel: Sizes
    stride: Sizes = 1
    pad: Pad = 0
    dilation: Sizes = 1
    ceil: bool = False
    argument: str = "kernel"


def spatial_rank(flowing: TensorType, word: str) -> int:
    """How many axes the window slides over: 1, 2 or 3."""
    rank = flowing.rank - 1
    if not 1 <= rank <= 3:
        raise Rejection(
            f"{word} needs length x channels, height x width x channels or depth x height x width"
            f" x channels, not {flowing}",
            input=0,
            help=_positions_first(flowing) if rank == 0 else "",
        )
    return rank


def _positions_first(vector: TensorType) -> Way:
    """The step that makes a vector's numbers positions with one channel each."""
    step = f"unflatten({vector.shape[0]}, 1)"
    known = isinstance(vector.shape[0], int)
    return Way("unflatten(…) gives a vector positions", before=step if known else "")


def axes_of(sizes: Sizes, rank: int, argument: str) -> tuple[int, ...]:
    """A size for each axis."""
    if isinstance(sizes, int):
        return (sizes,) * rank
    if len(sizes) != rank:
        raise Rejection(
            f"{argument} has {len(sizes)} sizes, but the input has {rank} axes to slide over",
            argument,
            help=Way("one number holds for all axes", argument=argument, value=str(sizes[0])),
        )
    return sizes


def pads_of(
    spatial: tuple[Dim, ...], kernel: Sizes, stride: Sizes, pad: Pad, dilation: Sizes = 1
) -> tuple[tuple[Dim, Dim], ...]:
    """What is added before and after each axis."""
    rank = len(spatial)
    if pad == "same":
        return tuple(
            _same(n, d * (k - 1) + 1, s)
            for n, k, s, d in zip(
                spatial,
                axes_of(kernel, rank, "kernel"),
                axes_of(stride, rank, "stride"),
                axes_of(dilation, rank, "dilation"),
                strict=True,
            )
        )
    if isinstance(pad, int):
        return ((pad, pad),) * rank
    assert isinstance(pad, tuple)
    if len(pad) != rank:
        raise Rejection(
            f"pad has {len(pad)} entries, but the input has {rank} axes to slide over", "pad"
        )
    return tuple(entry if isinstance(entry, tuple) else (entry, entry) for entry in pad)


def _same(size: Dim, reach: int, stride: int) -> tuple[Dim, Dim]:
    """TensorFlow's `SAME`: as little as gives ceil(size / stride), the odd one at the end."""
    if isinstance(size, Size):
        if stride == 1:
            return (reach - 1) // 2, reach // 2
        # How much is needed depends on the size; the output, ceil(size / stride), does not.
        total: Dim = (-(-size // stride) - 1) * stride + reach - size
        return 0, total
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def slide(spatial: tuple[Dim, ...], window: Window) -> tuple[Dim, ...]:
    """The sizes that come out, or a `Rejection` where the window is larger than its input."""
    rank = len(spatial)
    kernel = axes_of(window.kernel, rank, window.argument)
    stride = axes_of(window.stride, rank, "stride")
    dilation = axes_of(window.dilation, rank, "dilation")
    if window.pad == "same":
        return tuple(-(-n // s) for n, s in zip(spatial, stride, strict=True))
    pads = pads_of(spatial, kernel, stride, window.pad, dilation)
    reaches = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    for at, (size, (before, after)) in enumerate(zip(spatial, pads, strict=True)):
        padded = size + before + after
        if isinstance(padded, int) and padded < reaches[at]:
            fitting = min(
                (n + sum(pad) - 1) // d + 1
                for n, pad, d in zip(spatial, pads, dilation, strict=True)
                if isinstance(n, int)
            )
            raise _too_large(window.argument, reaches[at], size, padded, fitting)
    return tuple(
        _positions(n, reach, s, before, after, window.ceil)
        for n, reach, s, (before, after) in zip(spatial, reaches, stride, pads, strict=True)
    )


def _too_large(argument: str, reach: int, size: Dim, padded: int, fitting: Dim) -> Rejection:
    padding = f" with padding {padded}" if padded != size else ""
    return Rejection(
        f"a window of {reach} is larger than its input of {size}{padding}",
        argument,
        0,
        help=(
            Way("pad=same adds what is missing", argument="pad", value="same"),
            Way(f"a window of at most {fitting} fits", argument=argument, value=str(fitting)),
        ),
        about="positions",
    )


def _positions(size: Dim, reach: int, stride: int, before: Dim, after: Dim, ceil: bool) -> Dim:
    if not ceil:
        return (size + before + after - reach) // stride + 1
    # One more window for a rest, but as in PyTorch none that starts beyond the input and its
    # left padding: the smaller of ceil((padded - reach) / stride) + 1 and ceil((size + before) /
    # stride).
    return -(-(size + before + min(after - reach + stride, 0)) // stride)
