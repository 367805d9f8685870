"""What training gets from the PyTorch backend: models and engines that run the emitted source."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

from netdsl.analyze.cost import Costs
from netdsl.backends.contest import Contest
from netdsl.backends.engine import Examples, Task
from netdsl.backends.idle import has_idle
from netdsl.backends.team import Team
from netdsl.backends.torch import build
from netdsl.backends.torch.adversaries import TorchAdversaries
from netdsl.backends.torch.augment import augmented
from netdsl.backends.torch.engine import TorchEngine, TorchModel
from netdsl.backends.torch.precision import double
from netdsl.backends.torch.team import Sharing
from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.graph import ElaboratedNet

if TYPE_CHECKING:
    from netdsl.backends.torch.fabric import Gathered

__all__ = ["augmented", "gather", "make_engine", "make_member", "make_model"]

# Multiply-adds of one evaluation's batch below which threads wait for one another longer than they
# compute.
_SMALL = 4_000_000
# How many examples a prediction on new data takes at once.
_AT_ONCE = 64


def make_engine(
    net: ElaboratedNet, task: Task, examples: Examples, device: str
) -> TorchEngine | TorchAdversaries:
    """An engine for a task over these examples; its weights have yet to be set.

    A small net is computed by one thread of the CPU.
    """
    if task.contest is not None:
        return _adversaries(net, task, task.contest, examples, device)
    return _engine(net, task, examples, device, None)


def make_member(net: ElaboratedNet, task: Task, examples: Examples, team: Team) -> TorchEngine:
    """See `Backend.make_member`."""
    gathered = cast("Gathered", team)
    gathered.check(task)
    gathered.idle = has_idle(net, task.compared)
    return _engine(net, task, examples, gathered.device, gathered)


def _engine(
    net: ElaboratedNet, task: Task, examples: Examples, device: str, team: Sharing | None
) -> TorchEngine:
    with double() if task.precision == "float64" else nullcontext():
        module = build(net, task.folded)
    return TorchEngine(module, task, examples, device, _threads(net, task.batch), team)


def _adversaries(
    net: ElaboratedNet, task: Task, contest: Contest, examples: Examples, device: str
) -> TorchAdversaries:
    with double() if task.precision == "float64" else nullcontext():
        generator = build(contest.generator.net)
        discriminator = build(contest.discriminator.net, contest.fold)
    # What they learn from is a quarter of what is evaluated at once.
    threads = _threads(net, task.batch // 4)
    return TorchAdversaries(generator, discriminator, task, contest, examples, device, threads)


def _threads(net: ElaboratedNet, batch: int) -> int | None:
    """How many threads of the CPU compute so many examples; None leaves it to PyTorch."""
    macs = Costs().graph(net.graph).macs
    return 1 if isinstance(macs, int) and macs * batch < _SMALL else None


def gather(devices: int | None, strategy: str | None, device: str) -> Team:
    """The processes that train together, as torchrun's environment variables tell of them.

    Each has started a process like this one. Raises `UserError` for what does not fit.
    """
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    if devices not in (None, here):
        raise UserError(f"torchrun has started {here} processes here, --devices says {devices}")
    need("lightning_fabric")
    from netdsl.backends.torch.fabric import Gathered

    return Gathered(strategy or "ddp", device)


def make_model(net: ElaboratedNet, output: str, device: str) -> TorchModel:
    """A model that predicts; its weights have yet to be set."""
    return TorchModel(build(net, frozenset()), output, _AT_ONCE, device)
