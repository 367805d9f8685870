"""The figures and steps of the PyTorch engine against arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from netdsl.backends.engine import Array
from netdsl.backends.torch.engine import TorchEngine, device_named
from netdsl.catalog.layers.activation import Relu, Sigmoid, Softmax
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
    LossSum,
    LossTerm,
    MeanSquaredError,
)
from netdsl.catalog.optimizers import Sgd
from netdsl.catalog.sources import Digits, Iris, Spirals
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.training.initial import initial_weights
from netdsl.training.plan import Plan
from tests.training.nets import Module, chain, classifier, engine, plan


def started(made: Plan) -> TorchEngine:
    running = engine(made)
    running.put_weights(initial_weights(made.net.graph, 0))
    return running


def loss_of(loss: Loss, *terms: LossTerm) -> LossSum:
    return LossSum((LossTerm(loss), *terms))


def one_step(made: Plan) -> dict[str, Array]:
    """What one step over the whole training share adds to each weight."""
    running = started(made)
    before = running.weights()
    running.train([made.split.train], [1.0], 0, lambda count: None)
    return {name: values - before[name] for name, values in running.weights().items()}


def test_cross_entropy_and_accuracy() -> None:
    made = plan(chain(Dense(units=3), Softmax(), shape=(4,)), data=Iris())
    running = started(made)
    figures = running.evaluate(made.split.test)
    probabilities = running.predict([made.arrays["features"][made.split.test]])["output"]
    labels = made.arrays["label"][made.split.test]
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    right = probabilities[np.arange(len(labels)), labels]
    assert figures["loss"] == pytest.approx(-np.log(right).mean(), rel=1e-5)
    assert figures["accuracy"] == (probabilities.argmax(axis=1) == labels).mean()


def test_logits_without_softmax_give_the_same_loss() -> None:
    folded = plan(chain(Dense(units=3), Softmax(), shape=(4,)), data=Iris())
    logits = plan(chain(Dense(units=3), shape=(4,)), data=Iris())
    assert (folded.task.folded, logits.task.folded) == ({"output"}, set())
    first, second = (started(made).evaluate(made.split.test) for made in (folded, logits))
    assert first == second


@pytest.mark.parametrize("end", [(), (Sigmoid(),)])
def test_binary_cross_entropy_of_one_unit(end: tuple[Sigmoid, ...]) -> None:
    made = plan(chain(Dense(units=1), *end, shape=(2,)), loss=loss_of(BinaryCrossEntropy()))
    running = started(made)
    values = running.predict([made.arrays["point"][made.split.test]])["output"][:, 0]
    chance = values if end else 1 / (1 + np.exp(-values))
    labels = made.arrays["label"][made.split.test]
    figures = running.evaluate(made.split.test)
    assert figures["loss"] == pytest.approx(
        -np.log(np.where(labels == 1, chance, 1 - chance)).mean(), rel=1e-5
    )
    assert figures["accuracy"] == ((chance > 0.5) == labels).mean()


@pytest.mark.parametrize("units", [2, 1])
def test_mse_of_classes(units: int) -> None:
    made = plan(chain(Dense(units=units), shape=(2,)), loss=loss_of(MeanSquaredError()))
    running = started(made)
    values = running.predict([made.arrays["point"][made.split.test]])["output"]
    labels = made.arrays["label"][made.split.test]
    target = np.eye(2)[labels] if units == 2 else labels[:, None]
    figures = running.evaluate(made.split.test)
    assert figures["loss"] == pytest.approx(np.square(values - target).mean(), rel=1e-5)
    chosen = values.argmax(axis=1) if units == 2 else values[:, 0] > 0.5
    assert figures["accuracy"] == (chosen == labels).mean()


def autoencoder() -> ElaboratedNet:
    return chain(Conv(filters=1, kernel=1), Sigmoid(), shape=(8, 8, 1))


def test_a_sum_is_over_the_numbers_of_one_example() -> None:
    figures = []
    for reduce in ("mean", "sum"):
        term = LossTerm(BinaryCrossEntropy(reduce=reduce), ("output", "image"))
        made = plan(autoencoder(), data=Digits(), loss=LossSum((term,)))
        figures.append(started(made).evaluate(made.split.validation))
    assert figures[1]["loss"] == pytest.approx(64 * figures[0]["loss"], rel=1e-5)
    assert "accuracy" not in figures[0]


def test_an_auxiliary_output_counts_in_training_alone() -> None:
    heads = {"aux": Dense(units=2)}
    net = chain(Dense(units=2), Softmax(), shape=(2,), heads=heads)
    both = loss_of(CrossEntropy(), LossTerm(CrossEntropy(), ("aux", "label"), 0.3))
    made = plan(net, loss=both)
    main = plan(net)
    points, labels = (
        torch.tensor(made.arrays[name][made.split.train]) for name in ("point", "label")
    )
    weights = {k: torch.tensor(v) for k, v in initial_weights(net.graph, 0).items()}
    parts = [
        F.cross_entropy(F.linear(points, weights[f"{n}.weight"], weights[f"{n}.bias"]), labels)
        for n in ("dense1", "dense2")
    ]
    trained = started(made).train([made.split.train], [1.0], 0, lambda count: None)
    assert trained["loss"] == pytest.approx(float(parts[0] + 0.3 * parts[1]), rel=1e-5)
    assert started(made).evaluate(made.split.test) == started(main).evaluate(made.split.test)


def test_penalties_move_matrices_alone() -> None:
    net = chain(Dense(units=4, l2=0.01), Relu(), Dense(units=2), shape=(2,))
    plain = one_step(plan(net, optimizer=Sgd(1.0)))
    # The layer's own penalty stands in both; the section adds to it.
    both = one_step(plan(net, optimizer=Sgd(1.0), l1=0.1, l2=0.2))
    for name, start in initial_weights(net.graph, 0).items():
        added = both[name] - plain[name]
        expected = -(0.1 * np.sign(start) + 0.4 * start) if start.ndim > 1 else 0 * start
        assert np.allclose(added, expected, atol=1e-6), name


def test_a_layers_own_penalty() -> None:
    nets = [chain(Dense(units=2, l1=rate), shape=(2,)) for rate in (0, 0.5)]
    plain, penalised = (one_step(plan(net, optimizer=Sgd(1.0))) for net in nets)
    start = initial_weights(nets[0].graph, 0)["dense1.weight"]
    added = penalised["dense1.weight"] - plain["dense1.weight"]
    assert np.allclose(added, -0.5 * np.sign(start), atol=1e-6)
    assert np.array_equal(penalised["dense1.bias"], plain["dense1.bias"])


def test_penalties_are_no_part_of_the_figures() -> None:
    figures = [started(plan(l2=rate)).evaluate(np.arange(20)) for rate in (0, 0.1)]
    assert figures[0] == figures[1]


def test_one_batch_of_all_is_gradient_descent() -> None:
    made = plan(chain(Dense(units=2), shape=(2,)), batch="all", optimizer=Sgd(1.0))
    points, labels = (
        torch.tensor(made.arrays[name][made.split.train]) for name in ("point", "label")
    )
    start = {k: torch.tensor(v) for k, v in initial_weights(made.net.graph, 0).items()}
    weight = start["dense1.weight"].requires_grad_()
    F.cross_entropy(F.linear(points, weight, start["dense1.bias"]), labels).backward()
    assert weight.grad is not None
    assert np.allclose(one_step(made)["dense1.weight"], -weight.grad.numpy(), atol=1e-6)


def test_images_are_channels_last_outside() -> None:
    made = plan(
        autoencoder(),
        data=Digits(),
        loss=LossSum((LossTerm(MeanSquaredError(), ("output", "image")),)),
    )
    running = started(made)
    images = made.arrays["image"][:5]
    weights = running.weights()
    logits = images * weights["conv1.weight"][0, 0, 0, 0] + weights["conv1.bias"]
    values = running.predict([images])["output"]
    assert values.shape == (5, 8, 8, 1)
    assert np.allclose(values, 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_chance_starts_from_its_seed() -> None:
    made = plan(classifier(), data=Spirals(n=60))
    cut = [made.split.train]
    first, again, other = (
        started(made).train(cut, [1.0] * len(cut), seed, lambda n: None) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_threads_are_as_before_after_an_epoch() -> None:
    made = plan()
    before, seen = torch.get_num_threads(), []
    running = TorchEngine(Module(made.net, True), made.task, made.examples(), "cpu", before + 1)
    running.train([made.split.train], [1.0], 0, lambda count: seen.append(torch.get_num_threads()))
    assert seen == [before + 1]
    assert torch.get_num_threads() == before


def test_a_device_that_is_not_here() -> None:
    with pytest.raises(UserError, match="no device quantum here"):
        device_named("quantum")
    assert device_named("cpu").type == "cpu"
