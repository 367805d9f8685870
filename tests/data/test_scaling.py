"""Standardising knows the training share alone, leaves categories, and survives JSON."""

from __future__ import annotations

import json

import numpy as np

from netdsl.data.fields import Column, DataSet, Field
from netdsl.data.scaling import Scaling, standardise

COLUMNS = (Column("size"), Column("colour", ("blue", "red")), Column("constant"))


def table(values: list[list[float]]) -> DataSet:
    features = Field("features", "table", np.array(values, np.float32), COLUMNS, True)
    return DataSet("table", {"features": features}, "features", "features")


ROWS = [[1, 1, 0, 5], [3, 0, 1, 5], [5, 0, 1, 5], [100, 1, 0, 9]]
TRAIN = np.array([0, 1, 2])


def test_the_training_share_has_mean_0_and_deviation_1() -> None:
    data, _ = standardise(table(ROWS), TRAIN)
    size = data.fields["features"].values[:, 0]
    assert np.isclose(size[TRAIN].mean(), 0, atol=1e-6)
    assert np.isclose(size[TRAIN].std(), 1, atol=1e-6)


def test_nothing_leaks_from_the_other_shares() -> None:
    changed = [*ROWS[:3], [-7, 0, 1, -9]]
    (first, one), (second, two) = (standardise(table(rows), TRAIN) for rows in (ROWS, changed))
    assert np.array_equal(
        first.fields["features"].values[TRAIN], second.fields["features"].values[TRAIN]
    )
    assert one["features"].to_json() == two["features"].to_json()


def test_categories_and_constants() -> None:
    data, _ = standardise(table(ROWS), TRAIN)
    values = data.fields["features"].values
    assert values[:, 1:3].tolist() == [row[1:3] for row in ROWS]
    assert values[:, 3].tolist() == [0, 0, 0, 4]


def test_a_scaling_comes_back_from_json_bit_for_bit() -> None:
    data = table(ROWS)
    _, scalings = standardise(data, TRAIN)
    stored = json.loads(json.dumps(scalings["features"].to_json()))
    values = data.fields["features"].values
    again = Scaling.from_json(stored).apply(values)
    assert np.array_equal(again, scalings["features"].apply(values))
