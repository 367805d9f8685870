"""Draws and style do what their records say, and what their formulas say."""

from __future__ import annotations

import pytest
import torch

from netdsl.catalog.base import Example, Layer
from netdsl.tensor import TensorType
from tests.catalog.torch_rows import Built, build, check_example, examples, record, run


@pytest.mark.parametrize(("layer", "example"), examples("generative"))
def test_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)


def test_a_draw_is_the_mean_in_evaluation() -> None:
    mean, logvar = torch.randn(2, 4, 5, 3), torch.randn(2, 4, 5, 3)
    assert torch.equal(run("sample(it, b)", mean, logvar), mean)
    assert torch.equal(run("sample(mean=b, logvar=it)", logvar, mean), mean)


def test_a_draw_in_training_is_the_mean_and_noise_of_that_variance() -> None:
    mean, logvar = torch.tensor([[3.0, -1.0]]), torch.tensor([[0.5, -2.0]])

    def train(built: Built) -> None:
        built.train()

    torch.manual_seed(0)
    found = run("sample(it, b)", mean, logvar, change=train)
    torch.manual_seed(0)
    noise = torch.randn(1, 2)
    torch.testing.assert_close(found, mean + (logvar / 2).exp() * noise)


def test_gradients_flow_through_a_draw() -> None:
    mean, logvar = torch.zeros(1, 3, requires_grad=True), torch.zeros(1, 3, requires_grad=True)
    vector = TensorType((3,))
    torch.manual_seed(0)
    build(record("sample(it, b)"), (vector, vector)).train()(mean, logvar).sum().backward()
    torch.manual_seed(0)
    assert torch.equal(mean.grad, torch.ones(1, 3))
    torch.testing.assert_close(logvar.grad, torch.randn(1, 3) / 2)


@pytest.mark.parametrize("shape", [(5, 6, 3), (7, 4), (3, 4, 5, 2)])
def test_a_gram_matrix_is_the_sum_of_products_over_positions(shape: tuple[int, ...]) -> None:
    tensor = torch.randn(2, *shape, dtype=torch.float64)
    found = run("gram", tensor)
    for example in range(2):
        rows = tensor[example].reshape(-1, shape[-1])
        expected = sum(torch.outer(row, row) for row in rows)
        torch.testing.assert_close(found[example], expected)
