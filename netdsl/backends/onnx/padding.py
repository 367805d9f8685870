"""How a window slides, as attributes of ONNX's operators, which know padding for each side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netdsl.backends.onnx.builder import Builder
from netdsl.catalog.windows import Window, axes_of, pads_of
from netdsl.record import Record
from netdsl.tensor import Dim, Size


class Sliding(Record):
    """A channels-first tensor that a window slides over, and the attributes of the window.

    `outside` says whether the tensor was padded because the operator cannot.
    """

    tensor: str
    attributes: dict[str, Any]
    outside: bool = False


def slide_over(
    graph: Builder, x: str, window: Window, spatial: tuple[Dim, ...], value: float = 0.0
) -> Sliding:
    """The window over a tensor of these sizes; `value` is that of padding outside."""
    attributes = _steps(window, len(spatial))
    pads = _pads(window, spatial, attributes)
    if not any(isinstance(size, Size) for pair in pads for size in pair):
        return Sliding(x, attributes | {"pads": begins_ends(pads)})
    # What `same` adds depends on sizes known only at run time. The operators have the same rule,
    # but onnxruntime's know neither dilations nor windows shorter than their stride.
    steps = zip(attributes["kernel_shape"], attributes["strides"], strict=True)
    if window.dilation == 1 and all(kernel >= stride for kernel, stride in steps):
        return Sliding(x, attributes | {"auto_pad": "SAME_UPPER"})
    befores, afters = zip(*(_halves(graph, *pair) for pair in pads), strict=True)
    unpadded = graph.integers([0, 0])
    amounts = graph.add("Concat", unpadded, *befores, unpadded, *afters, axis=0)
    filled = [graph.floats(value)] if value else []
    return Sliding(graph.add("Pad", x, amounts, *filled), attributes, outside=True)


def begins_ends(pairs: Sequence[tuple[Any, Any]]) -> list[int]:
    """Amounts before and after each axis as ONNX orders them: all befores, then all afters."""
    return [before for before, _ in pairs] + [after for _, after in pairs]


def pad(graph: Builder, x: str, pairs: Sequence[tuple[Any, Any]]) -> str:
    """A channels-first tensor with zeros before and after each axis."""
    if not any(number for pair in pairs for number in pair):
        return x
    return graph.add("Pad", x, graph.integers(begins_ends([(0, 0), (0, 0), *pairs])))


def _steps(window: Window, rank: int) -> dict[str, Any]:
    found = {
        "kernel_shape": axes_of(window.kernel, rank, window.argument),
        "strides": axes_of(window.stride, rank, "stride"),
    }
    # Not every operator has the attribute.
    if window.dilation != 1:
        found["dilations"] = axes_of(window.dilation, rank, "dilation")
    return found


def _pads(window: Window, spatial: tuple[Dim, ...], steps: dict[str, Any]) -> list[tuple[Dim, Dim]]:
    pads = pads_of(spatial, window.kernel, window.stride, window.pad, window.dilation)
    if window.pad != "same":
        return list(pads)
    # A window of one position never needs `same` to add any, whatever the size is.
    return [(0, 0) if k == 1 else pair for k, pair in zip(steps["kernel_shape"], pads, strict=True)]


def _halves(graph: Builder, before: Dim, after: Dim) -> tuple[str, str]:
    """What comes before and after an axis; a sum that depends on its size is split here."""
    if not isinstance(after, Size):
        return graph.size(before), graph.size(after)
    total = graph.add("Max", graph.size(after), graph.integers([0]))
    half = graph.add("Div", total, graph.integers([2]))
    return half, graph.add("Sub", total, half)
