"""The reference models: what torchvision and Keras build, with random numbers in every tensor.

Nothing is left as a constructor makes it, so that a tensor that lands in the wrong place shows.
Kernels are as large as keeps numbers near one behind a relu (He et al., 2015, "Delving deep into
rectifiers"). The statistics of a batch normalisation start from those of two random images and are
moved at random: so numbers stay near one through any number of layers, and every layer counts in
what comes out.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FIGURES = Path(__file__).resolve().parent.parent / "reference"
LIBRARIES = ("keras", "torchvision")
IMAGES = 2

Array = NDArray[np.floating]


class Size(NamedTuple):
    """How many numbers a model learns, and how many it keeps besides."""

    learned: int
    kept: int


@cache
def figures(library: str) -> dict[str, dict[str, Any]]:
    """The figures of a library's models, by their keys."""
    found: dict[str, dict[str, Any]] = json.loads((FIGURES / f"{library}.json").read_text("utf-8"))
    return found


def names() -> Iterator[str]:
    """Every reference model as `library/key`."""
    for library in LIBRARIES:
        yield from (f"{library}/{key}" for key in figures(library))


class Draw:
    """Random numbers for the tensors of a model, the same ones at each run."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def kernel(self, shape: Sequence[int], inputs: int) -> Array:
        """A kernel or matrix of which each output adds up so many inputs, a relu before them."""
        return self.normal(shape) * np.float32(math.sqrt(2 / inputs))

    def offset(self, shape: Sequence[int]) -> Array:
        """A bias."""
        return self.normal(shape) * np.float32(0.2)

    def factor(self, shape: Sequence[int]) -> Array:
        """Factors from 0.5 to 1.5."""
        return self._generator.random(shape, np.float32) + np.float32(0.5)

    def mean(self, mean: Array, variance: Array) -> Array:
        """A running mean beside the mean that was found."""
        return mean + self.offset(mean.shape) * np.sqrt(variance)

    def variance(self, variance: Array, norms: int) -> Array:
        """A running variance beside the one that was found; a channel of zeros has some too.

        The more normalisations a net has, the larger: else each would magnify what rounding has
        left, and in the deepest nets single precision would be used up.
        """
        return (variance + np.float32(0.01)) * self.factor(variance.shape) * max(1, norms / 10)

    def normal(self, shape: Sequence[int]) -> Array:
        """Numbers of mean 0 and variance 1."""
        return self._generator.standard_normal(shape, np.float32)


class Reference(ABC):
    """A reference model in evaluation, its tensors drawn.

    `images` are two random images, channels last.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.images = images(self.figures)

    @property
    @abstractmethod
    def figures(self) -> dict[str, Any]:
        """The figures of tests/reference that it is held against."""

    @property
    @abstractmethod
    def expected(self) -> Size:
        """How many numbers the figures say that it has."""

    @property
    @abstractmethod
    def size(self) -> Size:
        """How many numbers it has."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Saves it in a form in which the library's weights are met; the ending says which."""

    @abstractmethod
    def logits(self, double: bool = False) -> Array:
        """What it makes of the images, before any softmax, in single or double precision."""


def images(figures: dict[str, Any]) -> Array:
    """Random images of the size that a model takes, channels last.

    The figures of torchvision name the channels first; images are square and larger than that.
    """
    height, width, channels = sorted(figures["input"][-3:], reverse=True)
    return Draw(1).normal((IMAGES, height, width, channels))


def reference(name: str) -> Reference:
    """The model of a name such as `keras/VGG16`; only its own library is imported."""
    library, _, key = name.partition("/")
    if library == "keras":
        from tests.parity.of_keras import KerasReference

        return KerasReference(key)
    from tests.parity.of_torchvision import TorchvisionReference

    return TorchvisionReference(key)
