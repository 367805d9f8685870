"""What does not fit is told before anything runs, and names both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.catalog.layers.activation import Sigmoid, Softmax
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.layers.shape import Flatten
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LossSum,
    LossTerm,
    MeanSquaredError,
)
from netdsl.catalog.metrics import Accuracy
from netdsl.catalog.settings import Patience
from netdsl.catalog.sources import Csv, Digits, Iris, Npz
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.training.describe import describe
from tests.training.nets import chain, classifier, plan, settings

LINEAR = chain(Dense(units=3), Softmax(), shape=(4,), name="Linear")
ONE = chain(Dense(units=1), Sigmoid(), shape=(4,), name="One")


def loss(*terms: LossTerm) -> LossSum:
    return LossSum(terms)


@pytest.mark.parametrize(
    ("net", "changes", "told"),
    [
        (LINEAR, {"data": Digits()}, "input input takes 4, but image of digits is 8 x 8 x 1"),
        (LINEAR, {}, "input input takes 4, but point of spirals is 2"),
        (
            chain(Dense(units=5), Softmax(), shape=(4,), name="Five"),
            {"data": Iris()},
            "output of Five is 5, but label of iris has 3 classes",
        ),
        (ONE, {"data": Iris()}, "one unit for two classes goes with sigmoid"),
        (
            ONE,
            {"data": Iris(), "loss": loss(LossTerm(BinaryCrossEntropy()))},
            "label of iris has 3 classes, but output of One is 1",
        ),
        (
            LINEAR,
            {"data": Iris(), "loss": loss(LossTerm(CrossEntropy(), ("aux1", "label")))},
            "uses aux1, which is no tensor of Linear and no field of iris; its fields are feat",
        ),
        (
            LINEAR,
            {"data": Iris(), "loss": loss(LossTerm(CrossEntropy(), ("output", "kind")))},
            "uses kind, which is no tensor of Linear and no field of iris",
        ),
        (
            LINEAR,
            {"data": Iris(), "loss": loss(LossTerm(CrossEntropy(), ("output", "features")))},
            "cross_entropy needs classes, but features of iris is 4",
        ),
        (
            LINEAR,
            {"data": Iris(), "loss": loss(LossTerm(MeanSquaredError(), ("output", "features")))},
            "mse needs two equal shapes: output of Linear is 3, but features of iris is 4",
        ),
        (
            chain(Dense(units=4), Sigmoid(), shape=(4,)),
            {"data": Iris(), "loss": loss(LossTerm(BinaryCrossEntropy(), ("output", "features")))},
            "binary_cross_entropy needs a target from 0 to 1",
        ),
        (
            chain(Conv(filters=1, kernel=1), shape=(8, 8, 1)),
            {
                "data": Digits(),
                "loss": loss(LossTerm(MeanSquaredError(), ("output", "image"))),
                "metrics": (Accuracy(),),
            },
            "accuracy needs a classification",
        ),
        (
            classifier(),
            {"split": (0.8, 0.0, 0.2), "early_stopping": Patience(3)},
            "early stopping needs a validation share",
        ),
        (classifier(), {"batch": 1}, "batchnorm1 sees one number of each channel"),
    ],
)
def test_what_does_not_fit(net: ElaboratedNet, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        plan(net, **changes)


def test_a_batchnorm_over_positions_takes_single_examples() -> None:
    net = chain(Conv(filters=2, kernel=3), BatchNorm(), Flatten(), Dense(units=10), shape=(8, 8, 1))
    assert plan(net, data=Digits(), batch=1).task.batch == 32


def test_what_is_folded() -> None:
    assert plan(classifier()).task.folded == {"output"}
    moved = chain(Dense(units=2), Softmax(), Flatten(), shape=(2,))
    assert plan(moved).task.folded == {"output"}
    other = chain(Dense(units=2), Sigmoid(), shape=(2,))
    assert plan(other).task.folded == set()


def test_a_table_for_a_regression_and_for_a_classification(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{i % 5},{i % 2}" for i in range(40))
    (tmp_path / "t.csv").write_text(f"a,b,y\n{rows}\n", encoding="utf-8")
    data = Csv(file="t.csv", target="y")
    regression = plan(
        chain(Dense(units=1), shape=(2,)),
        tmp_path,
        data=data,
        loss=loss(LossTerm(MeanSquaredError())),
    )
    assert regression.data.classes == ()
    assert regression.settings.metrics == ()
    binary = plan(
        chain(Dense(units=1), Sigmoid(), shape=(2,)),
        tmp_path,
        data=data,
        loss=loss(LossTerm(BinaryCrossEntropy())),
    )
    assert binary.data.classes == ("0", "1")
    classes = plan(chain(Dense(units=2), shape=(2,)), tmp_path, data=data)
    assert classes.data.classes == ("0", "1")
    assert classes.settings.metrics == (Accuracy(),)


def test_whole_numbers_become_floats_for_an_input_of_floats(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(60).reshape(20, 3), y=np.arange(20) % 2)
    made = plan(chain(Dense(units=2), shape=(3,)), tmp_path, data=Npz(file="a.npz"))
    assert made.arrays["x"].dtype == np.float32


def test_settings_are_described_with_their_defaults() -> None:
    told = describe(settings())
    assert told["batch"] == 32
    assert told["optimizer"]["beta2"] == 0.999
    assert told["loss"] == [
        {
            "loss": {"name": "cross_entropy", "reduce": "mean", "smoothing": 0, "weights": None},
            "operands": [],
            "weight": 1.0,
        }
    ]
    assert told["data"] == {"name": "spirals", "n": 120, "noise": 0.02}
