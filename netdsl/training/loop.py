"""The loop over epochs: it owns order, stopping, checkpoints and the log; an engine does the rest.

After every epoch the disk holds all that going on needs. An interruption drops the epoch that it
falls into; a run that goes on ends in the same weights as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from netdsl.backends.engine import Array, Engine, Indices, Task
from netdsl.backends.team import ALONE, Team
from netdsl.diagnostics import UserError
from netdsl.training.initial import initial_weights
from netdsl.training.interrupt import Interruptions
from netdsl.training.metrics import evaluated
from netdsl.training.order import batches, chance, length
from netdsl.training.pictures import picture
from netdsl.training.plan import Plan
from netdsl.training.run import Entry, RunFolder, State
from netdsl.training.schedule import factors
from netdsl.training.shared import first_figures, first_state, first_weights
from netdsl.training.stopping import Falling, Stopping


class Listener(Protocol):
    """Who is told how training goes."""

    def epoch_starts(self, epoch: int, examples: int) -> None:
        """An epoch over so many examples begins."""

    def examples_done(self, count: int) -> None:
        """Further examples of the epoch are done."""

    def epoch_ends(self, entry: Entry) -> None:
        """An epoch is done and on the disk; `entry` is what the log says of it."""


# Makes what learns by a task; the same engine where it is asked for the same task again.
Engines: TypeAlias = Callable[[Task], Engine]


def begin(
    plan: Plan,
    engines: Engines,
    run: RunFolder,
    given: Mapping[str, Array] = {},
    team: Team = ALONE,
) -> None:
    """Keeps the first weights as the state after 0 epochs.

    Those that are `given` take the place of those that the seed draws.
    """
    weights = initial_weights(plan.net.graph, plan.settings.seed) | dict(given)
    engine = engines(plan.phases[0].task)
    engine.put_weights(weights)
    state = State(0, 0, 0, weights, engine.state(), {}, {})
    if team.rank == 0:
        run.write_state(state)


def train(
    plan: Plan, engines: Engines, run: RunFolder, listener: Listener, team: Team = ALONE
) -> None:
    """Trains from where the run stands to its end; `KeyboardInterrupt` leaves it resumable.

    Of a team the first process reads and writes, and the others hear from it.
    """
    state = first_state(team, run)
    if team.rank == 0:
        run.cut_log(state.epoch)
    interruptions = Interruptions()
    with interruptions.watched():
        for number in range(state.phase, len(plan.phases)):
            if number > state.phase:
                # A phase begins with the weights that the one before it kept, and overwrites them.
                state = State(state.epoch, number, 0, first_weights(team, run), {}, {}, {})
                if team.rank == 0:
                    run.write_state(state)
            phase = _Phase(plan, number, engines, run, state, team)
            state = phase.train(interruptions, listener)


class _Phase:
    """A phase of a run under way."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        engines: Engines,
        run: RunFolder,
        state: State,
        team: Team,
    ) -> None:
        self._plan, self._number, self._run = plan, number, run
        self._team = team
        self._phase = plan.phases[number]
        self._engine = engines(self._phase.task)
        self._engine.put_weights(state.weights)
        self._engine.put_state(state.optimizer)
        settings = self._phase.settings
        self._stopping = Stopping(settings.early_stopping)
        self._stopping.restore(state.stopping)
        self._falling = Falling(settings.schedule)
        self._falling.restore(state.falling)
        self._state = state

    def train(self, interruptions: Interruptions, listener: Listener) -> State:
        """Trains to the end of the phase; returns where the run stands then."""
        epochs = length(self._phase.settings, len(self._plan.split.train))
        while self._state.done < epochs and not self._stopping.over:
            entry = self._one_epoch(listener)
            with interruptions.deferred():
                self._keep(entry)
                listener.epoch_ends(entry)
        return self._state

    def _one_epoch(self, listener: Listener) -> Entry:
        seed, epoch = self._plan.settings.seed, self._state.epoch + 1
        started = time.perf_counter()
        cut, rates = self._steps(epoch)
        listener.epoch_starts(epoch, sum(map(len, cut)))
        figures = self._engine.train(cut, rates, chance(seed, epoch), listener.examples_done)
        if len(self._plan.split.validation):
            plan = self._plan
            validated = evaluated(
                self._engine,
                self._phase.task,
                plan.metrics,
                plan.data.classes,
                plan.split.validation,
            )
            figures |= {f"val_{name}": value for name, value in validated.items()}
        figures = first_figures(self._team, figures)
        for name, value in figures.items():
            if not math.isfinite(value):
                raise _diverged(f"{name} is {value} in", epoch)
        named = {"phase": self._phase.name} if self._phase.name else {}
        settings = self._phase.settings
        has_rate = "optimizer" not in settings.method.unused
        return {
            "epoch": epoch,
            **named,
            **figures,
            **({"rate": settings.optimizer.lr * rates[-1]} if has_rate else {}),
            "seconds": round(time.perf_counter() - started, 3),
        }

    def _steps(self, epoch: int) -> tuple[list[Indices], list[float]]:
        """The batches of an epoch, and the factor of the learning rate for each step over them."""
        settings, share = self._phase.settings, self._plan.split.train
        every, done = settings.accumulate, self._state.done
        seed = self._plan.settings.seed
        cut = batches(share, settings.batch, seed, epoch, every, settings.carry)
        steps = len(cut) // every
        whole: float = settings.epochs
        left = steps
        if settings.steps is not None:
            whole = settings.steps / steps
            left = min(steps, settings.steps - done * steps)
        rates = factors(settings.schedule, done + 1, steps, whole, self._falling.reached)
        return cut[: left * every], rates[:left]

    def _keep(self, entry: dict[str, Any]) -> None:
        """Writes what an epoch gave; the state comes last, for it says that the epoch is done."""
        engine, run = self._engine, self._run
        weights = engine.weights()
        for name, values in weights.items():
            if not np.isfinite(values).all():
                raise _diverged(f"{name} is not finite after", entry["epoch"])
        self._falling.note(entry)
        entry["kept"] = self._stopping.better(entry)
        kept = engine.kept() if entry["kept"] else {}
        self._state = State(
            entry["epoch"],
            self._number,
            self._state.done + 1,
            weights,
            engine.state(),
            self._stopping.to_json(),
            self._falling.to_json(),
        )
        if self._team.rank > 0:
            return
        shown = picture(self._plan, engine, kept)
        if shown is not None:
            run.write_picture(shown, entry["epoch"])
        if kept:
            run.write_weights(kept, entry["epoch"])
        run.append_log(entry)
        run.write_state(self._state)


def _diverged(what: str, epoch: int) -> UserError:
    return UserError(
        f"{what} epoch {epoch}: training diverged, which a lower learning rate usually mends "
        "(--set train.optimizer=…)"
    )
