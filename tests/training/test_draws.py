"""What `sample` draws is alike on every backend, and changes nothing but the draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

import netdsl
from netdsl.backends.draws import Draws
from netdsl.backends.engine import Array, Engine, Judge
from netdsl.catalog.losses import BinaryCrossEntropy, KlDivergence, LossSum, LossTerm
from netdsl.catalog.optimizers import Sgd
from netdsl.catalog.sources import Digits
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.training.backends import runtime
from netdsl.training.draws import drawing, draws_of, from_prior
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from netdsl.training.plan import Plan
from tests.backends.keras.engines import on_keras, on_torch, plan
from tests.training.test_watch import on_onnx

# Draws in blocks, in loops and behind one another, with tensors that are asked for.
NESTED = """\
block code(units) {
  mean = dense(units)
  logvar = dense(units)
  sample(mean, logvar)
}
block wrap(units) { dense(12) -> code(units) as inner -> relu }
net Nested {
  input image: 4 x 4 x 1
  flatten
  repeat 2 { dense(7) -> relu }
  wrap(6) as w
  output w.inner.mean as middle
  dense(8) -> relu
  repeat 3 { wrap(8) }
  shared both = { dense(8) -> code(8) }
  both -> both
  mean = dense(3)
  logvar = dense(3)
  sample(mean, logvar) as z
  dense(16) -> unflatten(4, 4, 1) -> sigmoid as decoded
}
"""
SHAPES = [(6,), *[(8,)] * 5, (3,)]
OPEN = "net Open {\n input tokens: ? x 3\n sample(dense(4), dense(4)) -> dense(2)\n}\n"
VARIATIONAL = (
    "input image: 8x8x1\nflatten -> dense(16) -> relu\nmean = dense(4)\nlogvar = dense(4)\n"
    "output mean as middle\noutput logvar as spread\n"
    "sample(mean, logvar) -> dense(64) -> unflatten(8, 8, 1) -> sigmoid as decoded"
)
BOUND = LossSum(
    (
        LossTerm(BinaryCrossEntropy(reduce="sum"), ("decoded", "image")),
        LossTerm(KlDivergence(reduce="sum"), ("middle", "spread")),
    )
)


def elaborated(text: str) -> ElaboratedNet:
    return netdsl.load("test.net", text=text).elaborated


@pytest.fixture(scope="module")
def nested() -> ElaboratedNet:
    return elaborated(NESTED)


def run(backend: str, net: ElaboratedNet, *inputs: Array) -> dict[str, Array]:
    model = runtime(backend).make_model(net, "decoded", "cpu")
    # Smaller, so that no variance is beyond what single precision holds.
    start = initial_weights(net.graph, 0)
    model.put_weights({name: 0.3 * values for name, values in start.items()})
    return model.predict(inputs)


def numbers(net: ElaboratedNet) -> list[Array]:
    generator = np.random.default_rng(0)
    shapes = [port.type.shape for port in drawing(net).inputs]
    return [generator.standard_normal((5, *shape), np.float32) for shape in shapes]


def test_every_draw_flows_in_and_every_weight_keeps_its_name(nested: ElaboratedNet) -> None:
    names = [named.name for named in named_weights(nested.graph)]
    for net in (drawing(nested), from_prior(nested)):
        assert [port.type.shape for port in net.inputs[1:]] == SHAPES
        assert [named.name for named in named_weights(net.graph)] == names


def test_what_draws_nothing_stays_as_it_is() -> None:
    net = netdsl.load("resnet20_cifar").elaborated
    assert drawing(net).graph is net.graph
    given = elaborated("net N {\n input x: 3\n input e: 3\n x -> sample(it, it, noise=e)\n}")
    assert drawing(given).graph is given.graph
    assert draws_of(drawing(net), [(32, 32, 3)], 0) is None


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_a_draw_of_zeros_is_the_mean(nested: ElaboratedNet, backend: str) -> None:
    image, *noise = numbers(nested)
    plain = run(backend, nested, image)
    for name, values in run(backend, drawing(nested), image, *[0 * one for one in noise]).items():
        np.testing.assert_allclose(values, plain[name], atol=1e-6)


@pytest.mark.parametrize("backend", ["keras", "onnx"])
def test_backends_agree_on_what_is_drawn(nested: ElaboratedNet, backend: str) -> None:
    given = numbers(nested)
    for net in (drawing(nested), from_prior(nested)):
        wanted = run("torch", net, *given)
        for name, values in run(backend, net, *given).items():
            np.testing.assert_allclose(values, wanted[name], atol=3e-6)
        assert np.abs(wanted["decoded"] - run("torch", nested, given[0])["decoded"]).max() > 0.01


def test_what_comes_from_the_prior_does_not_go_by_the_input(nested: ElaboratedNet) -> None:
    image, *noise = numbers(nested)
    net = from_prior(nested)
    one, other = (run("torch", net, image + by, *noise)["decoded"] for by in (0, 1))
    np.testing.assert_allclose(one, other, atol=1e-6)
    # The last draw is all that the decoder reads.
    for at in range(len(noise)):
        changed = [values + (number == at) for number, values in enumerate(noise)]
        far = np.abs(run("torch", net, image, *changed)["decoded"] - one).max()
        assert (far > 1e-3) == (at == len(noise) - 1)


def test_open_sizes_are_settled_by_the_fields() -> None:
    net = elaborated(OPEN)
    found = draws_of(drawing(net), [(17, 3)], 0)
    assert found is not None
    assert found.shapes == ((17, 4),)


def test_draws_depend_on_seed_and_batch_alone() -> None:
    draws = Draws(("a", "b"), ((3,), (2, 2)), 5)
    first = draws.learned(4, 7, 1)
    assert {name: values.shape for name, values in first.items()} == {"a": (4, 3), "b": (4, 2, 2)}
    assert all(values.dtype == np.float32 for values in first.values())
    others = [draws.learned(4, 7, 2), draws.learned(4, 8, 1), draws.judged(4, 1)]
    others += [draws.judged(4, 2), draws.replace(seed=6).judged(4, 1)]
    for again in (draws.learned(4, 7, 1), draws.replace(seed=6).learned(4, 7, 1)):
        np.testing.assert_array_equal(again["a"], first["a"])
    assert len({float(one["a"][0, 0]) for one in [first, *others]}) == 6


def variational(**changes: object) -> Plan:
    made: Plan = plan(
        VARIATIONAL, data=Digits(), loss=BOUND, batch=16, optimizer=Sgd(lr=1e-3), **changes
    )
    return made


@pytest.mark.parametrize("start", [on_torch, on_keras, on_onnx])
@pytest.mark.parametrize("watched", [False, True])
def test_an_evaluation_is_of_the_bound_with_a_draw_for_each_example(
    start: Callable[[Plan], Judge], watched: bool
) -> None:
    made = variational()
    engine, rows, draws = start(made), made.split.test, made.task.draws
    assert draws is not None
    found = engine.evaluate(rows, (lambda outputs, fields: None) if watched else None)["loss"]
    weights = initial_weights(made.net.graph, made.settings.seed)
    parts = np.split(rows, range(made.task.batch, len(rows), made.task.batch))
    images = made.data.fields["image"].array
    total = 0.0
    for number, part in enumerate(parts):
        (noise,) = draws.judged(len(part), number).values()
        total += bound_by_hand(weights, images[part], noise) * len(part)
    assert found == pytest.approx(total / len(rows), rel=1e-5)
    # Predictions go by the means.
    one, other = (engine.predict([images[rows[:3]]])["decoded"] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def bound_by_hand(weights: dict[str, Array], images: Array, noise: Array) -> float:
    """Reconstruction and divergence of the net `VARIATIONAL`, by PyTorch's own functions."""
    held = {name: torch.from_numpy(values) for name, values in weights.items()}

    def dense(number: int, x: torch.Tensor) -> torch.Tensor:
        name = f"dense{number}"
        return torch.nn.functional.linear(x, held[f"{name}.weight"], held[f"{name}.bias"])

    flat = torch.from_numpy(images).flatten(1)
    hidden = dense(1, flat).relu()
    mean, logvar = dense(2, hidden), dense(3, hidden)
    logits = dense(4, mean + (logvar / 2).exp() * torch.from_numpy(noise))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, flat, reduction="sum")
    given = torch.distributions.Normal(mean, (logvar / 2).exp())
    standard = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
    divergence = torch.distributions.kl_divergence(given, standard).sum()
    return float(entropy + divergence) / len(images)


def test_an_epoch_draws_and_moves_alike_on_both_backends() -> None:
    made = variational()
    engines: list[Engine] = [on_torch(made), on_keras(made)]
    order = batches(made.split.train, 16, 0, 1)[:20]
    told = [engine.train(order, [1.0] * 20, 9, lambda count: None) for engine in engines]
    assert told[1]["loss"] == pytest.approx(told[0]["loss"], rel=1e-5)
    first, second = (engine.weights() for engine in engines)
    start = initial_weights(made.net.graph, made.settings.seed)
    for name, values in first.items():
        assert np.abs(values - start[name]).max() > 1e-3
        np.testing.assert_allclose(second[name], values, atol=2e-5)
    # Other draws lead elsewhere.
    other = on_torch(made)
    other.train(order, [1.0] * 20, 10, lambda count: None)
    assert np.abs(other.weights()["dense3.weight"] - first["dense3.weight"]).max() > 1e-3
