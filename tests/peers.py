"""Libraries that tests and benchmarks compare with, where their import needs care."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType


def import_torchvision() -> ModuleType:
    """torchvision, also where its compiled operators do not fit the build of torch.

    On Linux its wheel is built for CUDA and loads no operators beside a CPU build of torch; then
    its import fails for want of two that no classifier uses. It is enough to declare them.
    """
    import torch

    try:
        return import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{operator}", schema)
    return import_module("torchvision")
