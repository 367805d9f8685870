"""Layers and values of arguments that change nothing: a table, keyed by the layer's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.catalog.base import Layer
from netdsl.graph import Graph
from netdsl.record import Record
from netdsl.tensor import TensorType

# When a layer gives what it is given, whatever that is.
_IDLE: dict[str, Callable[[Any], bool]] = {
    "avgpool": lambda layer: layer.size == 1 and layer.stride in (None, 1),
    "channel_shuffle": lambda layer: layer.groups == 1,
    "crop": lambda layer: layer.amount == 0 and layer.like is None,
    "drop_path": lambda layer: layer.rate == 0,
    "dropout": lambda layer: layer.rate == 0,
    "gaussian_noise": lambda layer: layer.std == 0,
    "leaky_relu": lambda layer: layer.slope == 1,
    "maxout": lambda layer: layer.pieces == 1,
    "maxpool": lambda layer: layer.size == 1 and layer.stride in (None, 1),
    "pad": lambda layer: layer.amount == 0,
    "pixel_shuffle": lambda layer: layer.factor == 1,
    "rescale": lambda layer: layer.factor == 1 and layer.offset == 0,
    "roll": lambda layer: layer.shift == 0,
    "spatial_dropout": lambda layer: layer.rate == 0,
    "upsample": lambda layer: layer.factor == 1,
}
# Layers that choose the shape alone: nothing is left to do where it is that already.
_SHAPING = frozenset(("flatten", "reshape", "unflatten", "resize", "slice", "pad_channels"))
# Activations that give the same when they come twice.
_ONCE_IS_ENOUGH = frozenset(("relu", "relu6", "step"))

# When a value of an argument has no influence, and why.
_IDLE_ARGUMENTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "bias_init": (lambda layer: getattr(layer, "bias", None) is False, "there is no bias"),
    "ceil": (
        lambda layer: layer.ceil is True and getattr(layer, "pad", None) == "same",
        "pad=same rounds up already",
    ),
    "dilation": (
        lambda layer: layer.dilation != 1 and getattr(layer, "kernel", None) == 1,
        "a window of one has no gaps",
    ),
}


class Idle(Record):
    """Why a layer changes nothing; `depends_on_input` where another input would be changed."""

    text: str
    depends_on_input: bool


def idle_layer(
    layer: Layer, inputs: tuple[TensorType, ...], output: TensorType, before: Layer | Graph | None
) -> Idle | None:
    """Why a layer changes nothing of these inputs, with what made the first of them."""
    word = layer.word
    test = _IDLE.get(word)
    if test is not None and test(layer):
        return Idle(f"this {word} changes nothing", False)
    if word in _SHAPING and len(inputs) == 1 and inputs[0] == output:
        return Idle(f"this {word} changes nothing: {output} flows in already", True)
    if word in _ONCE_IS_ENOUGH and isinstance(before, Layer) and before.word == word:
        return Idle(f"{word} after {word} changes nothing", True)
    return None


def idle_argument(layer: Layer, name: str, inputs: tuple[TensorType, ...]) -> str:
    """Why the value of an argument has no influence; empty where it has one."""
    row = _IDLE_ARGUMENTS.get(name)
    if row is None or not row[0](layer):
        return ""
    return f"{name} changes nothing here: {row[1]}"
