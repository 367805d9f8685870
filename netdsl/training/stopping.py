"""Which weights are kept, and when training stops before its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.backends.engine import Figures
from netdsl.catalog.settings import Patience


class Stopping:
    """Follows the watched figure; without a rule the weights of the last epoch are kept."""

    def __init__(self, rule: Patience | None) -> None:
        self._rule = rule
        self.best: float | None = None
        self.best_epoch = 0
        self._waited = 0

    def better(self, figures: Figures, epoch: int) -> bool:
        """Notes the figures of an epoch; whether its weights are to be kept."""
        if self._rule is None:
            self.best_epoch = epoch
            return True
        value = figures[self._rule.monitor]
        # Of the figures that can be watched, a loss is better when small, an accuracy when large.
        worth = value if self._rule.monitor == "val_accuracy" else -value
        if self.best is None or worth > self.best:
            self.best, self.best_epoch, self._waited = worth, epoch, 0
            return True
        self._waited += 1
        return False

    @property
    def over(self) -> bool:
        """Whether patience has run out."""
        return self._rule is not None and self._waited >= self._rule.epochs

    def to_json(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self._waited}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Goes on from what `to_json` gave."""
        self.best = stored["best"]
        self.best_epoch = stored["best_epoch"]
        self._waited = stored["waited"]
