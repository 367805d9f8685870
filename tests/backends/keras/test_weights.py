"""The weights of a model of Keras under the language's names, written and read."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import torch
from keras import layers

import netdsl
from netdsl.backends.keras.helpers import HELPERS
from netdsl.backends.keras.weights import named_variables, put_weights, weights_of
from netdsl.training.initial import initial_weights

TEXT = """
block tower(width) {
  conv(width, 3, pad=same) -> batchnorm -> relu
}

net Twice {
  input left: 6 x 6 x 3
  input right: 6 x 6 x 3
  shared eyes = tower(4)
  a = left -> eyes
  b = right -> eyes
  add(a, b) -> separable(5, 3, multiplier=2) as seen -> global_avgpool -> dense(7)
}
"""


def twice() -> keras.Model:
    """The net as it may be emitted: the shared block is a model inside."""
    x = keras.Input((6, 6, 3))
    y = layers.Conv2D(4, 3, padding="same", name="eyes.conv1")(x)
    y = layers.BatchNormalization(epsilon=1e-5, name="eyes.batchnorm1")(y)
    eyes = keras.Model(x, keras.ops.relu(y), name="eyes")
    left, right = keras.Input((6, 6, 3)), keras.Input((6, 6, 3))
    y = layers.SeparableConv2D(5, 3, depth_multiplier=2, name="seen")(eyes(left) + eyes(right))
    y = layers.Dense(7, name="dense1")(keras.ops.mean(y, axis=(1, 2)))
    return keras.Model([left, right], y)


def test_a_net_s_weights_are_those_of_pytorch() -> None:
    net = netdsl.load("twice.net", text=TEXT)
    graph = net.elaborated.graph
    weights = initial_weights(graph, seed=3)
    model, reference = twice(), net.torch().eval()
    put_weights(model, graph, weights)
    reference.load_state_dict({n: torch.from_numpy(v) for n, v in weights.items()}, strict=False)
    found = weights_of(model, graph)
    assert list(found) == list(weights)
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values)
    images = [np.random.default_rng(n).random((2, 6, 6, 3), np.float32) for n in range(2)]
    with torch.no_grad():
        wanted = reference(*(torch.from_numpy(image).movedim(-1, 1) for image in images))
    output = keras.ops.convert_to_numpy(model(images, training=False))
    np.testing.assert_allclose(output, wanted.numpy(), rtol=1e-5, atol=1e-6)


def test_every_variable_of_the_model_is_a_tensor_of_the_net() -> None:
    net = netdsl.load("twice.net", text=TEXT)
    model = twice()
    places = named_variables(model, net.elaborated.graph)
    assert {id(place.variable) for place in places.values()} == {id(v) for v in model.weights}


def tied(kind: str) -> tuple[keras.Layer, keras.Model]:
    """A layer with a weight of 6 x 4 in our layout, and a model whose dense layer uses it."""
    space = {"keras": keras, "layers": layers, "ops": keras.ops}
    for helper in ("TiedDense", "Parameter"):
        exec(HELPERS[helper], space)
    x = keras.Input((4,))
    source = {"dense": layers.Dense(6), "embedding": layers.Embedding(6, 4)}.get(kind)
    source = source or space["Parameter"](6, 4)
    if not source.built:
        source.build((None, 4))
    y = space["TiedDense"](6, bias_initializer="ones", name="out")(x, tied=source)
    return source, keras.Model(x, y)


@pytest.mark.parametrize("kind", ["dense", "embedding", "parameter"])
def test_a_tied_dense_layer_uses_the_weight_as_it_is_now(kind: str) -> None:
    source, model = tied(kind)
    weight = np.random.default_rng(0).random((6, 4), np.float32)
    source.weights[0].assign(weight.T if kind == "dense" else weight)
    x = np.random.default_rng(1).random((3, 4), np.float32)
    output = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(output, x @ weight.T + 1, rtol=1e-5)
    assert [v.name for v in model.get_layer("out").weights] == ["bias"]
