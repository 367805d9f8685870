"""MobileNets of any width and resolution are those that Keras builds for them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

# Both are read when TensorFlow is imported; its greetings are no result.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import pytest
import torch

import netdsl
from netdsl.analyze.cost import Costs
from netdsl.api import locate
from netdsl.weights.convert import convert

# The sizes of the published weights, each at a width of its own, and odd ones, where padding that
# is not the same on both sides shows. At 0.84 a width is rounded down for want of its fraction.
CASES = [
    *[("MobileNet", *case) for case in [(0.25, 96), (0.5, 128), (0.75, 160), (1.0, 192)]],
    *[("MobileNet", *case) for case in [(0.6, 224), (1.2, 97)]],
    *[("MobileNetV2", *case) for case in [(0.35, 96), (0.5, 128), (0.75, 160), (1.3, 192)]],
    *[("MobileNetV2", *case) for case in [(1.4, 224), (0.84, 101)]],
]


def built(family: str, alpha: float, size: int) -> keras.Model:
    """The model of Keras; it gives logits."""
    constructor = getattr(keras.applications, family)
    shape = (size, size, 3)
    return constructor(weights=None, alpha=alpha, input_shape=shape, classifier_activation=None)


def macs(model: keras.Model) -> int:
    """The multiply-adds of one image: each number of a kernel is used once for each position."""
    total = 0
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name == "kernel":
                total += math.prod(weight.shape) * math.prod(layer.output.shape[1:-1])
    return total


@pytest.mark.parametrize(("family", "alpha", "size"), CASES)
def test_counts_are_those_of_keras(family: str, alpha: float, size: int) -> None:
    model = built(family, alpha, size)
    given = {"alpha": str(alpha), "size": str(size)}
    found = Costs().graph(netdsl.load(f"keras/{family}", set=given).elaborated.graph)
    assert found.total == model.count_params()
    assert found.macs == macs(model)


@pytest.mark.parametrize("name", ["keras/MobileNet_alpha0.25", "keras/MobileNetV2_alpha0.35"])
@torch.no_grad()
def test_an_odd_size_is_padded_as_in_keras(name: str, tmp_path: Path) -> None:
    """The emitted net runs at other sizes too."""
    family, _, alpha = name.removeprefix("keras/").partition("_alpha")
    theirs = built(family, float(alpha), 97)
    file = tmp_path / "model.h5"
    theirs.save(file)
    net = netdsl.load(name)
    weights = convert(net.elaborated, locate(name)[0], "keras", file)
    model = net.torch(fold=frozenset(output.name for output in net.elaborated.graph.outputs))
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()}, False)
    images: Any = np.random.default_rng(0).standard_normal((1, 97, 97, 3), np.float32)
    expected = np.array(theirs(images, training=False))
    found = model.eval().logits(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
