"""Shares are stratified, exact, without overlap, and drawn by the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netdsl.catalog.sources import Digits, Iris
from netdsl.data.fields import DataSet, Field
from netdsl.data.read import read
from netdsl.data.split import split
from netdsl.diagnostics import UserError

SHARES = (0.7, 0.1, 0.2)
DIGITS = read(Digits(), Path(), 0)


def regression(count: int) -> DataSet:
    values = np.arange(count, dtype=np.float32)
    fields = {
        "features": Field("features", "table", values[:, None]),
        "y": Field("y", "number", values),
    }
    return DataSet("numbers", fields, "features", "y")


def test_every_example_is_in_one_share() -> None:
    parts = split(DIGITS, SHARES, 0)
    together = np.concatenate((parts.train, parts.validation, parts.test))
    assert sorted(together) == list(range(1797))
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [1258, 180, 359]


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_each_share_has_its_part_of_each_class(seed: int) -> None:
    parts = split(DIGITS, SHARES, seed)
    labels = DIGITS.fields["label"].values
    sizes = np.bincount(labels)
    for share, members in zip(SHARES, (parts.train, parts.validation, parts.test), strict=True):
        counts = np.bincount(labels[members], minlength=10)
        assert np.abs(counts - share * sizes).max() <= 1


def test_the_seed_decides() -> None:
    first, again, other = (split(DIGITS, SHARES, seed).test for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_regression_is_split_at_random() -> None:
    parts = split(regression(100), SHARES, 0)
    assert len(parts.test) == 20
    assert parts.test.tolist() != list(range(80, 100))


def test_a_share_may_be_nothing() -> None:
    parts = split(read(Iris(), Path(), 0), (0.8, 0.0, 0.2), 0)
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [120, 0, 30]


def test_too_few_examples_are_told() -> None:
    with pytest.raises(UserError, match=r"4 examples, too few for a validation share of 0\.1"):
        split(regression(4), SHARES, 0)
