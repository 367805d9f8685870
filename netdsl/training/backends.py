"""The backends by name: what builds models, judges and, where they can train, engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol, cast

from netdsl.backends.engine import Array, Engine, Judge, Model, Task
from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.graph import ElaboratedNet


class Runtime(Protocol):
    """What a backend offers that runs trained nets."""

    def make_engine(
        self, net: ElaboratedNet, task: Task, fields: Mapping[str, Array], device: str
    ) -> Judge:
        """What judges by a task over these fields; its weights have yet to be set."""

    def make_model(self, net: ElaboratedNet, output: str, device: str) -> Model:
        """A model that predicts; its weights have yet to be set."""


class Backend(Runtime, Protocol):
    """What a backend offers to training."""

    def make_engine(
        self, net: ElaboratedNet, task: Task, fields: Mapping[str, Array], device: str
    ) -> Engine:
        """An engine for a task over these fields; its weights have yet to be set."""


def _torch() -> object:
    need("torch")
    return import_module("netdsl.backends.torch.train")


def _onnx() -> object:
    for module in ("onnx", "onnxruntime"):
        need(module)
    return import_module("netdsl.backends.onnx.engine")


BACKENDS: dict[str, Callable[[], object]] = {"torch": _torch}
RUNTIMES: dict[str, Callable[[], object]] = {**BACKENDS, "onnx": _onnx}


def backend(name: str) -> Backend:
    """The backend of that name, which can train; an extra that is missing is a `UserError`."""
    return cast(Backend, _found(name, BACKENDS))


def runtime(name: str) -> Runtime:
    """What runs trained nets under that name; an extra that is missing is a `UserError`."""
    return cast(Runtime, _found(name, RUNTIMES))


def _found(name: str, table: Mapping[str, Callable[[], object]]) -> object:
    if name not in table:
        raise UserError(f"there is no backend {name}; there is {', '.join(table)}")
    return table[name]()
