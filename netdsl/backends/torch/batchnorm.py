"""Batch normalisation over the parts of a batch that several processes have.

PyTorch's `SyncBatchNorm` needs a GPU. On CPUs mean and variance come from sums over all
processes, forward and backward.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def synchronised(module: nn.Module, device: torch.device) -> nn.Module:
    """A module whose batch normalisations take the statistics of the batch as a whole."""
    if device.type != "cpu":
        everywhere: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        return everywhere
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.forward = MethodType(_normalised, part)  # type: ignore[method-assign]
    return module


class _Summed(torch.autograd.Function):
    """The sum over all processes; what follows it, each has a share in, and so in its gradient."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


def _summed(values: Tensor) -> Tensor:
    total: Tensor = _Summed.apply(values)  # type: ignore[no-untyped-call]
    return total


def _normalised(part: _BatchNorm, flow: Tensor) -> Tensor:
    """What the module computes of its part of a batch, (n, channels, …)."""
    if not part.training:
        return F.batch_norm(
            flow, part.running_mean, part.running_var, part.weight, part.bias, eps=part.eps
        )
    positions = [axis for axis in range(flow.dim()) if axis != 1]
    shape = [1, -1] + [1] * (flow.dim() - 2)
    wide = flow.float() if flow.dtype in (torch.bfloat16, torch.float16) else flow
    count = wide.new_tensor([wide.numel() / wide.shape[1]])
    sums = _summed(torch.cat([wide.sum(positions), count]))
    count = sums[-1].detach()
    mean = sums[:-1] / count
    centred = wide - mean.view(shape)
    variance = _summed(centred.square().sum(positions)) / count
    _remember(part, mean.detach(), variance.detach(), count)
    scaled = centred * (variance + part.eps).rsqrt().view(shape)
    if part.weight is not None:
        scaled = scaled * part.weight.view(shape)
    if part.bias is not None:
        scaled = scaled + part.bias.view(shape)
    return scaled.to(flow.dtype)


@torch.no_grad()
def _remember(part: _BatchNorm, mean: Tensor, variance: Tensor, count: Tensor) -> None:
    """Moves the running statistics, of which the variance is the unbiased one."""
    if part.running_mean is None or part.running_var is None or part.momentum is None:
        return
    part.running_mean.lerp_(mean, part.momentum)
    part.running_var.lerp_(variance * count / (count - 1), part.momentum)
