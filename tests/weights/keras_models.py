"""Models of Keras for tests: how they are imported, filled at random, saved and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netdsl.weights.arrays import Array
from tests.parity.of_keras import keras  # imported there so that TensorFlow is quiet

__all__ = ["FORMS", "answer", "fill", "keras", "save"]

# How weights are saved, by the ending of the file.
FORMS = [".keras", ".weights.h5", ".h5"]


def fill(model: Any) -> None:
    """Draws every variable, statistics too, so that numbers stay near one from layer to layer."""
    draw = np.random.default_rng(0)
    for variable in model.weights:
        shape, name = tuple(variable.shape), variable.path.rpartition("/")[2]
        if name in ("gamma", "variance", "moving_variance"):
            variable.assign(draw.random(shape) + 0.5)
        elif len(shape) > 1 and "bias" not in name:
            window = shape[:-2] if name == "depthwise_kernel" else shape[:-1]
            variable.assign(draw.standard_normal(shape) * np.sqrt(2 / np.prod(window)))
        elif name != "count":
            variable.assign(draw.standard_normal(shape) * 0.2)


def save(model: Any, folder: Path, form: str) -> Path:
    """Saves the weights, with the model where the form has it."""
    path = folder / f"theirs{form}"
    (model.save_weights if form == ".weights.h5" else model.save)(path)
    return path


def answer(model: Any, example: Array) -> Array:
    """What the model says in evaluation."""
    found: Array = model.predict(example, verbose=0)
    return found
