"""PyTorch's rows of the objectives of adversaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from netdsl.backends.contest import TINY, Row
from netdsl.catalog.methods import (
    Game,
    LeastSquares,
    Minimax,
    NonSaturating,
    WassersteinGradientPenalty,
)


def _told_apart(real: Tensor, made: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))), of logits."""
    return F.softplus(-real).mean() + F.softplus(made).mean()


_ROWS: dict[type[Game], Row] = {
    Minimax: Row(_told_apart, lambda made: -F.softplus(made).mean()),
    NonSaturating: Row(_told_apart, lambda made: F.softplus(-made).mean()),
    LeastSquares: Row(
        lambda real, made: ((real - 1).square().mean() + made.square().mean()) / 2,
        lambda made: (made - 1).square().mean() / 2,
    ),
    WassersteinGradientPenalty: Row(
        lambda real, made: made.mean() - real.mean(),
        lambda made: -made.mean(),
    ),
}


def row(game: Game) -> Row:
    """The row of an objective."""
    return _ROWS[type(game)]


def penalty(game: Game, judge: Callable[[Tensor], Tensor], between: Tensor) -> Tensor | None:
    """What an objective adds for the gradient of the judgement there; None where it adds nothing.

    `between` are examples (n, …) between real ones and those that were made.
    """
    if not isinstance(game, WassersteinGradientPenalty):
        return None
    given = between.detach().requires_grad_()
    total: Any = judge(given).sum()
    (slope,) = torch.autograd.grad(total, given, create_graph=True)
    length = slope.flatten(1).square().sum(dim=1).clamp_min(TINY).sqrt()
    return game.penalty * (length - 1).square().mean()
