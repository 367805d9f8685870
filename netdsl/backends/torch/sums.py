"""Figures of an epoch, summed where the net computes."""

from __future__ import annotations

import torch
from torch import Tensor

from netdsl.backends.engine import Figures
from netdsl.backends.torch.team import Sharing


class Sums:
    """Figures of an epoch, summed on the device in double precision."""

    def __init__(self, device: torch.device) -> None:
        # Apple's GPUs have no doubles.
        wide = torch.float32 if device.type == "mps" else torch.float64
        self._loss = torch.zeros((), dtype=wide, device=device)
        self._right = torch.zeros((), dtype=torch.int64, device=device)
        self._ignored = torch.zeros((), dtype=torch.int64, device=device)
        self._examples = 0
        self._answers = 0

    def add_loss(self, loss: Tensor, examples: int) -> None:
        """Adds the loss of a batch, an average over its examples."""
        self._loss.add_(loss, alpha=examples)
        self._examples += examples

    def add_right(self, right: Tensor, counted: Tensor | None) -> None:
        """Adds answers, true where they are right; `counted` says which count, None for all."""
        self._right.add_((right if counted is None else right & counted).sum())
        self._answers += right.numel()
        if counted is not None:
            self._ignored.add_((~counted).sum())

    def figures(self, team: Sharing) -> Figures:
        """Averages over all examples, those of the other processes too."""
        loss, examples, right, answers, ignored = team.summed(
            self._loss, self._examples, self._right, self._answers, self._ignored
        )
        figures = {"loss": loss / examples}
        if answers:
            figures["accuracy"] = right / max(1, answers - ignored)
        return figures
