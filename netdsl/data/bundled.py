"""The real data that scikit-learn bundles: nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.catalog.sources import Photographs
from netdsl.data.fields import Array, Column, DataSet, Field
from netdsl.diagnostics import UserError


def digits() -> DataSet:
    """1,797 handwritten digits, 8x8, 16 levels of grey scaled to 0..1."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    image = Field("image", "image", (bundled.images[..., None] / 16).astype(np.float32))
    label = Field("label", "label", bundled.target.astype(np.int64))
    names = tuple(str(name) for name in bundled.target_names)
    return DataSet("digits", {"image": image, "label": label}, "image", "label", names)


def iris() -> DataSet:
    """150 flowers of three kinds, four lengths in centimetres."""
    from sklearn.datasets import load_iris

    bundled = load_iris()
    columns = tuple(Column(name.removesuffix(" (cm)")) for name in bundled.feature_names)
    features = Field("features", "table", bundled.data.astype(np.float32), columns, True)
    label = Field("label", "label", bundled.target.astype(np.int64))
    names = tuple(str(name) for name in bundled.target_names)
    return DataSet("iris", {"features": features, "label": label}, "features", "label", names)


def photographs(source: Photographs) -> DataSet:
    """Pieces of two photographs, 427 x 640 pixels each: a temple in China, and a flower."""
    from sklearn.datasets import load_sample_images

    bundled = load_sample_images()
    height, width = bundled.images[0].shape[:2]
    if source.size > height:
        raise UserError(f"photographs are {height} x {width}; a piece cannot be {source.size} high")
    pieces = [_pieces(picture, source.size) for picture in bundled.images]
    values = np.concatenate(pieces)
    if source.grey:
        # What television takes for the brightness of red, green and blue (ITU-R BT.601).
        values = np.round(values @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[..., None]
    labels = np.repeat(np.arange(len(pieces)), [len(of) for of in pieces]).astype(np.int64)
    fields = {"image": Field("image", "image", values), "label": Field("label", "label", labels)}
    names = tuple(Path(name).stem for name in bundled.filenames)
    return DataSet("photographs", fields, "image", "label", names)


def _pieces(picture: Array, size: int) -> Array:
    """A picture (height, width, 3) cut into squares that do not overlap; what is over is left."""
    down, across = picture.shape[0] // size, picture.shape[1] // size
    cut = picture[: down * size, : across * size].reshape(down, size, across, size, 3)
    return cut.swapaxes(1, 2).reshape(-1, size, size, 3)
