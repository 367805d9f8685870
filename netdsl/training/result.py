"""The result on a share that training has not seen: figures, and for classes what goes where."""

from __future__ import annotations

from typing import Any

import numpy as np

from netdsl.backends.engine import Array, Indices, Judge
from netdsl.training.answer import classes_of, reading_of
from netdsl.training.plan import Plan


def evaluate(plan: Plan, engine: Judge, examples: Indices) -> dict[str, Any]:
    """Figures over these examples; for a classification with `classes` and `confusion` too.

    `confusion[i][j]` counts the examples of class i that were taken for class j.
    """
    result: dict[str, Any] = {"examples": len(examples), **engine.evaluate(examples)}
    reading = reading_of(plan.task, plan.data.classes)
    if not reading.classes:
        return result
    arrays = plan.arrays
    outputs = engine.predict([arrays[name][examples] for name in plan.task.inputs])
    chosen = classes_of(outputs[reading.output], reading)
    right = arrays[plan.data.target][examples]
    confusion = _confusion(right, chosen, len(reading.classes))
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
