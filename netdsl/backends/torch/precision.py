"""PyTorch in double precision, where rounding must not hide a difference or make one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Whether every operation can be done in double precision.
DOUBLES = True


@contextmanager
def double() -> Iterator[None]:
    """Modules that are made within this block have double precision, and so has what they do."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)
