"""Keras' rows of windows, linear maps, norms and merges give PyTorch's numbers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from netdsl.backends.keras import rows
from netdsl.backends.keras.rows import Emission, in_full
from netdsl.catalog.base import Example, Layer
from netdsl.tensor import TensorType
from tests.catalog import torch_rows
from tests.catalog.keras_engine import ENGINE
from tests.catalog.keras_rows import (
    Built,
    check_close,
    check_example,
    check_gradients,
    compare,
    unknown,
)
from tests.catalog.torch_rows import drawn, examples, from_torch, record

FAMILIES = ("conv", "linear", "pool", "norm", "merge")


@pytest.mark.parametrize(("layer", "example"), examples(*FAMILIES))
def test_an_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)


def _sloped(example: Example) -> bool:
    """Whether the example has an output that depends on numbers that flow in, or on weights."""
    return not example.rejects and not example.call.startswith("constant")


@pytest.mark.parametrize(
    ("layer", "example"),
    [parameters for parameters in examples(*FAMILIES) if _sloped(parameters.values[1])],
)
def test_gradients(layer: type[Layer], example: Example) -> None:
    check_gradients(record(example.call), example)


def _open(layer: type[Layer], example: Example) -> bool:
    return len(example.inputs) == 1 and not example.rejects


@pytest.mark.parametrize(
    ("layer", "example"),
    [
        parameters
        for parameters in examples("conv", "linear", "pool", "norm")
        if _open(*parameters.values)
    ],
)
def test_positions_may_be_unknown(layer: type[Layer], example: Example) -> None:
    check_example(layer, example, opened=True)


# Uses that Keras takes another way than by its own layer alone, and sizes with a rest.
WINDOWS = [
    ("conv(4, 3, stride=2, pad=same)", (9, 10, 2)),
    ("conv(4, 3, stride=2, pad=1)", (9, 10, 2)),
    ("conv(4, (3, 2), stride=(3, 2), pad=((0, 2), 1))", (9, 10, 2)),
    ("conv(4, 4, stride=3, pad=same, groups=2)", (10, 7, 4)),
    ("conv(4, 3, stride=2, dilation=2, pad=same)", (9, 10, 2)),
    ("conv(4, 3, stride=(2, 1), dilation=(1, 3), pad=2)", (9, 10, 2)),
    ("conv(4, 3, stride=2, dilation=3, pad=same)", (17, 2)),
    ("conv(4, 3, pad=(1, (0, 2), 2), stride=2)", (5, 6, 4, 2)),
    ("conv(4, 3, init=normal(0.1), bias_init=fill(3))", (6, 6, 2)),
    ("conv(4, 3, init=uniform(-1, 1), bias_init=ones)", (6, 6, 2)),
    ("depthwise(3, stride=(2, 1), pad=same)", (9, 10, 2)),
    ("depthwise(3, stride=2, dilation=2, pad=same, multiplier=3)", (9, 10, 2)),
    ("depthwise(3, stride=(1, 2), dilation=2, pad=1)", (9, 10, 2)),
    ("depthwise(2, stride=3, pad=2, multiplier=2)", (11, 3)),
    ("depthwise(3, stride=(2, 1, 3), pad=same, multiplier=2)", (5, 6, 7, 2)),
    ("separable(4, 3, stride=2, dilation=2, pad=same)", (9, 10, 2)),
    ("separable(4, (2, 3), stride=(1, 2), pad=((1, 0), 1))", (9, 10, 2)),
    ("separable(4, 3, stride=2, pad=same, multiplier=2, bias=false)", (5, 6, 7, 2)),
    ("conv_transpose(4, 4, stride=2, pad=1)", (5, 4, 2)),
    ("conv_transpose(4, 3, stride=2, pad=1)", (5, 4, 2)),
    ("conv_transpose(4, 3, stride=(3, 2), pad=(0, 1), output_pad=(2, 0))", (5, 4, 2)),
    ("conv_transpose(4, 2, stride=3)", (5, 4, 2)),
    ("conv_transpose(4, 2, stride=4, output_pad=1)", (5, 4, 2)),
    ("conv_transpose(4, (2, 5), stride=3, pad=same)", (5, 4, 2)),
    ("conv_transpose(4, 3, stride=2, dilation=2, pad=1, output_pad=1)", (5, 4, 2)),
    ("conv_transpose(4, 2, dilation=3, output_pad=2)", (5, 4, 2)),
    ("conv_transpose(4, 3, stride=2, dilation=(1, 2), groups=2, pad=same)", (5, 4, 4)),
    ("conv_transpose(4, 1, stride=2, groups=2, pad=same)", (5, 4)),
    ("conv_transpose(4, 3, stride=2, pad=(1, (0, 1), 2), dilation=2)", (3, 4, 5, 2)),
    ("maxpool(3, stride=2, pad=1)", (9, 10, 2)),
    ("maxpool(3, stride=2, pad=1, ceil=true)", (10, 7, 2)),
    ("maxpool((3, 2), stride=(4, 1), ceil=true)", (9, 10, 2)),
    ("maxpool(2, stride=4, pad=1, ceil=true)", (9, 11, 2)),
    ("maxpool(3, stride=2, pad=same)", (9, 10, 2)),
    ("maxpool(3, stride=(2, 1, 3), pad=((0, 1), 1, (2, 0)))", (5, 6, 7, 2)),
    ("maxpool(2, stride=3, pad=same)", (10, 2)),
    ("maxpool(1, stride=2, pad=same)", (5, 2)),
    ("avgpool(3, stride=2, pad=1)", (9, 10, 2)),
    ("avgpool(3, stride=2, pad=1, ceil=true)", (10, 7, 2)),
    ("avgpool(3, stride=2, pad=1, ceil=true, count_pad=true)", (10, 7, 2)),
    ("avgpool(2, stride=4, pad=1, ceil=true, count_pad=true)", (9, 11, 2)),
    ("avgpool((2, 3), stride=(2, 3), ceil=true)", (9, 10, 2)),
    ("avgpool(3, pad=((0, 1), (2, 1)), count_pad=true)", (9, 10, 2)),
    ("avgpool(3, stride=2, pad=same, count_pad=true)", (9, 10, 2)),
    ("avgpool((3, 2, 4), stride=2, pad=same, count_pad=true)", (5, 6, 7, 2)),
    ("avgpool(4, stride=3, pad=same)", (10, 2)),
    ("adaptive_avgpool((5, 3))", (7, 10, 2)),
    ("adaptive_maxpool(4)", (7, 2)),
    ("adaptive_maxpool((5, 1, 3))", (7, 4, 5, 2)),
    ("adaptive_avgpool(9)", (7, 10, 2)),
]


# On JAX Keras does not follow the indices of a window shorter than its stride through open sizes.
NOT_FOLLOWED = ("maxpool(2, stride=3, pad=same)", "maxpool(1, stride=2, pad=same)")


def skip_what_is_not_followed(call: str) -> None:
    """Passes a call by that cannot be built with open sizes here."""
    if ENGINE == "jax" and call in NOT_FOLLOWED:
        pytest.skip("there Keras cannot infer the shape (docs/backends.md)")


def row_of(call: str, shape: tuple[int, ...]) -> Emission:
    """What Keras needs for a layer with one input."""
    layer = record(call)
    row = rows.find(type(layer))
    assert row is not None
    return row(layer, (TensorType(shape),))


@pytest.mark.parametrize("opened", [False, True], ids=["known", "unknown"])
@pytest.mark.parametrize(("call", "shape"), WINDOWS)
def test_a_window(call: str, shape: tuple[int, ...], opened: bool) -> None:
    if opened:
        skip_what_is_not_followed(call)
    example = Example(call, (shape,))
    compare(record(call), (TensorType(shape),), drawn(example), opened)


@pytest.mark.parametrize(("call", "shape"), WINDOWS)
def test_rows_that_write_everything_say_the_same(call: str, shape: tuple[int, ...]) -> None:
    with in_full():
        compare(record(call), (TensorType(shape),), drawn(Example(call, (shape,))))


WITH_HELPERS = [
    (call, shape)
    for call, shape in WINDOWS
    if (emission := row_of(call, shape)).helpers or emission.member_helpers
]


@pytest.mark.skipif(ENGINE == "torch", reason="there Keras compiles only where it is asked to")
@pytest.mark.parametrize(("call", "shape"), WITH_HELPERS)
def test_what_uses_a_helper_can_be_compiled(call: str, shape: tuple[int, ...]) -> None:
    skip_what_is_not_followed(call)
    built = Built(record(call), (unknown(TensorType(shape)),))
    (tensor,) = drawn(Example(call, (shape,)))
    given = from_torch(tensor).numpy()
    built.model.compile(jit_compile=True)
    compiled = keras.tree.flatten(built.model.predict_on_batch(given))
    for found, wanted in zip(compiled, built(given), strict=True):
        check_close(found, wanted)


def test_the_running_variance_is_biased() -> None:
    # docs/backends.md: smaller by one part in as many numbers as the batch has of a channel.
    kind = TensorType((2, 3, 4))
    layer = record("batchnorm(momentum=0)")
    built, reference = Built(layer, (kind,)), torch_rows.build(layer, (kind,)).train()
    images = np.random.default_rng(0).standard_normal((5, 2, 3, 4)).astype(np.float32)
    built.model(images, training=True)
    reference(torch.from_numpy(images).movedim(-1, 1))
    places = built.held()
    for name, share in (("running_mean", 1), ("running_var", 1 - 1 / (5 * 2 * 3))):
        wanted = reference.tensors()[name].numpy() * share
        np.testing.assert_allclose(places[name].get(), wanted, rtol=1e-5, atol=1e-6)


def test_a_length_counts_as_at_least_a_trillionth() -> None:
    built = Built(record("l2_normalize"), (TensorType((3,)),))
    output = built(np.array([[0, 0, 0], [3e-13, 0, 4e-13], [0, 3, 4]], np.float32))
    np.testing.assert_allclose(output[0], [[0, 0, 0], [0.3, 0, 0.4], [0, 0.6, 0.8]], rtol=1e-5)
