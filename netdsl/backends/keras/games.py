"""Keras' rows of the objectives of adversaries, and the gradient that one of them is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from netdsl.backends.contest import TINY, Row
from netdsl.backends.keras.losses import Tensor
from netdsl.catalog.methods import (
    Game,
    LeastSquares,
    Minimax,
    NonSaturating,
    WassersteinGradientPenalty,
)


def _told_apart(real: Tensor, made: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))), of logits."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(made))


def _squares(real: Tensor, made: Tensor) -> Tensor:
    return (ops.mean(ops.square(real - 1)) + ops.mean(ops.square(made))) / 2


_ROWS: dict[type[Game], Row] = {
    Minimax: Row(_told_apart, lambda made: -ops.mean(ops.softplus(made))),
    NonSaturating: Row(_told_apart, lambda made: ops.mean(ops.softplus(-made))),
    LeastSquares: Row(_squares, lambda made: ops.mean(ops.square(made - 1)) / 2),
    WassersteinGradientPenalty: Row(
        lambda real, made: ops.mean(made) - ops.mean(real),
        lambda made: -ops.mean(made),
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
    slope = _slope(lambda given: ops.sum(judge(given)), between)
    squared = ops.sum(ops.square(ops.reshape(slope, (ops.shape(slope)[0], -1))), axis=1)
    length = ops.sqrt(ops.maximum(squared, TINY))
    return game.penalty * ops.mean(ops.square(length - 1))


def _slope(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """The gradient of a number, which can be differentiated again.

    `keras.ops` has no gradients, so that each engine of Keras is asked for its own.
    """
    found: Any
    match keras.config.backend():
        case "tensorflow":
            import tensorflow

            with tensorflow.GradientTape() as tape:
                tape.watch(at)
                total = function(at)
            found = tape.gradient(total, at)
        case "jax":
            import jax

            found = jax.grad(function)(at)
        case _:
            import torch

            given = at.detach().requires_grad_()
            (found,) = torch.autograd.grad(function(given), given, create_graph=True)
    return found
