"""The Keras backend: a net as the source of a model, and as the model itself.

Imports are inside the functions, so that nothing is loaded before it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from netdsl.graph import ElaboratedNet
from netdsl.record import Record

if TYPE_CHECKING:
    import keras

__all__ = ["Models", "build", "emit", "models"]


class Models(Record):
    """Two models of the same layers: one for training, and one for everything else.

    They are one and the same where training asks for nothing more; else `training` has auxiliary
    outputs too, and folded outputs without their last activation. Only `training` has every layer.
    """

    training: keras.Model
    evaluation: keras.Model


def emit(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> str:
    """The source of a file whose last function makes the net; see `netdsl.backends.keras.emission`.

    `fold` names outputs that training needs before their last softmax or sigmoid.
    """
    from netdsl.backends.keras import emission

    return emission.emit(net, fold)


def models(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> Models:
    """The net as models, made by the source that `emit` writes.

    Tracebacks show the source's lines. Without Keras, or the engine that it runs on, it is a
    `UserError` that says how to install it.
    """
    from netdsl.backends.emission.execute import execute
    from netdsl.backends.keras import emission
    from netdsl.extras import need

    need("keras")
    from netdsl.backends.keras.on_torch import allow_dots

    allow_dots()
    source, name = emission.write(net, fold)
    with _as_deep_as(net):
        made = execute(source, net.name, name)[name]()
    return Models(*made) if isinstance(made, tuple) else Models(made, made)


@contextmanager
def _as_deep_as(net: ElaboratedNet) -> Iterator[None]:
    """Room for Keras, which goes through a new model by one call inside another for each step."""
    from netdsl.analyze.cost import Costs
    from netdsl.analyze.depth import depth

    usual = sys.getrecursionlimit()
    # A layer is up to five steps: padding, a move of axes and back, itself, what follows.
    sys.setrecursionlimit(usual + 5 * depth(net.graph, Costs()).longest_path)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def build(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> keras.Model:
    """The net as a model with every layer: that of `models` for training."""
    return models(net, fold).training
