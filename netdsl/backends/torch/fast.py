"""What `fast` has PyTorch do: the same formulas in another order and layout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar

import torch
from torch import nn

from netdsl.catalog.settings import Precision

_Call = TypeVar("_Call", bound=Callable[..., object])
_COMPILERS = ("c++", "g++", "clang++")


def laid_out(module: nn.Module) -> nn.Module:
    """Kernels of images with channels last, which tensor cores and oneDNN want."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def compiled(call: _Call, device: torch.device) -> _Call:
    """`torch.compile`, where there is what it needs: a compiler of C++, or Triton on a GPU.

    Chance such as dropout is drawn as without it.
    """
    if not _can_compile(device):
        return call
    return torch.compile(call, options={"fallback_random": True})  # type: ignore[return-value]


def shortened(precision: Precision, device: torch.device) -> Precision:
    """The precision of a fast net: GPUs multiply 16 bits many times faster than 32."""
    if device.type == "cuda" and precision == "float32" and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return precision


def _can_compile(device: torch.device) -> bool:
    if device.type == "cpu":
        names = (os.environ.get("CXX", ""), *_COMPILERS)
        return any(shutil.which(name) for name in names if name)
    return find_spec("triton") is not None
