"""The order of examples and the seeds of an epoch: they depend on (seed, epoch) alone."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from netdsl.backends.carry import lanes
from netdsl.catalog.settings import Settings
from netdsl.data.fields import Indices

# Beside seed and epoch, so that shuffles and dropout share no draws.
_SHUFFLE, _CHANCE = 3, 4


def batches(
    train: Indices,
    size: int | Literal["all"],
    seed: int,
    epoch: int,
    accumulate: int = 1,
    carry: bool = False,
) -> list[Indices]:
    """The training share in a new order, cut into batches; `all` is one batch.

    A last batch of one example joins the one before it: a batchnorm cannot learn from one. There
    are as many batches as steps that `accumulate` them want, those of one step nearly alike. With
    `carry` the order stays, in as many lanes as a batch has examples.
    """
    if size == "all":
        return [train]
    if carry:
        return lanes(train, size)
    generator = np.random.default_rng([seed, epoch, _SHUFFLE])
    order = generator.permutation(train)
    steps = np.split(order, _cuts(len(order), size, accumulate))
    if accumulate == 1:
        return steps
    return [batch for step in steps for batch in np.array_split(step, accumulate)]


def steps_of(examples: int, settings: Settings) -> int:
    """How many steps an epoch over so many examples takes."""
    if settings.batch == "all":
        return 1
    if settings.carry:
        return math.ceil(examples / settings.batch)
    return len(_cuts(examples, settings.batch, settings.accumulate)) + 1


def length(settings: Settings, examples: int) -> int:
    """How many epochs a phase over so many examples begins; the last may be cut short."""
    if settings.steps is None:
        return settings.epochs
    return math.ceil(settings.steps / steps_of(examples, settings))


def _cuts(examples: int, size: int, accumulate: int) -> list[int]:
    """Where one step ends and the next begins; every batch of a step has two examples or more."""
    cuts = list(range(size * accumulate, examples, size * accumulate))
    least = 2 * accumulate if size > 1 else accumulate
    if cuts and examples - cuts[-1] < least:
        cuts.pop()
    return cuts


def chance(seed: int, epoch: int) -> int:
    """The seed of what a backend draws in an epoch, such as dropout."""
    state = np.random.SeedSequence([seed, epoch, _CHANCE]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))  # below 2 ** 63, as PyTorch wants it
