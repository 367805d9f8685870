"""Keras' rows of noise: layers, because training and evaluation differ."""

from __future__ import annotations

from netdsl.backends.keras.rows import Emission, module, row
from netdsl.catalog.layers.noise import Dropout, DropPath, GaussianNoise, SpatialDropout
from netdsl.tensor import TensorType


@row(Dropout)
def dropout(layer: Dropout, inputs: tuple[TensorType, ...]) -> Emission:
    return module("layers.Dropout({rate})", rate=layer.rate)


@row(SpatialDropout)
def spatial_dropout(layer: SpatialDropout, inputs: tuple[TensorType, ...]) -> Emission:
    return module(f"layers.SpatialDropout{inputs[0].rank - 1}D({{rate}})", rate=layer.rate)


@row(DropPath)
def drop_path(layer: DropPath, inputs: tuple[TensorType, ...]) -> Emission:
    # One draw for each example, None being the batch, is spread over all of its numbers.
    draws = (None, *[1] * inputs[0].rank)
    return module(
        "layers.Dropout({rate}, noise_shape={noise_shape})", rate=layer.rate, noise_shape=draws
    )


@row(GaussianNoise)
def gaussian_noise(layer: GaussianNoise, inputs: tuple[TensorType, ...]) -> Emission:
    return module("layers.GaussianNoise({std})", std=layer.std)
