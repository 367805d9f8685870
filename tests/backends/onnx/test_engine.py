"""onnxruntime's predictions and figures beside PyTorch's, with the same weights."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from netdsl.backends.onnx import files
from netdsl.backends.onnx.engine import make_engine, make_model
from netdsl.catalog.layers.activation import Sigmoid, Softmax
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.layers.shape import Flatten
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
    LossSum,
    LossTerm,
    MeanSquaredError,
)
from netdsl.catalog.sources import Digits
from netdsl.diagnostics import UserError
from netdsl.training.initial import initial_weights
from netdsl.training.plan import Plan
from tests.training.nets import chain, engine, plan


def agree(made: Plan) -> None:
    """Figures on the test share and outputs are those of PyTorch."""
    theirs = engine(made)
    ours = make_engine(made.net, made.task, made.examples(), "cpu")
    weights = initial_weights(made.net.graph, 0)
    for running in (theirs, ours):
        running.put_weights(weights)
    assert ours.evaluate(made.split.test) == pytest.approx(
        theirs.evaluate(made.split.test), rel=1e-5
    )
    fields = [made.arrays[name][made.split.test] for name in made.task.inputs]
    (found,), (expected,) = (running.predict(fields).values() for running in (ours, theirs))
    assert np.allclose(found, expected, atol=1e-6)


def loss(of: Loss, **rest: object) -> LossSum:
    """A loss of the main output."""
    return LossSum((LossTerm(of, **rest),))


@pytest.mark.parametrize("end", [(), (Softmax(),)])
def test_cross_entropy(end: tuple[Softmax, ...]) -> None:
    net = chain(
        Conv(filters=4, kernel=3), BatchNorm(), Flatten(), Dense(units=10), *end, shape=(8, 8, 1)
    )
    agree(plan(net, data=Digits()))


@pytest.mark.parametrize("end", [(), (Sigmoid(),)])
def test_binary_cross_entropy_of_one_unit(end: tuple[Sigmoid, ...]) -> None:
    agree(plan(chain(Dense(units=1), *end, shape=(2,)), loss=loss(BinaryCrossEntropy())))


@pytest.mark.parametrize("units", [2, 1])
def test_mse_of_classes(units: int) -> None:
    agree(plan(chain(Dense(units=units), shape=(2,)), loss=loss(MeanSquaredError())))


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_loss_over_an_image(reduce: str) -> None:
    net = chain(Conv(filters=1, kernel=1), Sigmoid(), shape=(8, 8, 1))
    term = loss(BinaryCrossEntropy(reduce=reduce), operands=("output", "image"), weight=0.5)
    agree(plan(net, data=Digits(), loss=term))


def test_an_auxiliary_term_is_left_out() -> None:
    net = chain(Dense(units=2), Softmax(), shape=(2,), heads={"aux": Dense(units=2)})
    terms = (LossTerm(CrossEntropy()), LossTerm(CrossEntropy(), ("aux", "label"), 0.3))
    agree(plan(net, loss=LossSum(terms)))


def test_certain_mistakes_have_a_finite_loss() -> None:
    made = plan(chain(Dense(units=1), Sigmoid(), shape=(2,)), loss=loss(BinaryCrossEntropy()))
    running = make_engine(made.net, made.task, made.examples(), "cpu")
    bias = {"dense1.weight": np.zeros((1, 2), np.float32), "dense1.bias": np.float32([200])}
    running.put_weights(bias)
    labels = made.arrays["label"][made.split.test]
    found = running.evaluate(made.split.test)["loss"]
    assert found == pytest.approx(200 * (labels == 0).mean())


def test_weights_come_back_as_a_copy() -> None:
    net = chain(Dense(units=2), shape=(3,))
    running = make_model(net, "output", "cpu")
    running.put_weights(initial_weights(net.graph, 0))
    running.weights()["dense1.bias"] += 1
    assert np.array_equal(running.weights()["dense1.bias"], np.zeros(2))


def test_more_examples_than_it_takes_at_once() -> None:
    net = chain(Dense(units=2), shape=(3,))
    running = make_model(net, "output", "cpu")
    running.put_weights(initial_weights(net.graph, 0))
    examples = np.random.default_rng(0).normal(size=(150, 3))
    weight = running.weights()["dense1.weight"]
    found = running.predict([examples])["output"]
    assert np.allclose(found, examples @ weight.T, atol=1e-5)


def test_weights_too_many_for_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    net = chain(Dense(units=200), shape=(30,))
    weights = initial_weights(net.graph, 0)
    examples = np.random.default_rng(0).normal(size=(2, 30))
    found = []
    for most in (10**6, 1000):
        monkeypatch.setattr(files, "_MOST_BYTES", most)
        running = make_model(net, "output", "cpu")
        running.put_weights(weights)
        found.append(running.predict([examples])["output"])
    assert np.array_equal(*found)


def test_a_device_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(UserError, match="onnxruntime has no device cuda here; it has cpu"):
        make_model(chain(Dense(units=2), shape=(3,)), "output", "cuda")
