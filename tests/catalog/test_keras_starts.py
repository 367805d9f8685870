"""Weights of Keras' rows start as the language says, as far as a deviation tells."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.tensor import TensorType
from netdsl.training.initial import draw
from tests.catalog.keras_rows import Built
from tests.catalog.torch_rows import record

LAYERS = [
    ("conv(64, 3, groups=2{init})", (8, 8, 64)),
    ("conv_transpose(64, 3{init})", (8, 8, 32)),
    ("conv_transpose(64, 3, groups=2{init})", (8, 8, 32)),
    ("depthwise(5, multiplier=2{init})", (8, 8, 128)),
    ("depthwise(3, multiplier=2{init})", (4, 4, 4, 128)),
    ("separable(64, 5{init})", (8, 8, 128)),
    ("separable(64, 3{init})", (4, 4, 4, 128)),
    ("dense(256{init})", (64,)),
    ("embedding(500, 64{init})", (7,)),
    ("parameter((40, 64){init})", ()),
]
INITS = [
    "he_normal",
    "he_uniform",
    "glorot_normal",
    "glorot_uniform",
    "lecun_normal",
    "normal(0.3, mean=2)",
    "normal(0.3)",
    "uniform(-1, 3)",
    "zeros",
    "ones",
    "fill(0.25)",
]


@pytest.mark.parametrize("init", ["", *INITS])
@pytest.mark.parametrize(("call", "shape"), LAYERS)
def test_a_weight_starts_as_training_draws_it(call: str, shape: tuple[int, ...], init: str) -> None:
    layer = record(call.format(init=f", init={init}" if init else ""))
    kind = TensorType(shape, "int" if call.startswith("embedding") else "float")
    inputs = () if call.startswith("parameter") else (kind,)
    places = Built(layer, inputs).held()
    generator = np.random.default_rng(0)
    for weight in layer.weights(*inputs):
        found = places[weight.name].get()
        wanted = draw(weight.initializer, weight.shape, generator)
        deviation = float(wanted.std())
        assert float(found.std()) == pytest.approx(deviation, rel=0.1)
        assert float(found.mean()) == pytest.approx(float(wanted.mean()), abs=0.1 * deviation)


@pytest.mark.parametrize("layer", ["batchnorm", "layernorm", "groupnorm(2)", "rmsnorm"])
def test_a_norm_starts_as_the_spec_says(layer: str) -> None:
    made = record(layer)
    changes = {"init": record("fill(3)", "initializer")}
    if layer != "rmsnorm":
        changes["bias_init"] = record("fill(2)", "initializer")
    kind = TensorType((5, 8))
    for changed in (made, made.replace(**changes)):
        places = Built(changed, (kind,)).held()
        for weight in changed.weights(kind):
            wanted = draw(weight.initializer, weight.shape, np.random.default_rng(0))
            np.testing.assert_array_equal(places[weight.name].get(), wanted)
