"""How many bits PyTorch computes with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from netdsl.catalog.settings import Precision

# Whether every operation can be done in double precision.
DOUBLES = True


@contextmanager
def double() -> Iterator[None]:
    """Modules that are made within this block have double precision, and so has what they do.

    Rounding then neither hides a difference nor makes one.
    """
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)


def computing(
    device: torch.device, precision: Precision
) -> Callable[[], AbstractContextManager[Any]]:
    """What makes the block in which a net is computed.

    With 16 bits products are computed in them, and sums, norms and losses in 32 (Micikevicius et
    al., 2018); the weights have 32.
    """
    if precision not in _HALVES:
        return nullcontext
    return partial(torch.autocast, device.type, _HALVES[precision])


def whole(tensor: Tensor) -> Tensor:
    """A tensor of at least 32 bits, for losses and for numpy, which has no `bfloat16`."""
    return tensor.float() if tensor.dtype in _HALVES.values() else tensor


_HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
