"""Where chance such as dropout starts in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from netdsl.backends.keras.on_torch import begin_chance as begin_on_torch


def seeds_of(model: keras.Model) -> list[Any]:
    """The states that chance is drawn from: variables that are no weights."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def begin_chance(seed: int, states: Sequence[Any]) -> None:
    """Has all chance start from a seed."""
    begin_on_torch(seed)
    for number, state in enumerate(states):
        drawn = np.random.SeedSequence([seed, number]).generate_state(1)
        state.assign([int(drawn[0]) >> 1, 0])  # below 2 ** 31, as some engines want it
