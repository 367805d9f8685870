"""The backends that can train: a name to what builds a model and an engine of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol, cast

from netdsl.backends.engine import Array, Engine, Model, Task
from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.graph import ElaboratedNet


class Backend(Protocol):
    """What a backend offers to training."""

    def make_engine(
        self, net: ElaboratedNet, task: Task, fields: Mapping[str, Array], device: str
    ) -> Engine:
        """An engine for a task over these fields; its weights have yet to be set."""

    def make_model(self, net: ElaboratedNet, output: str, device: str) -> Model:
        """A model that predicts; its weights have yet to be set."""


def _torch() -> object:
    need("torch")
    return import_module("netdsl.backends.torch.train")


BACKENDS: dict[str, Callable[[], object]] = {"torch": _torch}


def backend(name: str) -> Backend:
    """The backend of that name; an extra that is missing is a `UserError`."""
    if name not in BACKENDS:
        raise UserError(f"there is no backend {name}; there is {', '.join(BACKENDS)}")
    return cast(Backend, BACKENDS[name]())
