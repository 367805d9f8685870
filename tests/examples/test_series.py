"""A recurrent forecast of a chaotic series, beside a linear one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/series.net")
SHORT = {} if WHOLE else {"train.epochs": "3"}


def test_it_reaches_what_its_comment_says(tmp_path: Path) -> None:
    begun = session.start(open_spec(SPEC, SHORT, None), "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    found, linear = begun.finish(), linear_error(begun.plan)
    assert linear == pytest.approx(0.07, abs=0.005)
    assert found["loss"] < (0.001 if WHOLE else linear / 2)
    assert found["r2"] == pytest.approx(1 - found["loss"], abs=0.01)


def linear_error(plan: Plan) -> float:
    """The error of linear regression on the same windows."""
    windows, following = plan.data.fields["window"].array[..., 0], plan.data.fields["x"].array
    train, test = plan.split.train, plan.split.test
    model = LinearRegression().fit(windows[train], following[train])
    return float(mean_squared_error(following[test], model.predict(windows[test])))
