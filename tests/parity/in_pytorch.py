"""What a model of PyTorch makes of images that have their channels last."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tests.parity.references import Array


def channels_first(images: Array) -> Tensor:
    """Images as PyTorch takes them."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


@torch.no_grad()
def answer(
    model: nn.Module, call: Callable[[Tensor], Tensor], images: Array, double: bool
) -> Array:
    """What a call of a model gives, in single or double precision; the model ends in single."""
    batch = channels_first(images)
    if double:
        model.double()
        batch = batch.double()
    found: Array = call(batch).numpy()
    model.float()
    return found
