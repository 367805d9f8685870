"""The order of examples and the seeds of an epoch."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.training.order import batches, chance

TRAIN = np.arange(100, 165)


@pytest.mark.parametrize(("size", "sizes"), [(32, [32, 33]), (33, [33, 32]), (1, [1] * 65)])
def test_every_example_once(size: int, sizes: list[int]) -> None:
    cut = batches(TRAIN, size, 0, 1)
    assert [len(batch) for batch in cut] == sizes
    assert sorted(np.concatenate(cut)) == TRAIN.tolist()


def test_all_is_one_batch() -> None:
    assert [len(batch) for batch in batches(TRAIN, "all", 0, 1)] == [65]


def test_order_depends_on_seed_and_epoch_alone() -> None:
    first, again, later, other = (
        np.concatenate(batches(TRAIN, 8, seed, epoch))
        for seed, epoch in ((0, 1), (0, 1), (0, 2), (1, 1))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)
    assert not np.array_equal(first, other)


def test_chance_differs_by_epoch() -> None:
    seeds = {chance(seed, epoch) for seed in range(3) for epoch in range(10)}
    assert len(seeds) == 30
    assert all(0 <= seed < 2**63 for seed in seeds)
