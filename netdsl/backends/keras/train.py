"""What training gets from the Keras backend: models and engines that run the emitted source."""

from __future__ import annotations

from netdsl.backends.engine import Examples, Task
from netdsl.backends.keras import models
from netdsl.backends.keras.adversaries import KerasAdversaries
from netdsl.backends.keras.augment import augmented
from netdsl.backends.keras.devices import distribute
from netdsl.backends.keras.engine import KerasEngine, KerasModel, on_device
from netdsl.backends.keras.precision import computing, shortened
from netdsl.backends.team import ALONE, Team
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet

__all__ = ["augmented", "gather", "make_engine", "make_model"]

# How many examples a prediction on new data takes at once.
_AT_ONCE = 64


def make_engine(
    net: ElaboratedNet, task: Task, examples: Examples, device: str
) -> KerasEngine | KerasAdversaries:
    """An engine for a task over these examples; its weights have yet to be set."""
    contest = task.contest
    if contest is not None:
        with on_device(device), computing(task.precision):
            generator = models(contest.generator.net)
            discriminator = models(contest.discriminator.net, contest.fold)
            return KerasAdversaries(generator, discriminator, task, contest, examples, device)
    with on_device(device), computing(shortened(task.precision) if task.fast else task.precision):
        return KerasEngine(models(net, task.folded), net.graph, task, examples, device)


def gather(devices: int, strategy: str | None, device: str) -> Team:
    """Has this process, which is a team of one, compute on so many devices."""
    if strategy == "fsdp":
        raise UserError("--strategy fsdp goes with --backend torch alone")
    distribute(devices, device)
    return ALONE


def make_model(net: ElaboratedNet, output: str, device: str) -> KerasModel:
    """A model that predicts; its weights have yet to be set."""
    with on_device(device):
        return KerasModel(models(net), net.graph, output, _AT_ONCE, device)
