"""Keras' models with random numbers in every tensor, run by TensorFlow on the CPU."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Both are read when TensorFlow is imported. Its greetings are no result, nor is it news that the
# form in which Keras publishes weights is an old one.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

from tests.parity.keras_resnext import RESNEXT
from tests.parity.references import Array, Draw, Reference, Size, figures

for library in ("absl", "tensorflow"):
    logging.getLogger(library).setLevel(logging.ERROR)

# What is drawn for a tensor of each name; the statistics are found, not drawn.
DRAWN: dict[str, Callable[[Draw, Sequence[int]], Array]] = {
    "kernel": lambda draw, shape: draw.kernel(shape, math.prod(shape[:-1])),
    "depthwise_kernel": lambda draw, shape: draw.kernel(shape, math.prod(shape[:2])),
    "pointwise_kernel": lambda draw, shape: draw.kernel(shape, math.prod(shape[:-1])),
    "bias": Draw.offset,
    "beta": Draw.offset,
    "gamma": Draw.factor,
}


class KerasReference(Reference):
    """A model of `keras.applications`, or a ResNeXt, which Keras has no longer; it gives logits."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        # Layers without a name are numbered anew, as in the process of somebody who has one model.
        keras.utils.clear_session()
        self.model: keras.Model = built(key, self.figures)
        draw = Draw(0)
        for variable in self.model.trainable_variables:
            variable.assign(DRAWN[variable.name](draw, variable.shape))
        self._settle(draw)

    def _settle(self, draw: Draw) -> None:
        """Gives batch normalisations the statistics of what flows in, moved at random."""
        norms = [
            layer
            for layer in self.model.layers
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        for norm in norms:
            norm.call = settling(norm, draw, len(norms))
        self.model(self.images, training=False)
        for norm in norms:
            del norm.call

    @property
    def figures(self) -> dict[str, Any]:
        return figures("keras")[self.key]

    @property
    def expected(self) -> Size:
        return Size(self.figures["trainable"], self.figures["total"] - self.figures["trainable"])

    @property
    def size(self) -> Size:
        return size_of(self.model)

    def save(self, path: Path) -> None:
        self.model.save(path)

    def logits(self, double: bool = False) -> Array:
        model = self._twin() if double else self.model
        images = self.images.astype(np.float64 if double else np.float32)
        found: Array = np.array(model(images, training=False))
        return found

    def _twin(self) -> keras.Model:
        """The same model in double precision."""
        with doubled():
            twin = built(self.key, self.figures)
        twin.set_weights(self.model.get_weights())
        return twin


def size_of(model: keras.Model) -> Size:
    """How many numbers a model of Keras learns, and how many it keeps besides."""
    learned = sum(math.prod(value.shape) for value in model.trainable_variables)
    return Size(learned, model.count_params() - learned)


@contextmanager
def doubled() -> Iterator[None]:
    """Models that are built within have double precision."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(usual)


def settling(norm: keras.layers.BatchNormalization, draw: Draw, norms: int) -> Callable[..., Any]:
    """The call of one of so many normalisations that first sets its statistics by what flows in."""
    call = norm.call

    def settle(inputs: Any, training: bool = False, mask: Any = None) -> Any:
        values = np.array(inputs)
        mean, variance = values.mean((0, 1, 2)), values.var((0, 1, 2))
        norm.moving_mean.assign(draw.mean(mean, variance))
        norm.moving_variance.assign(draw.variance(variance, norms))
        return call(inputs, training=training, mask=mask)

    return settle


def built(key: str, of: dict[str, Any]) -> keras.Model:
    """The model of a key; MobileNet's width stands in the key behind an underscore."""
    shape = tuple(of["input"][-3:])
    if "constructor" not in of:
        return RESNEXT[key](shape)
    build = getattr(keras.applications, key.partition("_")[0])
    return build(weights=None, classifier_activation=None, input_shape=shape, **of["constructor"])
