"""Activations, merges, scaling and noise give the numbers of their formulas."""

from __future__ import annotations

import math

import pytest
import torch

import netdsl
from netdsl.catalog.base import Weight
from netdsl.catalog.initializers import Fill
from netdsl.tensor import TensorType
from tests.catalog.torch_rows import Built, build, record, run


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    """A batch of two, channels last, with numbers on both sides of the bends."""
    return 3 * torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed))


def close(found: torch.Tensor, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    return 1 / (1 + torch.exp(-x))


def selu(x: torch.Tensor) -> torch.Tensor:
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return scale * torch.where(x > 0, x, alpha * (torch.exp(x) - 1))


def tanh_gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


FORMULAS = {
    "relu": lambda x: x * (x > 0),
    "relu6": lambda x: x.clip(0, 6),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "leaky_relu(0.2)": lambda x: torch.where(x > 0, x, 0.2 * x),
    "prelu": lambda x: torch.where(x > 0, x, 0.25 * x),
    "elu": lambda x: torch.where(x > 0, x, torch.exp(x) - 1),
    "elu(0.5)": lambda x: torch.where(x > 0, x, 0.5 * (torch.exp(x) - 1)),
    "selu": selu,
    "gelu": lambda x: x * 0.5 * (1 + torch.erf(x / math.sqrt(2))),
    "gelu(approximate=true)": tanh_gelu,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: (x / 6 + 0.5).clip(0, 1),
    "hard_swish": lambda x: x * (x / 6 + 0.5).clip(0, 1),
    "tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),
    "softmax": lambda x: torch.exp(x) / torch.exp(x).sum(-1, keepdim=True),
    "log_softmax": lambda x: x - torch.exp(x).sum(-1, keepdim=True).log(),
    "softplus": lambda x: torch.log(1 + torch.exp(x)),
    "softsign": lambda x: x / (1 + x.abs()),
    "step": lambda x: torch.where(x > 0, 1.0, 0.0),
    "maxout": lambda x: torch.maximum(x[..., 0::2], x[..., 1::2]),
    "maxout(3)": lambda x: x.unflatten(-1, (-1, 3)).max(-1).values,
    "identity": lambda x: x,
    "rescale(2)": lambda x: 2 * x,
    "rescale(1, -0.5)": lambda x: x - 0.5,
    "rescale(-1)": lambda x: -x,
    "rescale(-1, 3)": lambda x: 3 - x,
    "rescale(2, -0.5)": lambda x: 2 * x - 0.5,
    "rescale(0.5, 3)": lambda x: 0.5 * x + 3,
    "layer_scale": lambda x: x,
}


@pytest.mark.parametrize("shape", [(6,), (5, 6), (4, 5, 6), (2, 3, 4, 6)])
@pytest.mark.parametrize("call", FORMULAS)
def test_formula_over_the_last_axis(call: str, shape: tuple[int, ...]) -> None:
    x = drawn(*shape)
    close(run(call, x), FORMULAS[call](x))


def test_step_of_zero_is_zero() -> None:
    assert run("step", torch.tensor([[-1.0, 0.0, 1.0]])).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("shape", [(6,), (5, 6), (4, 5, 6), (2, 3, 4, 6)])
def test_learned_factors_belong_to_channels(shape: tuple[int, ...]) -> None:
    x, factors = drawn(*shape), torch.arange(1.0, 7)

    def change(built: Built) -> None:
        with torch.no_grad():
            built.tensors()["weight"].copy_(factors)

    close(run("layer_scale", x, change=change), x * factors)
    close(run("prelu", x, change=change), torch.where(x > 0, x, factors * x))


def test_how_learned_factors_start() -> None:
    image = TensorType((4, 5, 6))
    starts = {"prelu": 0.25, "layer_scale": 1, "layer_scale(init=1e-6)": 1e-6}
    for call, start in starts.items():
        assert record(call).weights(image) == (Weight("weight", (6,), Fill(start)),)


MERGES = {
    "add": lambda a, b, c: a + b + c,
    "sub": lambda a, b, c: a - b - c,
    "mul": lambda a, b, c: a * b * c,
    "div": lambda a, b, c: a / b / c,
    "mean": lambda a, b, c: (a + b + c) / 3,
    "maximum": lambda a, b, c: torch.stack(torch.broadcast_tensors(a, b, c)).amax(0),
    "minimum": lambda a, b, c: torch.stack(torch.broadcast_tensors(a, b, c)).amin(0),
}


@pytest.mark.parametrize("word", MERGES)
def test_merges_spread_sizes_of_one(word: str) -> None:
    a, b, c = drawn(4, 5, 6), drawn(1, 1, 6, seed=1), drawn(4, 5, 1, seed=2)
    close(run(f"{word}(it, b, c)", a, b, c), MERGES[word](a, b, c))
    close(run(f"{word}(b, it, c)", b, a, c), MERGES[word](b, a, c))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_concat_lays_along_an_axis(axis: int) -> None:
    a, b = drawn(4, 5, 6), drawn(4, 5, 6, seed=1)
    wanted = torch.cat([a, b], dim=axis + 1 if axis >= 0 else axis)
    close(run(f"concat(it, b, axis={axis})", a, b), wanted)


@pytest.mark.parametrize("shape", [(6,), (5, 6), (4, 5, 6)])
def test_dot_sums_the_product_over_the_last_axis(shape: tuple[int, ...]) -> None:
    a, b = drawn(*shape), drawn(*shape, seed=1)
    close(run("dot(it, b)", a, b), (a * b).sum(-1, keepdim=True))


NOISE = ["dropout", "dropout(0.9)", "spatial_dropout", "drop_path(0.5)", "gaussian_noise(2)"]


@pytest.mark.parametrize("call", NOISE)
def test_noise_is_the_identity_in_evaluation(call: str) -> None:
    x = drawn(4, 5, 6)
    assert torch.equal(run(call, x), x)


def training(call: str, x: torch.Tensor) -> torch.Tensor:
    """What a layer makes of a batch in training, in PyTorch's layout."""
    torch.manual_seed(0)
    result: torch.Tensor = build(record(call), (TensorType(tuple(x.shape[1:])),)).train()(x)
    return result


def test_dropout_drops_single_numbers_and_scales_the_rest() -> None:
    y = training("dropout(0.25)", torch.ones(50, 400))
    assert set(y.unique().tolist()) == {0, torch.tensor(1 / 0.75).item()}
    assert y.mean().item() == pytest.approx(1, abs=0.03)


def test_spatial_dropout_drops_whole_features_of_a_sequence() -> None:
    y = training("spatial_dropout(0.5)", torch.ones(50, 7, 40))
    assert set(y.unique().tolist()) == {0, 2}
    assert torch.equal(y, y[:, :1].expand_as(y))


def test_drop_path_drops_whole_examples_and_scales_the_rest() -> None:
    y = training("drop_path(0.2)", torch.ones(4000, 2, 3))
    assert set(y.unique().tolist()) == {0, 1.25}
    assert torch.equal(y, y[:, :1, :1].expand_as(y))
    assert y.mean().item() == pytest.approx(1, abs=0.05)


def test_gaussian_noise_has_its_deviation() -> None:
    y = training("gaussian_noise(0.3)", torch.ones(100, 400))
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    assert y.std().item() == pytest.approx(0.3, abs=0.01)


def test_step_has_a_gradient_of_zero() -> None:
    x = torch.tensor([[-1.0, 0.0, 2.0]], requires_grad=True)
    net = netdsl.load("step.net", text="net N { input x: 3\n step }").torch()
    net(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0, 0]]
