"""The result on a share that training has not seen: figures, and for classes what goes where."""

from __future__ import annotations

from typing import Any

from netdsl.backends.engine import Array, Indices, Judge
from netdsl.catalog.metrics import Confusion, Iou
from netdsl.data.examples import Examples
from netdsl.training.metrics import Measure, further
from netdsl.training.plan import Plan

# What becomes of each class is told of so many at most: its square is counted.
_MOST_CLASSES = 1000


def evaluate(plan: Plan, engine: Judge, examples: Examples, rows: Indices) -> dict[str, Any]:
    """Figures over these rows of the examples; for a classification `classes` and `confusion` too.

    With more than a thousand classes, as a vocabulary has, there are figures alone.
    `confusion[i][j]` counts the examples of class i that were taken for class j. Examples that
    cannot be read do not count.
    """
    told = further(plan.metrics)
    few = plan.task.scored is not None and len(plan.data.classes) <= _MOST_CLASSES
    if not few and not told:
        figures = engine.evaluate(rows)
        return {"examples": len(rows) - examples.unreadable(rows), **figures}
    # Of a classification the matrix is told in any case.
    extra = [Confusion()] if few else []
    measure = Measure([*told, *extra], plan.task, plan.data.classes)
    figures = engine.evaluate(rows, measure.watch) | measure.figures()
    result: dict[str, Any] = {"examples": len(rows) - examples.unreadable(rows), **figures}
    if measure.matrix is not None:
        counts = measure.matrix.counts
        iou = any(isinstance(metric, Iou) for metric in told)
        result["classes"] = {
            name: _of_class(counts, index, iou) for index, name in enumerate(plan.data.classes)
        }
        result["confusion"] = counts.tolist()
    return result


def _of_class(counts: Array, index: int, iou: bool) -> dict[str, Any]:
    """What became of one class."""
    right, of_it, for_it = counts[index, index], counts[index].sum(), counts[:, index].sum()
    figures = {
        "examples": int(of_it),
        "precision": _share(right, for_it),
        "recall": _share(right, of_it),
    }
    return figures | {"iou": _share(right, of_it + for_it - right)} if iou else figures


def _share(part: int, whole: int) -> float | None:
    """A share, or None where there is nothing to have a share of."""
    return float(part / whole) if whole else None
