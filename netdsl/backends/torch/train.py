"""What training gets from the PyTorch backend: models and engines that run the emitted source."""

from __future__ import annotations

from contextlib import nullcontext

from netdsl.analyze.cost import Costs
from netdsl.backends.engine import Examples, Task
from netdsl.backends.torch import build
from netdsl.backends.torch.augment import augmented
from netdsl.backends.torch.engine import TorchEngine, TorchModel
from netdsl.backends.torch.precision import double
from netdsl.graph import ElaboratedNet

__all__ = ["augmented", "make_engine", "make_model"]

# Multiply-adds of one evaluation's batch below which threads wait for one another longer than they
# compute.
_SMALL = 4_000_000
# How many examples a prediction on new data takes at once.
_AT_ONCE = 64


def make_engine(net: ElaboratedNet, task: Task, examples: Examples, device: str) -> TorchEngine:
    """An engine for a task over these examples; its weights have yet to be set.

    A small net is computed by one thread of the CPU.
    """
    macs = Costs().graph(net.graph).macs
    small = isinstance(macs, int) and macs * task.batch < _SMALL
    with double() if task.precision == "float64" else nullcontext():
        module = build(net, task.folded)
    return TorchEngine(module, task, examples, device, 1 if small else None)


def make_model(net: ElaboratedNet, output: str, device: str) -> TorchModel:
    """A model that predicts; its weights have yet to be set."""
    return TorchModel(build(net, frozenset()), output, _AT_ONCE, device)
