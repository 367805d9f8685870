"""Shares for training, validation and test: stratified by class, drawn by the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from netdsl.data.fields import DataSet, Division, Indices
from netdsl.diagnostics import UserError

# Beside the seed, so that the split shares no draws with weights, shuffles or toys.
_STREAM = 1


@dataclass(frozen=True, slots=True)
class Split:
    """Which examples belong to which share; each share is in ascending order."""

    train: Indices
    validation: Indices
    test: Indices


# From the rows of a share to rows of it, a list of arrays that are equally long.
Draw: TypeAlias = Callable[[Indices], list[Indices]]


def split(data: DataSet, shares: tuple[float, float, float], seed: int) -> Split:
    """Deals the examples out, or follows the division that the source has.

    Where a source keeps examples for the test alone, the others are dealt out to training and
    validation, in the proportion of their shares. Where it keeps some for validation alone, there
    is no test share.
    """
    division = data.division
    if division is None:
        return Split(*_deal(data, np.arange(len(data)), shares, seed))
    nothing = np.arange(0)
    validation, test = division.validation, division.test
    kept = [part for part in (validation, test) if part is not None]
    rest = np.setdiff1d(np.arange(len(data)), np.concatenate([nothing, *kept]))
    if validation is None:
        total = shares[0] + shares[1]
        rest, validation, _ = _deal(data, rest, (shares[0] / total, shares[1] / total, 0.0), seed)
    if not len(rest):
        raise UserError(f"{data.name} keeps no example for training")
    return Split(rest, validation, nothing if test is None else test)


def within_shares(parts: Split, draw: Draw) -> tuple[list[Indices], Division]:
    """What is drawn for new examples within each share, and which share each of these is of.

    So no share meets an example of another. An empty share stays empty.
    """
    found = [
        draw(rows) if len(rows) else None for rows in (parts.train, parts.validation, parts.test)
    ]
    there = [drawn for drawn in found if drawn is not None]
    ends = np.cumsum([0, *(0 if drawn is None else len(drawn[0]) for drawn in found)])
    division = Division(np.arange(ends[1], ends[2]), np.arange(ends[2], ends[3]))
    return [np.concatenate(rows) for rows in zip(*there, strict=True)], division


def _deal(
    data: DataSet, pool: Indices, shares: tuple[float, float, float], seed: int
) -> tuple[Indices, Indices, Indices]:
    """Deals a part of the examples out: each share has its part of each class, within one example.

    Every example gets its place within its class, a random one, as a fraction of the class's
    size. In the order of these fractions every stretch holds the same part of every class, so
    the shares are stretches of that order, and their sizes are exact.
    """
    generator = np.random.default_rng([seed, _STREAM])
    count = len(pool)
    place = np.empty(count)
    for members in _strata(data, pool):
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
    one, two, three = np.split(order, [train, train + validation])
    return _sorted(pool[one]), _sorted(pool[two]), _sorted(pool[three])


def _sorted(rows: Indices) -> Indices:
    return np.sort(rows).astype(np.int64)


def _strata(data: DataSet, pool: Indices) -> list[Indices]:
    """Places in the pool for each class; all together where the target has no single class."""
    target = data.fields.get(data.target)
    if target is None or target.kind != "label" or target.type.rank > 0:
        return [np.arange(len(pool))]
    labels = target.array[pool]
    # As `flatnonzero(labels == label)` for each label, in one pass however many classes there are.
    order = np.argsort(labels, kind="stable")
    _, starts = np.unique(labels[order], return_index=True)
    return np.split(order, starts[1:])
