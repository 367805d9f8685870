"""Schedules against `torch.optim.lr_scheduler`, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from netdsl.catalog.schedules import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    Plateau,
    Schedule,
    Step,
)
from netdsl.training.schedule import factors
from netdsl.training.stopping import Falling

STEPS, EPOCHS = 7, 10
ALL = STEPS * EPOCHS
_Make = Callable[[torch.optim.Optimizer], Any]

BY_STEP: list[tuple[Schedule, _Make]] = [
    (Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, ALL)),
    (Cosine(final=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, ALL, 0.1)),
    (
        Cosine(warmup=2),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 1 / (2 * STEPS), 1, 2 * STEPS - 1),
                lr_scheduler.CosineAnnealingLR(o, ALL - 2 * STEPS),
            ],
            [2 * STEPS],
        ),
    ),
]
BY_EPOCH: list[tuple[Schedule, _Make]] = [
    (Constant(), lambda o: lr_scheduler.ConstantLR(o, 1.0, 0)),
    (Step(at=3, factor=0.5), lambda o: lr_scheduler.StepLR(o, 3, 0.5)),
    (Step(at=(2, 7)), lambda o: lr_scheduler.MultiStepLR(o, [2, 7], 0.1)),
    (Exponential(factor=0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
]


def ours(schedule: Schedule) -> list[float]:
    return [
        factor
        for epoch in range(1, EPOCHS + 1)
        for factor in factors(schedule, epoch, STEPS, EPOCHS, 1.0)
    ]


def theirs(make: _Make, every: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for step in range(ALL):
        if step and step % every == 0:
            optimizer.step()
            scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@pytest.mark.parametrize(("schedule", "make"), BY_STEP, ids=lambda case: repr(case)[:24])
def test_rates_that_change_with_every_step(schedule: Schedule, make: _Make) -> None:
    assert ours(schedule) == pytest.approx(theirs(make, 1), abs=1e-9)


@pytest.mark.parametrize(("schedule", "make"), BY_EPOCH, ids=lambda case: repr(case)[:24])
def test_rates_that_change_with_every_epoch(schedule: Schedule, make: _Make) -> None:
    assert ours(schedule) == pytest.approx(theirs(make, STEPS), rel=1e-9)


def test_one_cycle_has_its_top_and_its_ends() -> None:
    """PyTorch's own has its last step one later, at the end itself, so that it is compared by
    its shape: the same factors at the same shares of the time."""
    rates = ours(OneCycle())
    peer = theirs(
        lambda o: lr_scheduler.OneCycleLR(
            o, 1.0, total_steps=ALL + 1, pct_start=(0.3 * ALL + 1) / (ALL + 1), final_div_factor=1e4
        ),
        1,
    )
    assert rates == pytest.approx(peer, abs=1e-9)
    assert max(rates) == 1.0 and rates[0] == pytest.approx(0.04)


def test_a_plateau_falls_as_pytorchs() -> None:
    losses = [3.0, 2.0, 2.0, 2.1, 1.0, 1.5, 1.5, 1.5, 1.5, 1.5, 0.5, 0.6]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=1.0)
    # PyTorch falls after more epochs than its patience, here and in Keras after as many.
    peer = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.0)
    falling = Falling(Plateau(patience=2, factor=0.5))
    for loss in losses:
        falling.note({"val_loss": loss})
        peer.step(loss)
        assert falling.reached == optimizer.param_groups[0]["lr"]
    again = Falling(Plateau(patience=2, factor=0.5))
    again.restore(falling.to_json())
    assert (
        again.to_json() == falling.to_json() != Falling(Plateau(patience=2, factor=0.5)).to_json()
    )
    assert factors(Plateau(), 1, 2, 10, falling.reached) == [falling.reached] * 2
