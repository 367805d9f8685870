"""How padding is written in PyTorch, whose own padding is symmetric and knows no strided `same`.

Padding that PyTorch cannot say is added to the tensor before the window slides over it: by
`F.pad`, or for `same` by the helper `same_pad`, which computes it from the tensor's size, so that
an emitted net works at another input size.
"""

from __future__ import annotations

from typing import Any

from netdsl.catalog.windows import Window, axes_of
from netdsl.record import Record


class Padded(Record):
    """What a window slides over.

    `input` is the template of the padded tensor, `padding` what is left for PyTorch's own
    argument; `values` and `helpers` are those of the template. `outside` says whether `input`
    pads.
    """

    input: str
    padding: int | tuple[int, ...]
    values: dict[str, Any]
    helpers: tuple[str, ...] = ()

    @property
    def outside(self) -> bool:
        """Whether the tensor is padded before the window sees it."""
        return bool(self.values)


def sequence(rank: int) -> bool:
    """Whether a tensor of this rank is (batch, length, features), whose axes must be swapped."""
    return rank == 2


def channels_first(rank: int) -> str:
    """The template of the first input with its channels first."""
    return "{0}.mT" if sequence(rank) else "{0}"


def back(rank: int, text: str) -> str:
    """A template of a channels-first result, in the layout of a tensor of this rank."""
    return f"{text}.mT" if sequence(rank) else text


def pad(window: Window, rank: int, fill: str = "", most: int | None = None) -> Padded:
    """The padding of a window over a tensor of this rank.

    `fill` is the keyword argument for what is filled in (`, value=-torch.inf`). Where `most` is
    given, the module's own padding may be at most this large.
    """
    flowing = channels_first(rank)
    if window.pad == "same":
        return _same(window, rank - 1, flowing, fill)
    entries = window.pad if isinstance(window.pad, tuple) else (window.pad,)
    pairs = [entry if isinstance(entry, tuple) else (entry, entry) for entry in entries]
    if all(a == b and (most is None or int(a) <= most) for a, b in pairs):
        if isinstance(window.pad, int):
            return Padded(flowing, window.pad, {})
        return Padded(flowing, tuple(int(a) for a, _ in pairs), {})
    if isinstance(window.pad, int):
        pairs = pairs * (rank - 1)
    # F.pad wants the last axis first.
    amounts = tuple(number for pair in reversed(pairs) for number in pair)
    return Padded(f"F.pad({flowing}, {{amounts}}{fill})", 0, {"amounts": amounts})


def _same(window: Window, axes: int, flowing: str, fill: str) -> Padded:
    kernel = axes_of(window.kernel, axes, "kernel")
    dilation = axes_of(window.dilation, axes, "dilation")
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if all(r == 1 for r in reach):
        return Padded(flowing, 0, {})
    if set(axes_of(window.stride, axes, "stride")) == {1} and all(r % 2 for r in reach):
        halves = tuple(r // 2 for r in reach)
        return Padded(flowing, halves[0] if len(set(halves)) == 1 else halves, {})
    values: dict[str, Any] = {"kernel": window.kernel, "stride": window.stride}
    text = "{kernel}, {stride}"
    if window.dilation != 1:
        values["dilation"] = window.dilation
        text += ", {dilation}"
    return Padded(f"same_pad({flowing}, {text}{fill})", 0, values, ("same_pad",))


def last_axis(rank: int, call: str = "{module}({0})") -> str:
    """The template of a call that works on the last axis, which has the channels meanwhile."""
    if rank < 3:
        return call
    return call.replace("{0}", "{0}.movedim(1, -1)") + ".movedim(-1, 1)"
