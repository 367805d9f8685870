"""What follows the figures of a phase: which weights are kept, when it stops, when rates fall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.backends.engine import Figures
from netdsl.catalog.metrics import metric_of
from netdsl.catalog.schedules import Plateau, Schedule
from netdsl.catalog.settings import Patience


class Best:
    """The best value so far of a figure, and for how many epochs there has been no better one."""

    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._best: float | None = None
        self.waited = 0

    def better(self, figures: Figures) -> bool:
        """Notes the figures of an epoch; whether they are the best so far."""
        value = figures[self._monitor]
        worth = value if larger_is_better(self._monitor) else -value
        if self._best is None or worth > self._best:
            self._best, self.waited = worth, 0
            return True
        self.waited += 1
        return False

    def to_json(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {"best": self._best, "waited": self.waited}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave."""
        self._best, self.waited = stored["best"], stored["waited"]


class Stopping:
    """Decides whose weights are kept; without a rule they are those of the last epoch."""

    def __init__(self, rule: Patience | None) -> None:
        self._rule = rule
        self._best = Best(rule.monitor) if rule is not None else None

    def better(self, figures: Figures) -> bool:
        """Notes the figures of an epoch; whether its weights are to be kept."""
        return self._best is None or self._best.better(figures)

    @property
    def over(self) -> bool:
        """Whether patience has run out."""
        if self._rule is None or self._best is None:
            return False
        return self._best.waited >= self._rule.epochs

    def to_json(self) -> dict[str, Any]:
        """What `restore` needs."""
        return self._best.to_json() if self._best is not None else {}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave; a rule that is new to the run begins now."""
        if self._best is not None and stored:
            self._best.restore(stored)


class Falling:
    """What a `plateau` has brought the rate down to; 1 for any other schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule if isinstance(schedule, Plateau) else None
        self._best = Best(schedule.monitor) if isinstance(schedule, Plateau) else None
        self.reached = 1.0

    def note(self, figures: Figures) -> None:
        """Notes the figures of an epoch."""
        if self._schedule is None or self._best is None or self._best.better(figures):
            return
        if self._best.waited >= self._schedule.patience:
            self.reached *= self._schedule.factor
            self._best.waited = 0

    def to_json(self) -> dict[str, Any]:
        """What `restore` needs."""
        if self._best is None:
            return {}
        return {"reached": self.reached, **self._best.to_json()}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave."""
        if self._best is not None and stored:
            self._best.restore(stored)
            self.reached = stored["reached"]


def larger_is_better(figure: str) -> bool:
    """Whether a figure that is told is better when it is large, as an accuracy is."""
    metric = metric_of(figure)
    return metric is not None and metric.larger
