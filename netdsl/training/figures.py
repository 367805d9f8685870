"""The figures of a log's entry: what they are called, how they read, which of two is better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from netdsl.catalog.metrics import metric_of
from netdsl.training.stopping import larger_is_better

# What the names of the validation share's figures begin with; those of training have no mark.
VALIDATION = "val_"
# And those of the test share's, where they stand beside the others.
TESTED = "test_"

# What an entry says beside its figures.
_OF_ENTRY = frozenset({"epoch", "seconds", "kept", "phase", "rate"})


def figures_of(entry: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The figures of one share by their plain names: `""` for training, `val_` for validation."""
    return {
        name.removeprefix(prefix): value
        for name, value in entry.items()
        if name not in _OF_ENTRY
        and (name.startswith(prefix) if prefix else not name.startswith(VALIDATION))
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    }


def shown(name: str, value: float | None) -> str:
    """A figure as people read it: shares in percent, everything else with four digits."""
    if value is None:
        return "none"
    metric = metric_of(name.removeprefix(TESTED))
    share = metric.share if metric is not None else name.endswith("accuracy")
    return f"{100 * value:.2f} %" if share else f"{value:.4f}"


def worth(name: str, value: float | None) -> float:
    """What figures are sorted by: the best is the smallest, and one that is missing is last."""
    if value is None or math.isnan(value):
        return math.inf
    return -value if larger_is_better(name.removeprefix(TESTED)) else value
