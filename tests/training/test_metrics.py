"""Metrics of a share against scikit-learn over whole arrays, and against hand arithmetic."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as theirs

from netdsl.backends.engine import IGNORED, Array, Figures, Operand, Task, Term
from netdsl.catalog import metrics as records
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Loss,
    LossSum,
    LossTerm,
    MeanSquaredError,
)
from netdsl.catalog.metrics import Metric, metric_of
from netdsl.catalog.optimizers import Sgd
from netdsl.catalog.settings import Patience
from netdsl.catalog.sources import Digits, Iris
from netdsl.cli.main import main
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import SpecError, UserError
from netdsl.tensor import Number, TensorType
from netdsl.training import judging
from netdsl.training.metrics import Measure, evaluated
from netdsl.training.plan import make_plan
from netdsl.training.result import evaluate
from netdsl.training.stopping import larger_is_better
from tests.backends.keras.engines import on_keras, on_torch
from tests.backends.keras.engines import plan as planned
from tests.training.nets import plan

GENERATOR = np.random.default_rng(0)
CLASSES = 5
LABELS = np.array([0, 1, 1, 3, 4, 4, 4, 1, 0, 3, 3, 1])  # none of class 2
SCORES = GENERATOR.random((len(LABELS), CLASSES))
SCORES[np.arange(8), LABELS[:8]] += 0.5
CHANCES = SCORES / SCORES.sum(axis=1, keepdims=True)
CHOSEN = CHANCES.argmax(axis=1)


def task(
    loss: Loss, shape: tuple[int, ...], target: tuple[int, ...], number: Number, scored: bool
) -> Task:
    operands = (
        Operand("output", TensorType(shape), False),
        Operand("label", TensorType(target, number), True),
    )
    term = Term(loss, operands, 1.0, False)
    folded = frozenset(("output",) if loss.folds else ())
    return Task((), "output", (term,), folded, term if scored else None, Sgd(lr=0.1), (), 4)


def measured(
    metrics: list[Metric], of: Task, values: Array, target: Array, classes: int
) -> Figures:
    """What is told where an evaluation shows uneven batches."""
    measure = Measure(metrics, of, tuple(map(str, range(classes))))
    for rows in np.split(np.arange(len(target)), [5, 6]):
        measure.watch({"output": values[rows].astype(np.float32)}, {"label": target[rows]})
    return measure.figures()


AVERAGES = ("macro", "micro", "weighted")
OF_CLASSES: list[tuple[Any, Callable[..., Any]]] = [
    (records.Precision, theirs.precision_score),
    (records.Recall, theirs.recall_score),
    (records.F1, theirs.f1_score),
    (records.Iou, theirs.jaccard_score),
]


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("record", "function"), OF_CLASSES)
def test_metrics_of_classes(record: Any, function: Callable[..., Any], average: Any) -> None:
    of = task(CrossEntropy(), (CLASSES,), (), "int", True)
    found = measured([record(average=average)], of, CHANCES, LABELS, CLASSES)
    wanted = function(LABELS, CHOSEN, average=average, zero_division=0)
    assert found == {record.word: pytest.approx(wanted)}
    assert 0 < wanted < 1


def test_f1_by_hand() -> None:
    labels, values = np.array([0, 0, 0, 1, 1, 1]), np.array([0.1, 0.2, 0.9, 0.8, 0.7, 0.3])
    of = task(BinaryCrossEntropy(), (1,), (), "int", True)
    found = measured([records.F1(), records.Auc()], of, values[:, None], labels, 2)
    # Both classes have two right of three, and three are taken for each.
    assert found["f1"] == pytest.approx(2 / 3)
    # Of nine pairs of the two classes seven are in order: 0.9 is above 0.8, 0.7 and 0.3.
    assert found["auc"] == pytest.approx(6 / 9)


def test_metrics_of_probabilities() -> None:
    of = task(CrossEntropy(), (CLASSES,), (), "int", True)
    told = [records.Top(2), records.Perplexity(), records.Bits(), records.Auc()]
    found = measured(told, of, CHANCES, LABELS, CLASSES)
    second = np.sort(CHANCES, axis=1)[:, -2]
    right = CHANCES[np.arange(len(LABELS)), LABELS]
    assert list(found) == ["top2", "perplexity", "bits", "auc"]
    assert found["top2"] == pytest.approx((right >= second).mean())
    assert found["perplexity"] == pytest.approx(np.exp(-np.log(right).mean()), rel=1e-6)
    assert found["bits"] == pytest.approx(-np.log2(right).mean(), rel=1e-6)
    areas = [theirs.roc_auc_score(one == LABELS, CHANCES[:, one]) for one in (0, 1, 3, 4)]
    assert found["auc"] == pytest.approx(np.mean(areas))


def test_logits_become_probabilities() -> None:
    net_logits = np.log(CHANCES) + 3
    of = task(CrossEntropy(), (CLASSES,), (), "int", True).replace(folded=frozenset())
    found = measured([records.Perplexity()], of, net_logits, LABELS, CLASSES)
    right = CHANCES[np.arange(len(LABELS)), LABELS]
    assert found["perplexity"] == pytest.approx(np.exp(-np.log(right).mean()), rel=1e-5)


def test_metrics_of_pictures_with_a_class_for_each_point() -> None:
    shape = (12, 6, 7)
    labels = GENERATOR.integers(0, 3, shape)
    values = GENERATOR.random((*shape, 3)) + np.eye(3)[labels] / 2
    of = task(CrossEntropy(), (6, 7, 3), (6, 7), "int", True)
    found = measured([records.Iou(), records.Top(2)], of, values, labels, 3)
    chosen = values.argmax(axis=-1).reshape(-1)
    wanted = theirs.jaccard_score(labels.reshape(-1), chosen, average="macro")
    assert found["iou"] == pytest.approx(wanted)
    flat = values.reshape(-1, 3)
    assert found["top2"] == pytest.approx(
        theirs.top_k_accuracy_score(labels.reshape(-1), flat, k=2)
    )


@pytest.mark.parametrize("target", [(), (2, 3)])
def test_metrics_of_numbers(target: tuple[int, ...]) -> None:
    aimed = GENERATOR.standard_normal((12, *target))
    values = (aimed + GENERATOR.standard_normal(aimed.shape)).astype(np.float32)
    values = values if target else values[:, None]
    told: list[Metric] = [records.Mae(), records.Mse(), records.R2()]
    of = task(MeanSquaredError(), target or (1,), target, "float", False)
    found = measured(told, of, values, aimed, 0)
    flat = aimed.reshape(12, -1), values.reshape(12, -1)
    functions = theirs.mean_absolute_error, theirs.mean_squared_error, theirs.r2_score
    assert list(found.values()) == [pytest.approx(one(*flat), rel=1e-6) for one in functions]


def test_a_picture_in_bytes_is_from_0_to_1() -> None:
    aimed = GENERATOR.integers(0, 256, (12, 2, 2, 1)).astype(np.uint8)
    of = task(MeanSquaredError(), (2, 2, 1), (2, 2, 1), "float", False)
    assert measured([records.Mae()], of, aimed / 255, aimed, 0)["mae"] < 1e-6


def test_what_is_not_finite_has_no_figure() -> None:
    of = task(CrossEntropy(), (CLASSES,), (), "int", True)
    told = [records.Top(2), records.Perplexity(), records.Auc()]
    broken = CHANCES.copy()
    broken[7] = np.nan
    assert all(map(math.isnan, measured(told, of, broken, LABELS, CLASSES).values()))
    of = task(MeanSquaredError(), (3,), (3,), "float", False)
    aimed = GENERATOR.standard_normal((12, 3))
    found = measured(
        [records.Mae(), records.R2()], of, np.where(aimed > 1, np.inf, aimed), aimed, 0
    )
    assert all(map(math.isnan, found.values()))


def test_a_batch_of_which_no_place_counts() -> None:
    shape = (12, 6)
    labels, values = GENERATOR.integers(0, 3, shape), GENERATOR.random((*shape, 3))
    labels[5] = IGNORED  # the second batch
    of = task(CrossEntropy(), (6, 3), (6,), "int", True)
    found = measured([records.Top(2), records.F1()], of, values, labels, 3)
    there = labels.reshape(-1) != IGNORED
    flat, right = values.reshape(-1, 3)[there], labels.reshape(-1)[there]
    assert found["top2"] == pytest.approx(theirs.top_k_accuracy_score(right, flat, k=2))
    assert found["f1"] == pytest.approx(theirs.f1_score(right, flat.argmax(1), average="macro"))


def test_which_figures_are_better_when_large() -> None:
    names = ("accuracy", "val_f1", "val_top5", "val_r2", "iou", "val_auc")
    assert all(map(larger_is_better, names))
    assert not any(
        map(larger_is_better, ("loss", "val_loss", "val_mae", "mse", "val_perplexity", "bits"))
    )
    every = [name for name in vars(records).values() if isinstance(name, type)]
    leaves = [one for one in every if issubclass(one, Metric) and "word" in vars(one)]
    known = [one for one in leaves if one is not records.Confusion]
    assert len(known) > 10
    assert all(metric_of(one().figure) is one for one in known)


def test_both_backends_and_the_result_tell_the_same() -> None:
    told = (records.F1(), records.Top(3), records.Iou())
    made = planned(
        "input image: 8x8x1\nflatten -> dense(10) -> softmax",
        data=Digits(),
        metrics=told,
        batch=8,
    )
    rows = made.split.test
    found = [
        evaluated(engine, made.task, made.metrics, made.data.classes, rows)
        for engine in (on_torch(made), on_keras(made))
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    engine = on_torch(made)
    predicted = engine.predict([made.arrays["image"][rows]])["output"].argmax(axis=1)
    labels = made.arrays["label"][rows]
    assert found[0]["f1"] == pytest.approx(theirs.f1_score(labels, predicted, average="macro"))
    result = evaluate(made, engine, made.examples(), rows)
    assert {name: result[name] for name in found[0]} == pytest.approx(found[0])
    assert result["confusion"] == theirs.confusion_matrix(labels, predicted).tolist()
    each = theirs.jaccard_score(labels, predicted, average=None)
    assert [one["iou"] for one in result["classes"].values()] == pytest.approx(list(each))


SPEC = """
net N {{
  input features: 4
  dense(3) -> softmax
}}
train {{
  data = iris
  loss = cross_entropy
  metrics = {metrics}
  optimizer = adam(lr=0.05)
  epochs = 3
  early_stopping = patience(5, monitor={monitor})
}}
"""


def trained(folder: Path, metrics: str, monitor: str) -> int:
    file = folder / "n.net"
    file.write_text(SPEC.format(metrics=metrics, monitor=monitor), encoding="utf-8")
    return main(["train", str(file), "--out", str(folder / "run"), "--device", "cpu"])


def test_figures_are_logged_shown_and_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, "[f1, nothing]", "val_f1") != 0
    assert "nothing is not known here" in capsys.readouterr().err
    assert trained(tmp_path, "[f1, top(2), confusion]", "val_f1") == 0
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert all({"val_loss", "val_accuracy", "val_f1", "val_top2"} <= entry.keys() for entry in log)
    best = max(entry["val_f1"] for entry in log)
    result = json.loads((tmp_path / "run/test.json").read_text())
    assert log[result["epoch"] - 1]["val_f1"] == best
    assert {"f1", "top2", "confusion"} <= result.keys()
    told = capsys.readouterr()
    assert "f1 " in told.out + told.err
    assert "top2 " in told.out + told.err


REFUSED: list[tuple[tuple[Metric, ...], dict[str, Any], str]] = [
    ((records.Mae(),), {}, "mae needs a target of numbers"),
    ((records.Top(2),), {}, r"top\(2\) is always right: there are 2 classes"),
    ((records.F1(), records.F1(average="micro")), {}, "metrics has f1 twice"),
    (
        (records.Perplexity(),),
        {"loss": LossSum((LossTerm(MeanSquaredError()),))},
        "perplexity needs probabilities",
    ),
    (
        (records.F1(),),
        {"early_stopping": Patience(3, monitor="val_recall")},
        "cannot watch val_recall: what is told is loss, accuracy, val_loss, val_accuracy, val_f1",
    ),
]


@pytest.mark.parametrize(("told", "changes", "message"), REFUSED)
def test_metrics_that_cannot_be_told(
    told: tuple[Metric, ...], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        plan(metrics=told, **changes)


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match=r"scikit-learn is not installed; .*netdsl\[data\]"):
        plan(metrics=(records.F1(),))


def test_a_hinge_has_its_boundary_at_0() -> None:
    made = planned(
        "input features: 4\ndense(3)",
        data=Iris(),
        loss=LossSum((LossTerm(Hinge()),)),
        metrics=(records.Auc(),),
    )
    engine = on_torch(made)
    rows = made.split.test
    found = evaluated(engine, made.task, made.metrics, made.data.classes, rows)
    scores = engine.predict([made.arrays["features"][rows]])["output"]
    labels = made.arrays["label"][rows]
    areas = [theirs.roc_auc_score(labels == one, scores[:, one]) for one in range(3)]
    assert found["auc"] == pytest.approx(np.mean(areas))


TWO_TASKS = """
net Two {{
  input image: 6
  dense(16) -> relu as code
  output dense(3) -> softmax as kind
  output dense(1) -> sigmoid as odd
  dense(1) as size
}}
train {{
  data      = npz("two.npz", target="kind")
  loss      = cross_entropy(kind, kind) + binary_cross_entropy(odd, odd) + mse(size, size)
  metrics   = {metrics}
  optimizer = adam(lr={rate})
  epochs    = 2
}}
"""
ROWS = 90


def two_tasks(folder: Path, metrics: str, backend: str = "torch", rate: str = "0.05") -> int:
    """Trains on two labels and a number of the same examples."""
    image = GENERATOR.standard_normal((ROWS, 6)).astype(np.float32)
    kind = np.argmax(image[:, :3] + GENERATOR.normal(0, 0.5, (ROWS, 3)), axis=1)
    fields = {"image": image, "kind": kind, "odd": kind % 2, "size": image.sum(axis=1)}
    fields["tens"] = np.arange(ROWS) // 10
    fields["sign"] = 2 * (kind % 2) - 1
    np.savez(folder / "two.npz", **fields)
    (folder / "n.net").write_text(TWO_TASKS.format(metrics=metrics, rate=rate), encoding="utf-8")
    out = str(folder / "run")
    return main(["train", str(folder / "n.net"), "--out", out, "--backend", backend])


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_metrics_of_several_outputs(tmp_path: Path, backend: str) -> None:
    named = (
        "[f1(kind, kind), accuracy(odd, odd), auc(odd, odd), top(kind, kind, 2), mae(size, size), "
        "recall_at(code, kind, k=3)]"
    )
    assert two_tasks(tmp_path, named, backend) == 0
    result = json.loads((tmp_path / "run/test.json").read_text())
    log = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[-1])
    plan, judge, _ = judging.reopen(tmp_path / "run", "cpu", open_spec)
    rows = plan.split.test
    fields = {name: values[rows] for name, values in plan.arrays.items()}
    outputs = judge.predict([fields["image"]])
    odd, kind = outputs["odd"][:, 0], outputs["kind"]
    code = outputs[next(name for name in outputs if name.endswith("code"))]
    wanted = {
        "kind_f1": theirs.f1_score(fields["kind"], kind.argmax(axis=1), average="macro"),
        "odd_accuracy": theirs.accuracy_score(fields["odd"], odd > 0.5),
        "odd_auc": theirs.roc_auc_score(fields["odd"], odd),
        "kind_top2": theirs.top_k_accuracy_score(fields["kind"], kind, k=2),
        "size_mae": theirs.mean_absolute_error(fields["size"], outputs["size"][:, 0]),
        "code_recall_at3": share_with_a_neighbour(code, fields["kind"], 3),
    }
    for name, value in wanted.items():
        assert result[name] == pytest.approx(value, abs=1e-5), name
        assert f"val_{name}" in log
    assert 0 < wanted["code_recall_at3"] < 1


def share_with_a_neighbour(codes: Array, labels: Array, k: int) -> float:
    """By every distance, in numpy."""
    apart = np.linalg.norm(codes[:, None] - codes[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1)[:, :k]
    return float((labels[near] == labels[:, None]).any(axis=1).mean())


def test_training_that_diverges_is_told_as_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert two_tasks(tmp_path, "[mae(size, size), top(kind, kind, 2)]", rate="1e30") == 1
    assert "in epoch 1: training diverged" in capsys.readouterr().err


REFUSED_NAMES = [
    ("f1(kind, parity)", "metrics use parity, which is no tensor of Two and no field of two.npz"),
    ("f1(kind, size)", "f1 needs a target of classes, but size of two.npz is a single number"),
    ("mae(size, odd)", "mae needs a target of numbers, but odd of two.npz is"),
    ("f1(code, kind)", "f1: code is 16, but kind has 3 classes"),
    ("f1(odd, kind)", "f1: odd is 1, but kind has 3 classes"),
    ("f1(odd, tens)", "f1: odd is 1, but tens has 9 classes"),
    ("accuracy(odd, sign)", "accuracy: sign of two.npz holds -1, but classes count from 0"),
    ("[f1(kind, kind), none]", "metrics expects a list of metrics"),
    ("[f1(kind, kind), confusion(odd, odd)]", "confusion is told of what the loss compares first"),
    ("recall_at", r"recall_at names what it looks at: recall_at(code, label)"),
    ("recall_at(code, size)", "recall_at needs a class for each example, but size of two.npz"),
    ("top(odd, odd, 2)", "top(2) is always right: there are 2 classes"),
    ("[f1(kind, kind), f1(kind, kind, average=micro)]", "metrics has kind_f1 twice"),
    ("f1(it -> relu, kind)", "f1 looks at what has a name, which its figure takes"),
    ("f1(kind, kind, odd)", "f1 takes fewer arguments"),
    ("g1(kind, kind)", "g1 is not known here"),
    ("perplexity(code, kind)", "code is 16, but kind has 3 classes"),
]


@pytest.mark.parametrize(("metrics", "message"), REFUSED_NAMES)
def test_names_that_metrics_cannot_look_at(
    tmp_path: Path, metrics: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert two_tasks(tmp_path, metrics) == 1
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_metric_of_classes_needs_to_know_how_many_there_are(tmp_path: Path) -> None:
    tokens = GENERATOR.integers(0, 9, (40, 7))
    np.savez(tmp_path / "two.npz", tokens=tokens, kind=tokens[:, 0] % 2, place=tokens[:, 1] % 7)
    (tmp_path / "n.net").write_text(
        "net N {\n  input tokens: ? of int\n  embedding(9, 4) as seen\n"
        "  output reduce_mean(axis=0) -> dense(2) -> softmax as kind\n"
        "  seen -> dense(1) -> flatten -> softmax as place\n}\n"
        'train {\n  data = npz("two.npz", target="kind")\n  loss = cross_entropy(kind, kind)\n'
        "  metrics = accuracy(place, place)\n  optimizer = adam\n}\n",
        encoding="utf-8",
    )
    spec = open_spec(str(tmp_path / "n.net"), {}, None)
    with pytest.raises(SpecError, match="place is tokens, whose units are known only at run time"):
        make_plan(spec.trained, spec.training, spec.folder)
