"""The real data that scikit-learn bundles: nothing is fetched."""

from __future__ import annotations

import numpy as np

from netdsl.data.fields import Column, DataSet, Field


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
