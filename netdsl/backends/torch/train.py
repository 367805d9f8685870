"""What training gets from the PyTorch backend: models and engines that run the emitted source."""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.backends.engine import Array, Task
from netdsl.backends.torch import build
from netdsl.backends.torch.engine import TorchEngine, TorchModel
from netdsl.graph import ElaboratedNet

# How many examples a prediction on new data takes at once.
_AT_ONCE = 64


def make_engine(
    net: ElaboratedNet, task: Task, fields: Mapping[str, Array], device: str
) -> TorchEngine:
    """An engine for a task over these fields; its weights have yet to be set."""
    return TorchEngine(build(net, task.folded), task, fields, device)


def make_model(net: ElaboratedNet, output: str, device: str) -> TorchModel:
    """A model that predicts; its weights have yet to be set."""
    return TorchModel(build(net, frozenset()), output, _AT_ONCE, device)
