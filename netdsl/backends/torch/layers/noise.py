"""PyTorch's rows of noise: modules, because training and evaluation differ."""

from __future__ import annotations

from netdsl.backends.torch.padding import back, channels_first
from netdsl.backends.torch.rows import Code, Emission, module, row
from netdsl.catalog.layers.noise import Dropout, DropPath, GaussianNoise, SpatialDropout
from netdsl.tensor import TensorType


@row(Dropout)
def dropout(layer: Dropout, inputs: tuple[TensorType, ...]) -> Emission:
    return module("nn.Dropout({rate})", rate=layer.rate)


@row(SpatialDropout)
def spatial_dropout(layer: SpatialDropout, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    call = back(rank, f"{{module}}({channels_first(rank)})")
    return module(f"nn.Dropout{rank - 1}d({{rate}})", call, rate=layer.rate)


@row(DropPath)
def drop_path(layer: DropPath, inputs: tuple[TensorType, ...]) -> Emission:
    construct = Code("DropPath({rate})", {"rate": layer.rate})
    return Emission(Code("{module}({0})"), construct, ("DropPath",))


@row(GaussianNoise)
def gaussian_noise(layer: GaussianNoise, inputs: tuple[TensorType, ...]) -> Emission:
    construct = Code("GaussianNoise({std})", {"std": layer.std})
    return Emission(Code("{module}({0})"), construct, ("GaussianNoise",))
