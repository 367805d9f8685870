"""The emitted model of Keras with a reference's weights, beside the reference."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

# First, since it says which engine Keras runs on, which is read when Keras is imported.
from tests.parity.of_keras import doubled, size_of  # isort: skip

import keras
import numpy as np

import netdsl
from netdsl.api import Net
from netdsl.backends.keras import models
from netdsl.backends.keras.weights import put_weights
from tests.parity.references import Array, reference
from tests.parity.transplant import Result, compared, converted


def logits_of(net: Net) -> keras.Model:
    """Our model of a net of one output, which it gives before any softmax."""
    outputs = frozenset(output.name for output in net.elaborated.graph.outputs)
    return models(net.elaborated, fold=outputs).training


def logits(net: Net, weights: Mapping[str, Array], images: Array, double: bool = False) -> Array:
    """What our model with these weights makes of images, before any softmax, in evaluation."""
    with doubled() if double else nullcontext():
        model = logits_of(net)
    put_weights(model, net.elaborated.graph, weights)
    batch = images.astype(np.float64 if double else np.float32)
    found: Array = np.array(model(batch, training=False))
    return found


def measure(name: str, ending: str | None = None) -> Result:
    """Builds the reference of a name such as `keras/VGG16`, compares sizes and numbers.

    `ending` says in which form its weights are saved, if not in the one that is published.
    """
    peer = reference(name)
    net = netdsl.load(name)
    assert size_of(net.keras()) == peer.size == peer.expected
    weights = converted(peer, name, ending)
    return compared(name, lambda double: logits(net, weights, peer.images, double), peer)
