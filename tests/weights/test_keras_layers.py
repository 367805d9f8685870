"""Weights of Keras' layers give Keras' numbers in ours, from every kind of file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.backends.keras.layouts import flattened
from netdsl.diagnostics import UserError
from tests.weights.keras_models import FORMS, answer, fill, keras, save
from tests.weights.nets import answer as our_answer
from tests.weights.nets import difference, net_of, with_weights

L = keras.layers
TOLERANCE = 1e-4


def images() -> Any:
    inner = keras.Sequential(
        [L.Input((8, 8, 4)), L.Conv2D(4, 3, name="c"), L.BatchNormalization(name="b", scale=False)],
        name="inner",
    )
    flowing = start = keras.Input((8, 8, 3))
    for layer in (
        L.Normalization(name="scaling", mean=[0.0, 0, 0], variance=[1.0, 1, 1]),
        L.Conv2D(4, 3, padding="same", name="outer"),
        inner,
        L.Conv2D(8, 3, padding="same", groups=2, name="grouped"),
        L.SeparableConv2D(5, 3, depth_multiplier=2, name="separable"),
        L.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise"),
        L.Conv2DTranspose(6, 3, strides=2, padding="same", name="up"),
        L.PReLU(shared_axes=[1, 2], name="slopes"),
        L.LayerNormalization(name="layers"),
        L.GroupNormalization(groups=2, name="groups"),
        L.Dropout(0.5, seed=1),
        L.Conv2D(3, 1, name="conv2d"),
        L.Conv2D(3, 1, use_bias=False, name="conv2d_1"),
    ):
        flowing = layer(flowing)
    return keras.Model(start, flowing)


def flat() -> Any:
    """Vectors that were images: Keras reads them channels last."""
    start = keras.Input((4, 5, 3))
    flat = L.BatchNormalization(center=False, name="norm")(L.Flatten()(start))
    both = L.Concatenate()([L.Dense(3, name="dense")(flat), flat])
    return keras.Model(start, L.Dense(4, name="dense_1")(L.PReLU(name="slopes")(both)))


def recurrences() -> Any:
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            L.Bidirectional(L.LSTM(4, return_sequences=True), name="both"),
            L.GRU(5, return_sequences=True, name="gru_1"),
            L.GRU(3, return_sequences=True, reset_after=False, name="gru_2"),
            L.SimpleRNN(4, name="plain"),
            L.Dense(2, name="head"),
        ]
    )


def words() -> Any:
    return keras.Sequential(
        [keras.Input((6,), dtype="int32"), L.Embedding(9, 4, name="words"), L.LSTM(3, name="rec")]
    )


def volumes() -> Any:
    return keras.Sequential(
        [
            keras.Input((5, 6, 7, 2)),
            L.Conv3D(3, (1, 2, 3), name="conv"),
            L.Flatten(),
            L.Dense(4, name="head"),
        ]
    )


def sequences() -> Any:
    return keras.Sequential(
        [
            keras.Input((9, 2)),
            L.Conv1D(3, 2, name="conv"),
            L.SeparableConv1D(4, 3, name="sep"),
            L.Flatten(),
            L.Dense(4, name="head"),
        ]
    )


IMAGES = """net Own { input x: 8x8x3
  conv(4, 3, pad=same)
  { conv(4, 3) -> batchnorm(eps=1e-3, scale=false) } as inner
  conv(8, 3, groups=2, pad=same)
  separable(5, 3, multiplier=2)
  depthwise(3, multiplier=2)
  conv_transpose(6, 3, stride=2, pad=same)
  prelu -> layernorm(eps=1e-3) -> groupnorm(2, eps=1e-3) -> dropout
  conv(3, 1) -> conv(3, 1, bias=false)
}"""
IMAGE_MAP = [
    ["conv1", "outer"],
    ["inner", "inner", [["conv1", "c"], ["batchnorm1", "b"]]],
    ["conv2", "grouped"],
    ["separable1", "separable"],
    ["depthwise1", "depthwise"],
    ["conv_transpose1", "up"],
    ["prelu1", "slopes"],
    ["layernorm1", "layers"],
    ["groupnorm1", "groups"],
    ["conv#", "conv2d[_#]"],
]
CASES: dict[str, tuple[Callable[[], Any], str, list[Any]]] = {
    "images": (images, IMAGES, IMAGE_MAP),
    "flat": (
        flat,
        """net Own { input x: 4x5x3
          flatten
          repeat 1 { batchnorm(eps=1e-3, center=false) }
          concat(dense(3), it) -> prelu -> dense(4)
        }""",
        [["batchnorm1", "norm"], ["prelu1", "slopes"], ["dense#", "dense[_#]"]],
    ),
    "recurrences": (
        recurrences,
        """net Own { input x: 6x3
          lstm(4, return=sequence, bidirectional=true)
          gru(5, return=sequence, bias=double) -> gru(3, return=sequence, reset_after=false)
          rnn(4) -> dense(2)
        }""",
        [["lstm1", "both"], ["gru#", "gru_#"], ["rnn1", "plain"], ["dense1", "head"]],
    ),
    "words": (
        words,
        "net Own { input x: 6 of int\n embedding(9, 4) -> lstm(3) }",
        [["embedding1", "words"], ["lstm1", "rec"]],
    ),
    "volumes": (
        volumes,
        "net Own { input x: 5x6x7x2\n conv(3, (1, 2, 3)) -> flatten -> dense(4) }",
        [["conv1", "conv"], ["dense1", "head"]],
    ),
    "sequences": (
        sequences,
        "net Own { input x: 9x2\n conv(3, 2) -> separable(4, 3) -> flatten -> dense(4) }",
        [["conv1", "conv"], ["separable1", "sep"], ["dense1", "head"]],
    ),
}


def example(model: Any) -> Any:
    draw, shape = np.random.default_rng(1), (2, *model.input_shape[1:])
    if model.inputs[0].dtype == "int32":
        return draw.integers(9, size=shape)
    return draw.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_keras_s(case: str, tmp_path: Path) -> None:
    make, text, rules = CASES[case]
    net, model = net_of(tmp_path, text, {"keras": rules}), make()
    fill(model)
    given = example(model)
    expected = answer(model, given)
    for form in FORMS:
        weights = net.converted("keras", save(model, tmp_path, form))
        found = our_answer(with_weights(net, weights), given)
        assert difference(found, expected) < TOLERANCE, form


def test_optimizer_and_metrics_are_left_out(tmp_path: Path) -> None:
    model = sequences()
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    model.fit(np.zeros((2, 9, 2)), np.zeros((2, 4)), verbose=0)
    net = net_of(tmp_path, CASES["sequences"][1], {"keras": CASES["sequences"][2]})
    for form in FORMS:
        assert len(net.converted("keras", save(model, tmp_path, form))) == 7


def test_a_grouped_convolution_may_be_a_depthwise_one_summed(tmp_path: Path) -> None:
    """So Keras built ResNeXt: 3 groups of 2 channels, each channel with 2 filters."""
    layer = L.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False, name="conv")
    model = keras.Sequential([keras.Input((5, 5, 6)), layer])
    fill(model)
    net = net_of(
        tmp_path,
        "net Own { input x: 5x5x6\n conv(6, 3, groups=3, bias=false) }",
        {"keras": [["conv1", "conv"]]},
    )
    given = example(model)
    apart = answer(model, given).reshape(2, 3, 3, 3, 2, 2)  # …, group, channel, filter
    found = our_answer(
        with_weights(net, net.converted("keras", save(model, tmp_path, ".keras"))), given
    )
    assert difference(found, apart.sum(axis=4).reshape(2, 3, 3, 6)) < TOLERANCE


def wrong(folder: Path, spec: str, *layers: Any) -> str:
    """What is said of a checkpoint of these layers for a net of one layer, `x`."""
    model = keras.Sequential([keras.Input((5, 5, 3)), *layers])
    net = net_of(folder, f"net Own {{ input image: 5x5x3\n {spec} as x }}", {"keras": [["x", "l"]]})
    file = save(model, folder, ".keras")
    with pytest.raises(UserError) as told:
        net.converted("keras", file)
    return str(told.value).replace(str(file), "FILE")


def test_another_number_of_variables_is_told(tmp_path: Path) -> None:
    assert wrong(tmp_path, "conv(4, 3)", L.Conv2D(4, 3, use_bias=False, name="l")) == (
        "FILE does not fit: l has 1 variable (3 x 3 x 3 x 4), but x needs 2 (kernel, bias)"
    )


def test_another_shape_is_told_in_our_layout(tmp_path: Path) -> None:
    assert wrong(tmp_path, "conv(4, 3)", L.Conv2D(4, (3, 1), name="l")) == (
        "FILE does not fit: l/kernel is 4 x 3 x 3 x 1 in our layout, but x.weight of Own is "
        "4 x 3 x 3 x 3"
    )


def test_channels_that_groups_do_not_divide_are_told(tmp_path: Path) -> None:
    layers = L.Conv2D(4, 1, name="before"), L.DepthwiseConv2D(3, depth_multiplier=2, name="l")
    assert wrong(tmp_path, "conv(6, 3, groups=3)", *layers) == (
        "FILE does not fit: l/kernel is 2 x 4 x 3 x 3 in our layout, but x.weight of Own is "
        "6 x 1 x 3 x 3"
    )


def test_another_number_of_gates_is_told(tmp_path: Path) -> None:
    found = wrong(tmp_path, "reshape(25, 3) -> gru(4)", L.Reshape((25, 3)), L.LSTM(4, name="l"))
    assert found == (
        "FILE does not fit: l/kernel is 16 x 3 in our layout, but x.weight_ih of Own is 12 x 3"
    )


def test_a_layer_that_is_left_is_told(tmp_path: Path) -> None:
    layers = L.Conv2D(4, 3, name="l"), L.Conv2D(2, 1, name="more")
    assert wrong(tmp_path, "conv(4, 3)", *layers) == (
        "FILE does not fit: more/0, 1 x 1 x 4 x 2, has no place in Own"
    )


def test_a_layer_that_keras_has_not_is_told(tmp_path: Path) -> None:
    found = wrong(tmp_path, "layer_scale", L.Conv2D(3, 1, name="l"))
    assert found == "x: weights of a layer_scale of Keras are not read"


def test_flatten_of_keras_against_ours() -> None:
    given = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(
        given.reshape(-1)[flattened((2, 3, 4))], given.transpose(2, 0, 1).reshape(-1)
    )
