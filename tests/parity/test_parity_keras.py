"""Models of Keras that are emitted give the numbers of those of Keras Applications.

A chosen few with fresh weights; docs/parity_keras.md has all, and `make parity` measures them.
"""

from __future__ import annotations

import numpy as np
import pytest

import netdsl
from tests.parity.in_keras import logits, measure
from tests.parity.of_keras import size_of
from tests.parity.references import Size, figures, reference
from tests.parity.transplant import DOUBLE, converted, difference

# Quick ones, and one of each way to write a block.
CHOSEN = ["keras/MobileNet_alpha0.25", "keras/MobileNetV2_alpha0.35"]
COUNTED = ["keras/DenseNet121", "keras/ResNet50", "keras/ResNeXt50", "keras/Xception"]


@pytest.mark.parametrize("name", CHOSEN)
def test_the_logits_are_those_of_the_reference(name: str) -> None:
    assert measure(name).is_close


@pytest.mark.parametrize("name", COUNTED)
def test_the_model_has_as_many_numbers_and_learns_as_many(name: str) -> None:
    known = figures("keras")[name.partition("/")[2]]
    expected = Size(known["trainable"], known["total"] - known["trainable"])
    assert size_of(netdsl.load(name).keras()) == expected


def test_a_changed_weight_is_seen() -> None:
    name = CHOSEN[0]
    peer = reference(name)
    weights = converted(peer, name)
    first, values = next(iter(weights.items()))
    changed = weights | {first: values * np.float32(1.0001)}
    found = logits(netdsl.load(name), changed, peer.images, double=True)
    assert difference(found, peer.logits(double=True)) > DOUBLE
