"""Shapes drawn over the pictures of another source, with the class of each pixel."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from netdsl.backends.engine import Array
from netdsl.catalog.sources import Shapes
from netdsl.data.fields import DataSet, Field
from netdsl.data.split import split, within_shares
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError

_STREAM = 7  # beside the seed: shares no draws with other sources, the split, shuffles and chance
_CLASSES = ("background", "disc", "triangle", "square")
_CORNERS = {2: 3, 3: 4}  # of the classes that have some
# How far the rim of a shape is from its centre: shares of the shorter side of the picture.
_LEAST, _MOST = 0.2, 0.35

_Shares: TypeAlias = tuple[float, float, float]


def shapes(source: Shapes, data: DataSet, seed: int, shares: _Shares) -> DataSet:
    """Each picture, so many `times`, under one shape at least, drawn by the seed.

    The first axis of `mask` counts the examples as that of `image` does: (n, height, width).
    """
    main = data.fields[data.main]
    if main.kind != "image":
        raise UserError(f"shapes are drawn over pictures, but {main.name} of {data.name} is none")
    if isinstance(main.values, Streamed):
        raise UserError(
            f"the pictures of {data.name} lie in files; shapes are drawn over pictures in memory"
        )
    if main.type.channels not in (1, 3):
        raise UserError(f"shapes are drawn over grey and coloured pictures, not over {main.type}")
    parts = split(data, shares, seed)
    (rows,), division = within_shares(parts, lambda rows: [np.repeat(rows, source.times)])
    pictures = as_bytes(main.array[rows])
    masks = np.zeros(pictures.shape[:3], np.int64)
    generator = np.random.default_rng([seed, _STREAM])
    for picture, mask in zip(pictures, masks, strict=True):
        for _ in range(generator.integers(1, source.most, endpoint=True)):
            _draw(picture, mask, generator)
    fields = {"image": Field("image", "image", pictures), "mask": Field("mask", "label", masks)}
    return DataSet(f"shapes over {data.name}", fields, "image", "mask", _CLASSES, division)


def as_bytes(pictures: Array) -> Array:
    """A copy of pictures as bytes, where 255 means 1."""
    if pictures.dtype == np.uint8:
        return pictures.copy()
    return np.asarray(np.round(np.clip(pictures, 0, 1) * 255), np.uint8)


def _draw(picture: Array, mask: Array, generator: np.random.Generator) -> None:
    """Draws one shape over a picture (height, width, channels), and its class into the mask."""
    from PIL import Image, ImageDraw

    height, width, channels = picture.shape
    kind = int(generator.integers(1, len(_CLASSES)))
    radius = min(height, width) * generator.uniform(_LEAST, _MOST)
    x, y = (generator.uniform(radius, side - 1 - radius) for side in (width, height))
    turned = generator.uniform(0, 360)
    drawn = Image.new("1", (width, height))
    pen = ImageDraw.Draw(drawn)
    if kind in _CORNERS:
        pen.regular_polygon((x, y, radius), _CORNERS[kind], turned, fill=1)
    else:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1)
    inside = np.asarray(drawn)
    picture[inside] = generator.integers(0, 256, channels, np.uint8)
    mask[inside] = kind
