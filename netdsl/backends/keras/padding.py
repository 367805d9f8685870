"""How padding is written in Keras, which knows `valid` and `same` alone.

Numbers are zeros that `ZeroPadding` adds before the window slides over the tensor, whether or not
they come to `same`, so that uses with another stride read alike. Keras' own `same` is the
language's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.catalog.windows import Window, axes_of
from netdsl.record import Record

# What is added or taken away before and after each axis.
Pairs = tuple[tuple[int, int], ...]


class Padded(Record):
    """What a window slides over: the template of the tensor with its values and helpers.

    `padding` is what is left for Keras' own argument.
    """

    input: str
    padding: str = "valid"
    values: Mapping[str, Any] = {}
    helpers: tuple[str, ...] = ()


def pairs_of(window: Window, axes: int) -> Pairs:
    """The numbers of a padding that is not `same`, for each axis."""
    entries = window.pad if isinstance(window.pad, tuple) else (window.pad,) * axes
    pairs = []
    for entry in entries:
        before, after = entry if isinstance(entry, tuple) else (entry, entry)
        pairs.append((int(before), int(after)))
    return tuple(pairs)


def short(pairs: Pairs) -> Any:
    """Pairs as `ZeroPadding` and `Cropping` take them: a number or a pair where that says it."""
    if any(before != after for before, after in pairs):
        return pairs if len(pairs) > 1 else pairs[0]
    amounts = tuple(before for before, _ in pairs)
    return amounts[0] if len(set(amounts)) == 1 else amounts


def reaches(window: Window, axes: int) -> tuple[int, ...]:
    """How many positions the taps of a window span on each axis."""
    kernel = axes_of(window.kernel, axes, window.argument)
    dilation = axes_of(window.dilation, axes, "dilation")
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


def pad(window: Window, axes: int) -> Padded:
    """The padding of a window over a tensor with so many axes of positions, filled with zeros."""
    if window.pad == "same":
        alone = set(reaches(window, axes)) == {1}
        return Padded("{0}") if alone else Padded("{0}", "same")
    pairs = pairs_of(window, axes)
    if not any(map(any, pairs)):
        return Padded("{0}")
    text = f"layers.ZeroPadding{axes}D({{amounts}})({{0}})"
    return Padded(text, values={"amounts": short(pairs)})


def pad_outside(window: Window, axes: int) -> Padded:
    """The same for a window that is to slide without Keras' padding."""
    padded = pad(window, axes)
    if padded.padding == "valid":
        return padded
    values: dict[str, Any] = {"kernel": window.kernel, "stride": window.stride}
    text = "{kernel}, {stride}"
    if window.dilation != 1:
        values["dilation"] = window.dilation
        text += ", {dilation}"
    return Padded(f"SamePad({text})({{0}})", values=values, helpers=("SamePad",))
