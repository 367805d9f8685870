"""An example as a page shows it: a picture, the values of its row, or the first of its numbers."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from io import BytesIO

import numpy as np

from netdsl.backends.engine import Array, as_numbers
from netdsl.data.fields import Field
from netdsl.data.overlay import colours, over
from netdsl.record import Record
from netdsl.report.mistakes import Mistake
from netdsl.training.plan import Plan

# Pictures below this many pixels are shown with every pixel as a square; above that of photos,
# which are made smaller and no longer kept exactly.
_SQUARES, _PHOTOS = 64, 176
_SHOWN_NUMBERS = 12
# What is nothing beside a standard deviation.
_NOTHING = 1e-6


class Picture(Record):
    """A picture as the address of its data; `squares` says that its pixels are to be seen.

    A `caption` stands beneath it where it is not empty.
    """

    address: str
    squares: bool
    text: str
    caption: str = ""


class Values(Record):
    """Names with values, as texts."""

    rows: tuple[tuple[str, str], ...]


def shown(plan: Plan, example: int) -> list[Picture | Values]:
    """What flows into the net of one example, each field as it was before it was scaled."""
    found: list[Picture | Values] = []
    for name in plan.task.inputs:
        field = plan.data.fields[name]
        values = field.read(np.array([example]))[0]
        picture = as_picture(values, f"example {example}") if field.kind == "image" else None
        found.append(picture or Values(tuple(_rows(plan, field, values))))
    return found


def masked(plan: Plan, mistake: Mistake) -> list[Picture]:
    """The picture of an example, and over it its right classes and those that the net gave.

    Empty where there is no class for each pixel of a picture that flows in.
    """
    if mistake.chosen is None or mistake.aimed is None:
        return []
    fields = (plan.data.fields[name] for name in plan.task.inputs)
    image = next((field for field in fields if field.kind == "image"), None)
    if image is None or image.type.shape[:2] != mistake.chosen.shape:
        return []
    picture = as_numbers(image.read(np.array([mistake.example]))[0])
    count = len(plan.data.classes)
    shown = {
        "picture": picture,
        "right": over(picture, mistake.aimed, count),
        "answer": over(picture, mistake.chosen, count),
    }
    made = (as_picture(one, f"{what} of {mistake.example}", what) for what, one in shown.items())
    return [one for one in made if one is not None]


def swatches(classes: Sequence[str]) -> list[tuple[str, str]]:
    """Each class but the first with the address of a picture of the colour that it has in masks."""
    found = []
    for name, colour in list(zip(classes, colours(len(classes)), strict=True))[1:]:
        picture = as_picture(np.full((1, 1, 3), colour, np.uint8), name)
        assert picture is not None
        found.append((name, picture.address))
    return found


def as_picture(values: Array, text: str, caption: str = "") -> Picture | None:
    """Numbers (height, width, channels) as a picture; None where they are none."""
    from PIL import Image

    if values.ndim != 3 or values.shape[-1] not in (1, 3, 4):
        return None
    pixels = values if values.dtype == np.uint8 else _bytes(values)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    squares = max(picture.size) < _SQUARES
    picture.thumbnail((_PHOTOS, _PHOTOS))
    kind = "jpeg" if not squares and picture.mode == "RGB" else "png"
    file = BytesIO()
    picture.save(file, kind, **({"quality": 88} if kind == "jpeg" else {"optimize": True}))
    data = base64.b64encode(file.getvalue()).decode()
    return Picture(f"data:image/{kind};base64,{data}", squares, text, caption)


def _bytes(values: Array) -> Array:
    """Numbers from 0 to 1 as bytes; those of another range are stretched to it."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1.0)
    return np.asarray(np.round((values - low) / (high - low) * 255), dtype=np.uint8)


def _rows(plan: Plan, field: Field, values: Array) -> Iterator[tuple[str, str]]:
    scaling = plan.scalings.get(field.name)
    if scaling is not None:
        values = values * scaling.deviation + scaling.mean
        # Of a nothing that was moved and moved back float32 leaves a little.
        values = np.where(np.abs(values) < _NOTHING * scaling.deviation, 0.0, values)
    if field.columns:
        at = 0
        for column in field.columns:
            cells = values[at : at + column.width]
            at += column.width
            if column.categories is None:
                yield column.name, f"{float(cells[0]):.4g}"
            else:
                yield column.name, column.categories[int(np.argmax(cells))]
    elif field.kind == "label" and values.ndim == 0 and plan.data.classes:
        yield field.name, plan.data.classes[int(values)]
    else:
        numbers = np.asarray(values).reshape(-1)
        text = ", ".join(f"{number:.4g}" for number in numbers[:_SHOWN_NUMBERS])
        yield field.name, f"{text}, …" if len(numbers) > _SHOWN_NUMBERS else text
