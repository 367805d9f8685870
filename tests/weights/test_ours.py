"""Our layers one by one, each once, with the order of the vector that flows in."""

from __future__ import annotations

import numpy as np

import netdsl
from netdsl.backends.keras.layouts import flattened
from netdsl.graph import named_weights
from netdsl.weights.ours import OurLayer, our_layers

SHARING = """
block unit(n) { dense(n) -> batchnorm }
block twin(n) {
  shared inner = unit(n)
  inner -> relu -> inner -> unit(n)
}
net Own {
  input x: 4
  shared outer = unit(4)
  shared twice = twin(4)
  outer -> twice -> repeat 2 { twin(4) } -> twice -> outer
  auxiliary { unit(2) -> dense(1) } as head
  dense(3)
}
"""
FLATTENED = """
net Own {
  input image: 2x3x4
  flatten -> batchnorm
  repeat 2 { relu -> batchnorm }
  concat(dense(5), it) -> batchnorm -> dense(24) -> batchnorm
}
"""


def layers(text: str) -> list[OurLayer]:
    return our_layers(netdsl.load("own.net", text=text).elaborated.graph)


def test_layers_are_those_that_have_the_weights() -> None:
    net = netdsl.load("own.net", text=SHARING)
    found = [
        f"{layer.name}.{weight.name}"
        for layer in our_layers(net.elaborated.graph)
        for weight in layer.weights
    ]
    assert found == [named.name for named in named_weights(net.elaborated.graph)]
    assert len(set(found)) == len(found)


def test_what_exists_in_training_only_is_marked() -> None:
    found = {layer.name for layer in layers(SHARING) if layer.training}
    assert found == {"head.unit1.dense1", "head.unit1.batchnorm1", "head.dense1"}


def test_the_order_of_what_was_flattened_is_followed() -> None:
    first, second, third, dense, joined, last, after = layers(FLATTENED)
    order = flattened((2, 3, 4))
    for layer in (first, second, third, dense):
        assert layer.order is not None
        np.testing.assert_array_equal(layer.order, order)
    for layer in (joined, last):
        assert layer.order is not None
        np.testing.assert_array_equal(layer.order[:5], np.arange(5))
        np.testing.assert_array_equal(layer.order[5:], 5 + order)
    assert after.order is None
