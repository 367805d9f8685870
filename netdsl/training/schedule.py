"""What the learning rate is times at each step: a number for each, so that all backends agree.

Times are in epochs since the phase began. Formulas are those of `torch.optim.lr_scheduler`, taken
before each step; the rate of `constant`, `step` and `exponential` stays for an epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from netdsl.catalog.schedules import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    Plateau,
    Schedule,
    Step,
    Warmed,
)

# From a schedule, the time and the whole time to a factor.
_Row: TypeAlias = Callable[[Any, float, float], float]


def factors(
    schedule: Schedule, epoch: int, steps: int, epochs: float, reached: float
) -> list[float]:
    """The factor of each of the `steps` of an epoch, which counts from 1, of so many in all.

    `reached` is what a plateau has brought the rate down to, 1 before the first.
    """
    times = [epoch - 1 + step / steps for step in range(steps)]
    return [_factor(schedule, time, epochs, 1 / steps) * reached for time in times]


def _factor(schedule: Schedule, time: float, whole: float, step: float) -> float:
    warmup = schedule.warmup if isinstance(schedule, Warmed) else 0
    if time < warmup:
        # By the end of the step, for a step at a rate of 0 would be in vain.
        return min(1.0, (time + step) / warmup)
    return _ROWS[type(schedule)](schedule, time, whole)


def _step(schedule: Step, time: float, _: float) -> float:
    if isinstance(schedule.at, int):
        passed = math.floor(time) // schedule.at
    else:
        passed = sum(epoch <= math.floor(time) for epoch in schedule.at)
    return float(schedule.factor**passed)


def _exponential(schedule: Exponential, time: float, _: float) -> float:
    return float(schedule.factor ** math.floor(time))


def _cosine(schedule: Cosine, time: float, whole: float) -> float:
    share = min(1.0, (time - schedule.warmup) / max(whole - schedule.warmup, 1e-12))
    return _wave(1, schedule.final, share)


def _one_cycle(schedule: OneCycle, time: float, whole: float) -> float:
    top = schedule.rise * whole
    if time < top:
        return _wave(schedule.initial, 1, time / top)
    return _wave(1, schedule.final, (time - top) / (whole - top))


def _wave(start: float, end: float, share: float) -> float:
    """From start to end along half a wave of the cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


_ROWS: dict[type[Schedule], _Row] = {
    Constant: lambda schedule, time, whole: 1.0,
    Step: _step,
    Exponential: _exponential,
    Cosine: _cosine,
    OneCycle: _one_cycle,
    Plateau: lambda schedule, time, whole: 1.0,
}
