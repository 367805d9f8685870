"""The Keras engine beside PyTorch's: figures, steps, penalties, state, chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netdsl.backends.keras.engine import on_device
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LossSum,
    LossTerm,
    MeanSquaredError,
)
from netdsl.catalog.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd
from netdsl.catalog.schedules import OneCycle
from netdsl.catalog.sources import Digits, Npz
from netdsl.diagnostics import UserError
from tests.backends.keras.engines import difference, epoch, on_keras, on_torch, plan

POINTS = "input point: 2\ndense(16) -> tanh -> dense(2) -> softmax"
NOISY = "input point: 2\ndense(16) -> dropout(0.3) -> relu -> dropout(0.3) -> dense(2) -> softmax"


def total(*terms: LossTerm) -> LossSum:
    return LossSum(terms)


IMAGES = {"data": Digits(), "optimizer": Sgd(0.05, momentum=0.9), "batch": 64}
# A net and its settings.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "softmax": (POINTS, {}),
    "logits": ("input point: 2\ndense(8) -> tanh -> dense(2)", {}),
    "sigmoid": (
        "input point: 2\ndense(8) -> tanh -> dense(1) -> sigmoid",
        {"loss": total(LossTerm(BinaryCrossEntropy()))},
    ),
    "one-hot": (
        "input point: 2\ndense(8) -> tanh -> dense(2)",
        {"loss": total(LossTerm(MeanSquaredError()))},
    ),
    "penalties": (
        "input point: 2\ndense(8, l2=0.01) -> tanh -> dense(2, l1=0.02)",
        {"l1": 0.003, "l2": 0.004},
    ),
    "images": (
        "input image: 8x8x1\nconv(6, 3, pad=same) -> relu -> maxpool(2)\n"
        "flatten -> dense(10) -> softmax",
        IMAGES,
    ),
    "autoencoder": (
        "input image: 8x8x1\nconv(4, 3, stride=2, pad=1) -> relu -> flatten -> dense(64) -> "
        "unflatten(8, 8, 1) -> sigmoid as decoded",
        {
            **IMAGES,
            "loss": total(LossTerm(BinaryCrossEntropy(reduce="sum"), ("decoded", "image"))),
            "optimizer": Adam(1e-3),
        },
    ),
    "auxiliary": (
        "input point: 2\ndense(8) -> tanh as stem\nauxiliary dense(2) -> softmax as aux\n"
        "dense(8) -> tanh -> dense(2) -> softmax",
        {"loss": total(LossTerm(CrossEntropy()), LossTerm(CrossEntropy(), ("aux", "label"), 0.3))},
    ),
    "recurrence": (
        "input image: 8x8x1\nreshape(8, 8) -> gru(6, bias=double) -> dense(10) -> softmax",
        {**IMAGES, "optimizer": Adam(1e-2)},
    ),
    "batch of all": (POINTS, {"batch": "all"}),
    "accumulated": (POINTS, {"batch": 8, "accumulate": 3, "clip": 0.5}),
    "clipped": (POINTS, {"clip": 0.1, "optimizer": Sgd(1.0)}),
    "averaged": (POINTS, {"ema": 0.8}),
    "averaged, without a count": (POINTS, {"ema": 0.8, "optimizer": Sgd(0.5), "accumulate": 2}),
    "decay of matrices": (POINTS, {"optimizer": Sgd(0.1, weight_decay=0.5, decay="matrices")}),
    "one cycle": (POINTS, {"schedule": OneCycle(), "epochs": 1, "optimizer": Sgd(0.5)}),
    "frozen": (
        "input point: 2\ndense(16) -> batchnorm as base -> relu -> dense(8) -> tanh\n"
        "dense(2) -> softmax",
        {"freeze": ("dense1", "base"), "l2": 0.01},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_figures_and_steps_are_pytorchs(name: str) -> None:
    body, changes = CASES[name]
    made = plan(body, **changes)
    ours, theirs = on_keras(made), on_torch(made)
    start = ours.weights()
    assert difference(start, theirs.weights()) == 0
    examples = made.split.train
    for figures, wanted in (
        (ours.evaluate(examples), theirs.evaluate(examples)),
        (epoch(ours, made), epoch(theirs, made)),
        (ours.evaluate(examples), theirs.evaluate(examples)),
    ):
        assert figures.keys() == wanted.keys()
        for figure, value in wanted.items():
            # An answer may turn where two classes are equally likely.
            assert figures[figure] == pytest.approx(value, rel=1e-4, abs=2 / len(examples))
        assert figures["loss"] == pytest.approx(wanted["loss"], rel=1e-4)
    assert difference(ours.weights(), theirs.weights()) <= 1e-3
    assert difference(ours.kept(), theirs.kept()) <= 1e-3
    assert difference(start, ours.weights()) > 1e-2
    inputs = [made.arrays[field][examples[:50]] for field in made.task.inputs]
    found, expected = ours.predict(inputs), theirs.predict(inputs)
    assert found.keys() == expected.keys()
    for output, values in expected.items():
        assert found[output].shape == values.shape
        np.testing.assert_allclose(found[output], values, atol=1e-3)


def test_whole_numbers_flow_in(tmp_path: Any) -> None:
    generator = np.random.default_rng(0)
    tokens = generator.integers(0, 12, (60, 5))
    np.savez(tmp_path / "t.npz", tokens=tokens, label=tokens.sum(1) % 2)
    body = "input tokens: 5 of int\nembedding(12, 4) -> flatten -> dense(2) -> softmax"
    made = plan(body, data=Npz("t.npz"), base=tmp_path, optimizer=Adam(0.01))
    ours, theirs = on_keras(made), on_torch(made)
    assert epoch(ours, made)["loss"] == pytest.approx(epoch(theirs, made)["loss"], rel=1e-5)
    assert difference(ours.weights(), theirs.weights()) <= 1e-4


STATEFUL = [
    Sgd(0.1, momentum=0.9),
    Adagrad(0.1),
    RmsProp(0.01, momentum=0.5, centered=True),
    Adam(0.01),
    AdamW(0.01),
]


@pytest.mark.parametrize("record", STATEFUL, ids=lambda record: record.word)
def test_the_state_goes_on_in_either_backend(record: Optimizer) -> None:
    made = plan(POINTS, optimizer=record)
    first, second, theirs = on_keras(made), on_keras(made), on_torch(made)
    epoch(first, made)
    epoch(theirs, made)
    for engine, close in ((first, 0.0), (theirs, 1e-3)):
        second.put_weights(engine.weights())
        second.put_state(engine.state())
        assert difference(second.state(), engine.state()) == 0
        epoch(engine, made, 2)
        epoch(second, made, 2)
        assert difference(second.weights(), engine.weights()) <= close


@pytest.mark.parametrize("record", [Sgd(0.1), Adam(0.01)], ids=lambda record: record.word)
def test_the_running_mean_goes_on_in_either_backend(record: Optimizer) -> None:
    made = plan(POINTS, optimizer=record, ema=0.9, accumulate=2, batch=8)
    first, second, theirs = on_keras(made), on_keras(made), on_torch(made)
    epoch(first, made)
    epoch(theirs, made)
    for engine, close in ((first, 0.0), (theirs, 1e-3)):
        second.put_weights(engine.weights())
        second.put_state(engine.state())
        assert difference(second.kept(), engine.kept()) == 0
        epoch(engine, made, 2)
        epoch(second, made, 2)
        assert difference(second.kept(), engine.kept()) <= close
        assert difference(second.kept(), second.weights()) > 1e-4


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "float64"])
def test_other_precisions_are_close(precision: str) -> None:
    made = plan(POINTS, precision=precision)
    usual, ours, theirs = on_torch(plan(POINTS)), on_keras(made), on_torch(made)
    wanted = [epoch(usual, made)["loss"], usual.evaluate(made.split.validation)["loss"]]
    for engine in (ours, theirs):
        found = [epoch(engine, made)["loss"], engine.evaluate(made.split.validation)["loss"]]
        assert found == pytest.approx(wanted, rel=1e-5 if precision == "float64" else 0.02)
        assert found != wanted
        (outputs,) = engine.predict([made.arrays["point"]]).values()
        assert outputs.dtype.kind == "f" and np.isfinite(outputs).all()
    second = on_keras(made)
    second.put_weights(theirs.weights())
    second.put_state(theirs.state())
    assert second.state().keys() == theirs.state().keys()


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_an_input_is_a_target_where_16_bits_are_computed(precision: str) -> None:
    body, changes = CASES["autoencoder"]
    made = plan(body, **{**changes, "precision": precision})
    usual, engine = on_keras(plan(body, **changes)), on_keras(made)
    for number in (1, 2):
        wanted, found = epoch(usual, made, number)["loss"], epoch(engine, made, number)["loss"]
        assert found == pytest.approx(wanted, rel=0.02)
    assert engine.evaluate(made.split.test)["loss"] == pytest.approx(
        usual.evaluate(made.split.test)["loss"], rel=0.02
    )


def test_a_state_of_nothing_is_a_beginning() -> None:
    made = plan(POINTS)
    used, fresh = on_keras(made), on_keras(made)
    epoch(used, made)
    used.put_weights(fresh.weights())
    used.put_state({})
    assert epoch(used, made) == epoch(fresh, made)
    assert difference(used.weights(), fresh.weights()) == 0


def test_chance_starts_from_its_seed() -> None:
    made = plan(NOISY)
    cut = [made.split.train]
    first, again, other = (
        on_keras(made).train(cut, [1.0] * len(cut), seed, lambda n: None) for seed in (1, 1, 2)
    )
    assert first == again != other
    # Each layer draws its own.
    engine = on_keras(made)
    engine.train(cut, [1.0] * len(cut), 1, lambda count: None)
    drawn = {int(np.asarray(state)[0]) for state in engine._seeds}
    assert len(drawn) == 2


def test_batches_of_any_size_are_told_one_by_one() -> None:
    made = plan(POINTS)
    engine, counts = on_keras(made), []
    cut = np.split(made.split.train, [10, 30, 31])
    engine.train(cut, [1.0] * len(cut), 0, counts.append)
    assert counts == [10, 20, 1, len(made.split.train) - 31]


def test_evaluation_changes_nothing() -> None:
    made = plan("input point: 2\ndense(8) -> batchnorm -> relu -> dense(2) -> softmax")
    engine = on_keras(made)
    epoch(engine, made)
    before = engine.weights()
    first, second = (engine.evaluate(made.split.train) for _ in range(2))
    assert first == second
    assert difference(engine.weights(), before) == 0


@pytest.mark.parametrize("name", ["cuda", "quantum"])
def test_a_device_that_is_not_here(name: str) -> None:
    with pytest.raises(UserError, match=f"no device {name} here"):
        on_device(name)
