"""The order of examples and the seeds of an epoch: they depend on (seed, epoch) alone."""

from __future__ import annotations

from typing import Literal

import numpy as np

from netdsl.data.fields import Indices

# Beside seed and epoch, so that shuffles and dropout share no draws.
_SHUFFLE, _CHANCE = 3, 4


def batches(train: Indices, size: int | Literal["all"], seed: int, epoch: int) -> list[Indices]:
    """The training share in a new order, cut into batches; `all` is one batch.

    A last batch of one example joins the one before it: a batchnorm cannot learn from one.
    """
    if size == "all":
        return [train]
    generator = np.random.default_rng([seed, epoch, _SHUFFLE])
    order = generator.permutation(train)
    cuts = list(range(size, len(order), size))
    if size > 1 and cuts and len(order) - cuts[-1] == 1:
        cuts.pop()
    return np.split(order, cuts)


def chance(seed: int, epoch: int) -> int:
    """The seed of what a backend draws in an epoch, such as dropout."""
    state = np.random.SeedSequence([seed, epoch, _CHANCE]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))  # below 2 ** 63, as PyTorch wants it
