"""Series in windows: what follows each, shares that do not overlap, new rows, and chaos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from sklearn.preprocessing import StandardScaler

from netdsl.catalog.sources import MackeyGlass, Series
from netdsl.data.fields import Array, Column, DataSet
from netdsl.data.new import Schema, read_new
from netdsl.data.read import read
from netdsl.data.scaling import Scaling, standardise
from netdsl.data.series import chaotic
from netdsl.data.split import split
from netdsl.diagnostics import UserError

SHARES = (0.6, 0.2, 0.2)
# Day after day; the price is the number of the row.
HEADER = "day,price\n"
DAYS = ["mon", "tue", "wed"]
ROWS = "".join(f"{DAYS[number % 3]},{number}\n" for number in range(50))


def written(folder: Path, rows: str = ROWS, **given: Any) -> DataSet:
    (folder / "s.csv").write_text(HEADER + rows, encoding="utf-8")
    chosen = {"target": "price", "window": 4, "horizon": 3} | given
    return read(Series(file="s.csv", **chosen), folder, 0, SHARES)


def test_windows_and_what_follows(tmp_path: Path) -> None:
    data = written(tmp_path)
    windows, following = data.fields["window"].array, data.fields["price"].array
    assert (data.main, data.target, data.classes) == ("window", "price", ())
    assert windows[1].tolist() == [[0, 1, 0, 1], [0, 0, 1, 2], [1, 0, 0, 3], [0, 1, 0, 4]]
    assert following[1].tolist() == [5, 6, 7]
    assert data.fields["window"].columns == (Column("day", ("mon", "tue", "wed")), Column("price"))


def test_no_window_reaches_into_another_share(tmp_path: Path) -> None:
    data = written(tmp_path)
    parts = split(data, SHARES, 0)
    prices, following = data.fields["window"].array[..., 3], data.fields["price"].array
    for rows, begin, end in (
        (parts.train, 0, 30),
        (parts.validation, 30, 40),
        (parts.test, 40, 50),
    ):
        assert len(rows) == end - begin - 6
        assert prices[rows].min() == begin
        assert following[rows].max() == end - 1
        assert np.array_equal(following[rows, 0], prices[rows, -1] + 1)


def test_windows_and_what_follows_are_standardised_by_the_training_share(tmp_path: Path) -> None:
    data = written(tmp_path)
    parts = split(data, SHARES, 0)
    scaled, scalings = standardise(data, parts.train)
    for name, at in (("window", (..., slice(3, 4))), ("price", (...,))):
        values = data.fields[name].array[at]
        flat = values[parts.train].reshape(-1, 1)
        expected = StandardScaler().fit(flat).transform(values.reshape(-1, 1))
        found = scaled.fields[name].array[at]
        np.testing.assert_allclose(found.reshape(-1, 1), expected, rtol=1e-5, atol=1e-6)
    days = scaled.fields["window"].array[..., :3]
    assert np.array_equal(days, data.fields["window"].array[..., :3])
    told = Scaling.from_json(json.loads(json.dumps(scalings["price"].to_json())))
    np.testing.assert_allclose(
        told.undo(scaled.fields["price"].array), data.fields["price"].array, atol=1e-4
    )


def test_new_rows_are_windows_that_end_at_each(tmp_path: Path) -> None:
    data = written(tmp_path)
    field = data.fields["window"]
    scaling = Scaling(np.array([0, 0, 0, 10.0]), np.array([1, 1, 1, 2.0]))
    schema = Schema("window", "array", (4, 4), field.columns, scaling)
    new = tmp_path / "new.csv"
    new.write_text("price,other,day\n" + "".join(f"{n},x,{DAYS[n % 3]}\n" for n in range(6)))
    names, (values,) = read_new(new, [Schema.from_json(json.loads(json.dumps(schema.to_json())))])
    assert names == [f"{new}:{line}" for line in (5, 6, 7)]
    assert np.array_equal(values, scaling.apply(field.array[:3]))
    new.write_text("price,day\n1,mon\n")
    with pytest.raises(UserError, match="has 1 rows; the net reads 4 at once"):
        read_new(new, [schema])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"target": "cost"}, "has no column cost"),
        ({"target": "day"}, "a forecast is of numbers"),
        ({"window": 9}, "too few for windows of 9 and 3 rows after them in a share of 0.2"),
    ],
)
def test_what_does_not_fit(given: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        written(tmp_path, **given)


def test_a_target_called_window_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("window\n" + "1\n" * 90)
    with pytest.raises(UserError, match="cannot be called window"):
        read(Series(file="s.csv", target="window"), tmp_path, 0, SHARES)


def test_mackey_glass_is_what_scipy_integrates() -> None:
    # The method of steps: over 17 units the delayed values are those of the 17 before.
    def constant(time: float) -> Array:
        return np.array([1.2])

    before: Callable[[float], Array] = constant
    found: list[Array] = []
    for begin in range(0, 272, 17):

        def slope(time: float, x: Array, late: Callable[[float], Array] = before) -> Array:
            delayed = late(time - 17)[0]
            return np.asarray(0.2 * delayed / (1 + delayed**10) - 0.1 * x)

        start = before(float(begin))
        solved = solve_ivp(
            slope, (begin, begin + 17), start, dense_output=True, rtol=1e-10, atol=1e-10
        )
        before = solved.sol
        found += [before(float(time)) for time in range(begin, begin + 17)]
    expected = np.concatenate(found)[200:260]
    np.testing.assert_allclose(chaotic(60), expected, atol=1e-4)


def test_mackey_glass_in_windows() -> None:
    data = read(MackeyGlass(n=300, window=5, horizon=2), Path(), 0, SHARES)
    assert data.fields["window"].array.shape[1:] == (5, 1)
    assert np.array_equal(data.fields["window"].array[0, :, 0], chaotic(300)[:5])
    assert np.array_equal(data.fields["x"].array[0], chaotic(300)[5:7])
