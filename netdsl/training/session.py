"""A run in the making: begun from a spec, or gone on with where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from netdsl.backends.team import ALONE, Team
from netdsl.catalog.arguments import show
from netdsl.catalog.settings import OF_RUN, Settings
from netdsl.catalog.sources import Csv, LabelledText, Series
from netdsl.data.new import Schema
from netdsl.diagnostics import UserError
from netdsl.training import curves, loop, pretrained
from netdsl.training.answer import further_readings, reading_of
from netdsl.training.contest import roles
from netdsl.training.describe import describe
from netdsl.training.engines import Engines
from netdsl.training.judging import judged_share, result_of
from netdsl.training.pictures import first_picture
from netdsl.training.plan import Plan, Stretch, make_plan
from netdsl.training.run import RunFolder
from netdsl.training.shared import first_path, first_weights, share_unreadable
from netdsl.training.spec import Opener, Spec
from netdsl.training.stored import Stored

# The settings that decide which example is in which share.
_DEALING = ("split", "seed")


@dataclass(frozen=True, slots=True)
class Session:
    """A run in the making: its plan, what makes its engines, its folder.

    `started` is a sentence about where its weights come from, where they are not drawn, else empty.
    """

    plan: Plan
    engines: Engines
    run: RunFolder
    started: str = ""
    team: Team = ALONE

    def train(self, listener: loop.Listener) -> None:
        """Trains to the end of the plan; whatever ends it before leaves the run resumable."""
        with self.run.held() if self.team.rank == 0 else nullcontext():
            try:
                with self.team.guard():
                    loop.train(self.plan, self.engines, self.run, listener, self.team)
            except (UserError, OSError) as error:
                raise UserError(
                    f"{_told(error)}; finished epochs are kept: {self.way_on}"
                ) from error

    @property
    def way_on(self) -> str:
        """The command that goes on with the run."""
        return f"netdsl train --resume {self.run.path}"

    def finish(self) -> dict[str, Any]:
        """Takes the weights that are kept, writes curves and test result, and returns the latter.

        Without a test share the result is that on the validation share, else on the training
        share; `share` says which. Of a team only the first process writes.
        """
        with self.team.guard():
            engine = self.engines(self.plan.task)
            engine.put_weights(first_weights(self.team, self.run))
            examples = self.engines.examples
            result = result_of(self.plan, engine, examples)
            if self.team.size > 1:
                share_unreadable(self.team, examples)
                _, rows = judged_share(self.plan)
                result["examples"] = len(rows) - examples.unreadable(rows)
            examples.close()
            self.team.leave()
        if self.team.rank > 0:
            return result
        for role in roles(self.plan.task.contest):
            self.run.write_part(role)
        log, kept = self.run.log(), self.run.kept()
        if log:
            curves.draw(self.run.curves, log, kept)
        result = {"epoch": kept} | result
        self.run.write_test(result)
        return result


def start(
    spec: Spec,
    backend_name: str,
    out: Path | None,
    device: str,
    workers: int = 0,
    team: Team = ALONE,
) -> Session:
    """A new run: nothing is written before plan and engine are made.

    Examples that do not lie in memory are read by `workers` processes; 0 means by this one. Of a
    `team` every process calls this, and the first one writes.
    """
    plan = make_plan(spec.trained, spec.training, spec.folder)
    started = pretrained.started(plan.net, plan.settings.init, spec.folder)
    given = {**started.weights, **first_picture(plan)}
    engines = Engines(backend_name, plan, device, workers, team)
    engines(plan.phases[0].task)
    if team.rank > 0:
        run = RunFolder(first_path(team, Path()))
        loop.begin(plan, engines, run, given, team)
        return Session(plan, engines, run, started.sentence, team)
    run = RunFolder.create(out, spec.net.name)
    first_path(team, run.path)
    name = run.write_spec(spec.sources)
    loop.begin(plan, engines, run, given, team)
    # Last: what has settings is a run, and a run has a state to go on from.
    run.write_settings(
        {
            "netdsl": version("netdsl"),
            "backend": backend_name,
            "spec": name,
            "asked": spec.asked,
            "data_folder": str(spec.folder),
            "pretrained": started.note,
            **_described(spec, plan),
        }
    )
    return Session(plan, engines, run, started.sentence, team)


def resume(
    path: Path,
    overrides: Mapping[str, str],
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    workers: int = 0,
    team: Team = ALONE,
) -> Session:
    """A run that goes on where it stands; `overrides` may lengthen it (`train.epochs`).

    On another backend than the one that trained it so far it goes on as exactly as numbers agree:
    weights and the optimizer's state are those of the run.
    """
    stored = Stored.open(path, opener, overrides)
    run, spec = stored.run, stored.spec
    _check_shares(stored)
    plan = stored.plan()
    state = run.state()
    stored.check(plan.net, state.weights)
    before, now = stored.backend, backend_name or stored.backend
    engines = Engines(now, plan, device, workers, team)
    if team.rank > 0:
        return Session(plan, engines, run, team=team)
    with run.held():
        if overrides or now != before:
            run.write_settings(stored.settings | _described(spec, plan) | {"backend": now})
        mended = run.mend_weights(state)
    changed = (
        f"{now} goes on from what {before} trained: with its weights and the optimizer's state"
    )
    told = [changed] * (now != before) + [mended] * bool(mended)
    return Session(plan, engines, run, "; ".join(told), team)


def _told(error: UserError | OSError) -> str:
    """A failure in words, with the file that it was at."""
    if isinstance(error, UserError) or error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


def _described(spec: Spec, plan: Plan) -> dict[str, Any]:
    """What settings.json says of a spec and its data."""
    return {
        "section": spec.section,
        "set": dict(spec.overrides),
        "net": spec.net.name,
        "arguments": {name: show(value) for name, value in spec.net.arguments.items()},
        "settings": _used(plan.settings, describe(plan.settings.replace(net=spec.net.name))),
        "epochs": plan.epochs,
        "phases": [_changed(phase, plan.settings) for phase in plan.phases if phase.name],
        "data": {"digest": plan.digest, "shares": plan.shares},
        "classes": list(plan.data.classes),
        "inputs": [_schema(plan, name).to_json() for name in plan.task.inputs],
        "reading": reading_of(plan.task, plan.data.classes, plan.scalings).to_json(),
        "further": [
            one.to_json() for one in further_readings(spec.net, plan.task, plan.data, plan.scalings)
        ],
    }


def _used(settings: Settings, described: dict[str, Any]) -> dict[str, Any]:
    """The settings that a method uses, and those by which a run is known again."""
    left_out = settings.method.unused - {"net", "data", *_DEALING}
    return {name: value for name, value in described.items() if name not in left_out}


def _changed(phase: Stretch, settings: Settings) -> dict[str, Any]:
    """The settings of a phase that are not those of the run."""
    names = (name for name in Settings.arguments() if name not in OF_RUN)
    own = {name: getattr(phase.settings, name) for name in names}
    changed = {name: value for name, value in own.items() if value != getattr(settings, name)}
    return {"name": phase.name} | {name: describe(value) for name, value in changed.items()}


def _schema(plan: Plan, name: str) -> Schema:
    field, source = plan.data.fields[name], plan.settings.data
    given = source.separator if isinstance(source, Csv | LabelledText | Series) else None
    return Schema(
        name,
        field.kind,
        tuple(field.values.shape[1:]),
        field.columns,
        plan.scalings.get(name),
        field.size,
        given or ",",
        field.vocabulary,
    )


def _check_shares(stored: Stored) -> None:
    """Refuses what would deal the examples out anew: the test share was learned from then."""
    for name in _DEALING:
        if describe(getattr(stored.spec.settings, name)) != stored.settings["settings"][name]:
            raise UserError(
                f"a run that goes on keeps its {name}, by which the examples were dealt out; "
                "train anew"
            )
