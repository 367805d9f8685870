"""A variational autoencoder: its bound on held-out digits, beside the same model by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches, chance
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/vae.net")
RATE, BATCH = 2e-3, 64
# How often each digit is drawn for, where the bound is found by hand.
DRAWS = 20


class ByHand(nn.Module):
    """The model of the spec."""

    def __init__(self) -> None:
        super().__init__()
        self.dense1 = nn.Linear(64, 128)
        self.dense2 = nn.Linear(128, 8)
        self.dense3 = nn.Linear(128, 8)
        self.dense4 = nn.Linear(8, 128)
        self.dense5 = nn.Linear(128, 64)

    def bound(self, image: Tensor, noise: Tensor) -> Tensor:
        """The negative evidence bound of each digit, in nats."""
        hidden = self.dense1(image).relu()
        mean, deviation = self.dense2(hidden), (self.dense3(hidden) / 2).exp()
        logits = self.dense5(self.dense4(mean + deviation * noise).relu())
        left = functional.binary_cross_entropy_with_logits(logits, image, reduction="none")
        apart = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0))
        return left.sum(1) + apart.sum(1)


def test_its_bound_is_what_the_comment_says_and_as_by_hand(tmp_path: Path) -> None:
    begun = session.start(open_spec(SPEC, {}, None), "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    found = begun.finish()["loss"]
    assert 24 < found < 24.9
    assert by_hand(begun.plan) == pytest.approx(found, rel=0.01)


def by_hand(plan: Plan) -> float:
    """The negative bound on the test share after the same steps: over draws of its own."""
    settings, draws, model = plan.settings, plan.task.draws, ByHand()
    assert draws is not None
    start = initial_weights(plan.net.graph, settings.seed)
    model.load_state_dict({name: torch.from_numpy(values) for name, values in start.items()})
    images = torch.from_numpy(plan.data.fields["image"].array).flatten(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = None
    for epoch in range(1, settings.epochs + 1):
        order = batches(plan.split.train, BATCH, settings.seed, epoch)
        if schedule is None:
            steps = settings.epochs * len(order)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for number, rows in enumerate(order):
            drawn = draws.learned(len(rows), chance(settings.seed, epoch), number)
            (noise,) = drawn.values()
            loss = model.bound(images[rows], torch.from_numpy(noise)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    held = images[plan.split.test]
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        bounds = [
            model.bound(held, torch.randn(len(held), 8, generator=generator)).mean()
            for _ in range(DRAWS)
        ]
    return float(torch.stack(bounds).mean())
