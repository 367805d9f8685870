"""The bundled data and the toys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netdsl.catalog.sources import Circles, Digits, Gauss, Iris, Spirals, Toy, Xor
from netdsl.data.read import read

TOYS = [Gauss, Xor, Circles, Spirals]


def test_digits() -> None:
    data = read(Digits(), Path(), 0)
    image = data.fields["image"]
    assert len(data) == 1797
    assert str(image.type) == "8 x 8 x 1"
    assert (image.values.min(), image.values.max()) == (0, 1)
    assert data.classes == tuple("0123456789")


def test_iris() -> None:
    data = read(Iris(), Path(), 0)
    assert str(data.fields["features"].type) == "4"
    assert data.classes == ("setosa", "versicolor", "virginica")
    assert data.fields["features"].columns[0].name == "sepal length"


@pytest.mark.parametrize("kind", TOYS)
def test_a_toy_is_drawn_by_its_seed(kind: type[Toy]) -> None:
    first, again, other = (read(kind(n=60), Path(), seed) for seed in (1, 1, 2))
    assert len(first) == 60
    assert first.digest() == again.digest() != other.digest()


@pytest.mark.parametrize("kind", [Gauss, Circles, Spirals])
def test_half_of_a_toy_is_of_each_class(kind: type[Toy]) -> None:
    labels = read(kind(n=60), Path(), 0).fields["label"].values
    assert np.bincount(labels).tolist() == [30, 30]


def test_xor_without_noise_is_decided_by_signs() -> None:
    data = read(Xor(n=50, noise=0), Path(), 0)
    points, labels = data.fields["point"].values, data.fields["label"].values
    assert np.array_equal(labels == 1, points.prod(axis=1) < 0)


def test_the_disc_is_inside_the_ring() -> None:
    data = read(Circles(n=50, noise=0), Path(), 0)
    radius = np.hypot(*data.fields["point"].values.T)
    labels = data.fields["label"].values
    assert radius[labels == 0].max() < 0.6 < radius[labels == 1].min()
