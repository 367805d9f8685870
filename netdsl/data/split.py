"""Shares for training, validation and test: stratified by class, drawn by the seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netdsl.data.fields import DataSet, Indices
from netdsl.diagnostics import UserError

# Beside the seed, so that the split shares no draws with weights, shuffles or toys.
_STREAM = 1


@dataclass(frozen=True, slots=True)
class Split:
    """Which examples belong to which share; each share is in ascending order."""

    train: Indices
    validation: Indices
    test: Indices


def split(data: DataSet, shares: tuple[float, float, float], seed: int) -> Split:
    """Deals the examples out: each share has its part of each class, within one example.

    Every example gets its place within its class, a random one, as a fraction of the class's
    size. In the order of these fractions every stretch holds the same part of every class, so
    the shares are stretches of that order, and their sizes are exact.
    """
    generator = np.random.default_rng([seed, _STREAM])
    count = len(data)
    place = np.empty(count)
    for members in _strata(data):
        place[generator.permutation(members)] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.lexsort((generator.random(count), place))
    validation, test = round(count * shares[1]), round(count * shares[2])
    train = count - validation - test
    for name, share, size in zip(
        ("training", "validation", "test"), shares, (train, validation, test), strict=True
    ):
        if share > 0 and size < 1:
            raise UserError(
                f"{data.name} has {count} examples, too few for a {name} share of {share:g}"
            )
    cuts = np.split(order, [train, train + validation])
    return Split(*(np.sort(cut).astype(np.int64) for cut in cuts))


def _strata(data: DataSet) -> list[Indices]:
    """The examples of each class; all together where the target has no single class."""
    target = data.fields.get(data.target)
    if target is None or target.kind != "label" or target.type.rank > 0:
        return [np.arange(len(data))]
    return [np.flatnonzero(target.array == label) for label in np.unique(target.array)]
