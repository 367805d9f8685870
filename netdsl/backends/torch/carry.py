"""What goes from batch to batch, in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from netdsl.backends.carry import Carry


class Carried:
    """The states of each lane; without a `carry` there are none."""

    def __init__(self, carry: Carry | None, device: torch.device, kind: torch.dtype) -> None:
        self._carry = carry
        self._device, self._kind = device, kind
        self.begin()

    def begin(self) -> None:
        """Has every lane stand before its first window."""
        first = self._carry.first(self._carry.lanes) if self._carry else {}
        self._states = {
            name: torch.from_numpy(values).to(self._device, self._kind)
            for name, values in first.items()
        }

    def into(self, count: int) -> dict[str, Tensor]:
        """What flows into the net beside so many windows."""
        return {name: state[:count] for name, state in self._states.items()}

    def keep(self, outputs: Mapping[str, Tensor]) -> None:
        """Keeps what the net has left, of which no gradient goes further back."""
        if self._carry is not None:
            after = self._carry.after(outputs)
            self._states = {name: left.detach() for name, left in after.items()}
