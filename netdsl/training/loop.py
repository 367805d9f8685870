"""The loop over epochs: it owns order, stopping, checkpoints and the log; an engine does the rest.

After every epoch the disk holds all that going on needs. An interruption drops the epoch that it
falls into; a run that goes on ends in the same weights as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Protocol

from netdsl.backends.engine import Array, Engine
from netdsl.diagnostics import UserError
from netdsl.training.initial import initial_weights
from netdsl.training.interrupt import Interruptions
from netdsl.training.order import batches, chance
from netdsl.training.plan import Plan
from netdsl.training.run import Entry, RunFolder, State
from netdsl.training.stopping import Stopping


class Listener(Protocol):
    """Who is told how training goes."""

    def epoch_starts(self, epoch: int, examples: int) -> None:
        """An epoch over so many examples begins."""

    def examples_done(self, count: int) -> None:
        """Further examples of the epoch are done."""

    def epoch_ends(self, entry: Entry) -> None:
        """An epoch is done and on the disk; `entry` is what the log says of it."""


def begin(plan: Plan, engine: Engine, run: RunFolder, given: Mapping[str, Array] = {}) -> None:
    """Gives the engine its first weights and keeps them as the state after 0 epochs.

    Those that are `given` take the place of those that the seed draws.
    """
    weights = initial_weights(plan.net.graph, plan.settings.seed) | dict(given)
    engine.put_weights(weights)
    stopping = Stopping(plan.settings.early_stopping)
    run.write_state(State(0, weights, engine.state(), stopping.to_json()))


def train(plan: Plan, engine: Engine, run: RunFolder, listener: Listener) -> Stopping:
    """Trains from where the run stands to its end; `KeyboardInterrupt` leaves it resumable."""
    state = run.state()
    engine.put_weights(state.weights)
    engine.put_state(state.optimizer)
    stopping = Stopping(plan.settings.early_stopping)
    stopping.restore(state.stopping)
    run.cut_log(state.epoch)
    interruptions = Interruptions()
    with interruptions.watched():
        for epoch in range(state.epoch + 1, plan.settings.epochs + 1):
            if stopping.over:
                break
            entry = _one_epoch(plan, engine, epoch, listener)
            with interruptions.deferred():
                _keep(engine, run, stopping, entry)
                listener.epoch_ends(entry)
    return stopping


def _one_epoch(plan: Plan, engine: Engine, epoch: int, listener: Listener) -> Entry:
    settings, parts = plan.settings, plan.split
    started = time.perf_counter()
    listener.epoch_starts(epoch, len(parts.train))
    figures = engine.train(
        batches(parts.train, settings.batch, settings.seed, epoch),
        chance(settings.seed, epoch),
        listener.examples_done,
    )
    if len(parts.validation):
        validated = engine.evaluate(parts.validation)
        figures |= {f"val_{name}": value for name, value in validated.items()}
    for name, value in figures.items():
        if not math.isfinite(value):
            raise UserError(
                f"{name} is {value} in epoch {epoch}: training diverged, which a lower learning "
                "rate usually mends"
            )
    return {"epoch": epoch, **figures, "seconds": round(time.perf_counter() - started, 3)}


def _keep(engine: Engine, run: RunFolder, stopping: Stopping, entry: dict[str, Any]) -> None:
    """Writes what an epoch gave; the state comes last, for it says that the epoch is done."""
    weights = engine.weights()
    entry["kept"] = stopping.better(entry, entry["epoch"])
    if entry["kept"]:
        run.write_weights(weights, entry["epoch"])
    run.append_log(entry)
    run.write_state(State(entry["epoch"], weights, engine.state(), stopping.to_json()))
