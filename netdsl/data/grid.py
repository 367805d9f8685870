"""Pictures side by side, and a picture as a file."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.fields import Array

if TYPE_CHECKING:
    from PIL.Image import Image

# Small pictures are enlarged until the longer side of each has so many pixels.
_LEGIBLE = 48
_GAP = 2
_MOST_COLUMNS = 10


def are_pictures(values: Array) -> bool:
    """Whether numbers are pictures: (n, height, width, 1 or 3)."""
    return values.ndim == 4 and values.shape[-1] in (1, 3)


def grid(pictures: Array, columns: int | None = None) -> Array:
    """Pictures (n, height, width, channels) in rows, white between them; a square if not told.

    Small ones are enlarged without smoothing, so that their pixels are seen.
    """
    times = max(1, _LEGIBLE // max(pictures.shape[1:3]))
    large = pictures.repeat(times, axis=1).repeat(times, axis=2)
    count, height, width, channels = large.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.ones(
        (rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, channels), large.dtype
    )
    for number, one in enumerate(large):
        top = _GAP + number // columns * (height + _GAP)
        left = _GAP + number % columns * (width + _GAP)
        sheet[top : top + height, left : left + width] = one
    return sheet


def in_rows(kinds: Sequence[Array]) -> Array:
    """Pictures of several kinds, of one size and as many of each: one kind below the other.

    What belongs together stands in one column; after so many columns all kinds begin anew.
    """
    coloured = any(pictures.shape[-1] == 3 for pictures in kinds)
    alike = [pictures.repeat(3, axis=-1) if coloured and pictures.shape[-1] == 1 else pictures
             for pictures in kinds]  # fmt: skip
    count = len(alike[0])
    columns = min(count, _MOST_COLUMNS)
    rows = []
    for start in range(0, count, columns):
        for pictures in alike:
            row = pictures[start : start + columns]
            missing = np.ones((columns - len(row), *row.shape[1:]), row.dtype)
            rows += [row, missing]
    return grid(np.concatenate(rows), columns)


def image(picture: Array) -> Image:
    """A picture (height, width, 1 or 3), from 0 to 1, as Pillow has it; what is beyond is cut."""
    from PIL import Image

    values = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values)


def png(picture: Array) -> bytes:
    """The same as the bytes of a PNG."""
    file = io.BytesIO()
    image(picture).save(file, "PNG")
    return file.getvalue()
