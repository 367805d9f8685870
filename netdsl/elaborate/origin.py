"""How a tensor came about: the places where it got the sizes that do not fit.

From: a tensor of a body under construction. To: labels, the nearest place first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netdsl.catalog.base import Layer
from netdsl.diagnostics import Label
from netdsl.elaborate.builder import Builder, Draft, DraftRun
from netdsl.elaborate.values import Tensor
from netdsl.source import Span
from netdsl.tensor import TensorType

# How many places tell how the positions became so few.
_LONGEST_STORY = 3


def origins(tensor: Tensor, about: str) -> tuple[Label, ...]:
    """Where a tensor's `channels`, its `positions`, or all of its type come from."""
    changed = _CHANGES.get(about, _type_changes)
    most = _LONGEST_STORY if about == "positions" else 1
    labels: list[Label] = []
    for span, type in _story(tensor, changed):
        labels.append(Label(span, f"{_told(type, about)} from here"))
        if len(labels) == most:
            break
    return tuple(labels)


def _story(
    tensor: Tensor, changed: Callable[[Draft, TensorType, TensorType], bool]
) -> Iterator[tuple[Span, TensorType]]:
    """The steps that changed something on the way to a tensor, the last first, with what it became.

    The way ends at an input, or where several tensors are merged.
    """
    builder = tensor.builder
    makers = _makers(builder)
    value = tensor.value
    while True:
        type = builder.types[value]
        maker = makers.get(value)
        if maker is None:
            declared = builder.declared.get(value)
            if declared is not None:
                yield declared.span, type
            return
        draft, before = maker
        alone = before is not None and len(draft.inputs) == 1
        if before is None or not alone or changed(draft, builder.types[before], type):
            yield draft.written.span, type
        if before is None or not alone:
            return
        value = before


def _makers(builder: Builder) -> dict[int, tuple[Draft, int | None]]:
    """For each tensor the node that made it, and the tensor that flowed in there first."""
    found: dict[int, tuple[Draft, int | None]] = {}
    waiting: list[Draft | DraftRun] = list(builder.drafts)
    while waiting:
        item = waiting.pop()
        if isinstance(item, DraftRun):
            waiting.extend(item.drafts)
            continue
        before = item.inputs[0] if item.inputs else None
        found.update(dict.fromkeys(item.outputs, (item, before)))
    return found


def _type_changes(draft: Draft, before: TensorType, after: TensorType) -> bool:
    return before != after or _chooses_channels(draft)


def _channels_change(draft: Draft, before: TensorType, after: TensorType) -> bool:
    return before.rank == 0 or before.channels != after.channels or _chooses_channels(draft)


def _positions_change(draft: Draft, before: TensorType, after: TensorType) -> bool:
    return before.shape[:-1] != after.shape[:-1]


def _chooses_channels(draft: Draft) -> bool:
    """Whether the channels are the node's own choice, even where it leaves them as they were."""
    if not isinstance(draft.work, Layer):
        return True
    return not draft.work.arguments().keys().isdisjoint(("filters", "units"))


_CHANGES = {"channels": _channels_change, "positions": _positions_change}


def _told(type: TensorType, about: str) -> str:
    """What comes from a place, of a tensor that has this type there."""
    if about == "channels" and type.rank:
        return f"{type.channels} channels come"
    if about == "positions" and type.rank > 1:
        return f"{' x '.join(map(str, type.shape[:-1]))} positions come"
    return f"{type} comes"
