"""What goes from batch to batch, in Keras: variables of the step that it compiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from netdsl.backends.carry import Carry
from netdsl.backends.keras.losses import Tensor


class Carried(keras.layers.Layer):  # type: ignore[misc]
    """The states of each lane; without a `carry` there are none."""

    def __init__(self, carry: Carry | None) -> None:
        super().__init__(name="carried", dtype=keras.config.floatx(), trainable=False)
        self._carry = carry
        self._lanes = carry.lanes if carry else 0
        first = carry.first(carry.lanes) if carry else {}
        self.states = {n: keras.Variable(values, trainable=False) for n, values in first.items()}
        self.built = True

    def begin(self) -> None:
        """Has every lane stand before its first window."""
        for state in self.states.values():
            state.assign(ops.zeros(state.shape, state.dtype))

    def into(self, count: Any) -> dict[str, Tensor]:
        """What flows into the net beside so many windows."""
        # Copies, for what is kept takes the place of these numbers, which gradients still need.
        return {name: ops.copy(state[:count]) for name, state in self.states.items()}

    def keep(self, outputs: Mapping[str, Tensor]) -> None:
        """Keeps what the net has left; lanes that have ended stay as they are."""
        after = self._carry.after(outputs) if self._carry else {}
        for name, left in after.items():
            state, left = self.states[name], ops.stop_gradient(left)
            ended = state[ops.shape(left)[0] :]
            state.assign(ops.reshape(ops.concatenate([left, ended]), state.shape))
