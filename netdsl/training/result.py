"""The result on a share that training has not seen: figures, and for classes what goes where."""

from __future__ import annotations

from typing import Any

import numpy as np

from netdsl.backends.engine import Array, Indices, Judge
from netdsl.data.examples import Examples
from netdsl.training.answer import classes_of, reading_of
from netdsl.training.plan import Plan


def evaluate(plan: Plan, engine: Judge, examples: Examples, rows: Indices) -> dict[str, Any]:
    """Figures over these rows of the examples; for a classification `classes` and `confusion` too.

    `confusion[i][j]` counts the examples of class i that were taken for class j. Examples that
    cannot be read do not count.
    """
    figures = engine.evaluate(rows)
    result: dict[str, Any] = {"examples": len(rows) - examples.unreadable(rows), **figures}
    reading = reading_of(plan.task, plan.data.classes)
    if not reading.classes:
        return result
    confusion = np.zeros((len(reading.classes),) * 2, dtype=np.int64)
    cuts = range(plan.task.batch, len(rows), plan.task.batch)
    for batch in examples.batches(np.split(rows, cuts)):
        outputs = engine.predict([batch[name] for name in plan.task.inputs])
        chosen = classes_of(outputs[reading.output], reading)
        confusion += _confusion(batch[plan.data.target], chosen, len(reading.classes))
    result["classes"] = {
        name: {
            "examples": int(confusion[index].sum()),
            "precision": _share(confusion[index, index], confusion[:, index].sum()),
            "recall": _share(confusion[index, index], confusion[index].sum()),
        }
        for index, name in enumerate(reading.classes)
    }
    result["confusion"] = confusion.tolist()
    return result


def _confusion(right: Array, chosen: Array, classes: int) -> Array:
    pairs = right.reshape(-1) * classes + chosen.reshape(-1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def _share(part: int, whole: int) -> float | None:
    """A share, or None where there is nothing to have a share of."""
    return float(part / whole) if whole else None
