"""The backends by name: what builds models, judges and, where they can train, engines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast

from netdsl.backends.augment import Drawn
from netdsl.backends.engine import Array, Engine, Examples, Judge, Model, Task
from netdsl.backends.team import Team
from netdsl.catalog.augmentations import Augmentation
from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.graph import ElaboratedNet


class Runtime(Protocol):
    """What a backend offers that runs trained nets."""

    def make_engine(self, net: ElaboratedNet, task: Task, examples: Examples, device: str) -> Judge:
        """What judges by a task over these examples; its weights have yet to be set."""

    def make_model(self, net: ElaboratedNet, output: str, device: str) -> Model:
        """A model that predicts; its weights have yet to be set."""


class Backend(Runtime, Protocol):
    """What a backend offers to training."""

    def make_engine(
        self, net: ElaboratedNet, task: Task, examples: Examples, device: str
    ) -> Engine:
        """An engine for a task over these examples; its weights have yet to be set."""

    def gather(self, devices: int | None, strategy: str | None, device: str) -> Team:
        """Who trains on several devices; `UserError` where they cannot.

        Of the backends in `BY_PROCESSES` the team is that of the processes which torchrun's
        environment variables tell of.
        """

    def make_member(self, net: ElaboratedNet, task: Task, examples: Examples, team: Team) -> Engine:
        """An engine as by `make_engine`, for the part of this process in a team of several."""

    def augmented(
        self,
        steps: Sequence[Augmentation],
        drawn: Sequence[Drawn],
        images: Array,
        nearest: bool = False,
    ) -> Array:
        """Pictures (n, height, width, channels) after the steps, for which this was drawn.

        With `nearest` they are masks (n, height, width), which geometric steps and `cutmix` change.
        """


def _torch() -> object:
    # Threads of the CPU that wait for one another at the end of each operation look for so many
    # turns before they sleep. By default they look for milliseconds, in which another process that
    # shares the cores cannot run: a small step takes forty times as long on a busy machine.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    need("torch")
    return import_module("netdsl.backends.torch.train")


def _onnx() -> object:
    for module in ("onnx", "onnxruntime"):
        need(module)
    return import_module("netdsl.backends.onnx.engine")


# What Keras trains on. The first is the default, unless the environment says another.
_ENGINES = ("tensorflow", "jax", "torch")


def _keras(engine: str | None = None) -> Callable[[], object]:
    """Keras on an engine of its, or, where that is left open, on the default one."""

    def load() -> object:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        need("numpy")
        if "keras" not in sys.modules:
            # Keras reads it once, when it is first imported.
            wanted = engine or os.environ.get("KERAS_BACKEND", _ENGINES[0])
            os.environ["KERAS_BACKEND"] = wanted
            _need_engine(wanted)
        running = need("keras").config.backend()
        if running not in _ENGINES or running != (engine or running):
            raise UserError(
                f"Keras runs on {running} in this process and cannot change to "
                f"{engine or ' or '.join(_ENGINES)}; set KERAS_BACKEND before it is imported"
            )
        return import_module("netdsl.backends.keras.train")

    return load


def _need_engine(name: str) -> None:
    """Tells of an engine that is not installed, without which Keras cannot be imported."""
    if name == "jax":
        try:
            import_module(name)
        except ImportError as error:  # no extra installs it
            raise UserError("JAX is not installed; install it with `pip install jax`") from error
    elif name in _ENGINES:
        need(name)


BACKENDS: dict[str, Callable[[], object]] = {
    "torch": _torch,
    "keras": _keras(),
    "keras:jax": _keras("jax"),
    "keras:torch": _keras("torch"),
}
# Those that train on several devices by a process for each.
BY_PROCESSES = frozenset({"torch"})
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
