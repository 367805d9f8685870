"""What the commands call: begin or go on with a run, judge it, predict with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.backends.contest import Contest
from netdsl.backends.engine import Array, Engine, Indices, Judge, Model, Task
from netdsl.backends.team import ALONE, Team
from netdsl.catalog.arguments import show
from netdsl.catalog.methods import Adversarial, Hebbian, Method, Stylize
from netdsl.catalog.settings import OF_RUN, Settings
from netdsl.catalog.sources import Csv, LabelledText, Series
from netdsl.data.examples import Examples
from netdsl.data.new import Schema, new_examples
from netdsl.data.texts import read_text
from netdsl.data.vocabulary import Vocabulary
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.training import curves, loop, pretrained
from netdsl.training.answer import Reading, answers, further_readings, reading_of
from netdsl.training.backends import backend, runtime
from netdsl.training.carry import InOrder, carrying
from netdsl.training.contest import contest_of, roles
from netdsl.training.describe import describe
from netdsl.training.drawn import Drawn, drawn
from netdsl.training.generate import CarryingWriter, Drawing, Writer, forecast
from netdsl.training.hebbian import recalling
from netdsl.training.pictures import first_picture
from netdsl.training.plan import Plan, Stretch, make_plan
from netdsl.training.result import evaluate
from netdsl.training.run import RunFolder, below
from netdsl.training.shared import first_path, first_weights, share_unreadable
from netdsl.training.spec import Opener, Spec

# The settings that decide which example is in which share.
_DEALING = ("split", "seed")
# What there is of a run instead of predictions.
_WAYS: dict[type[Method], str] = {
    Adversarial: "netdsl predict RUN --samples 64 -o samples.png shows what it makes",
    Stylize: "its picture is the last one in the folder pictures of the run",
}


class Engines:
    """Makes the engines of a run, one after the other: a phase's goes when the next one comes."""

    def __init__(
        self, name: str, plan: Plan, device: str, workers: int = 0, team: Team = ALONE
    ) -> None:
        """Examples that do not lie in memory are read by `workers` processes; 0: by this one.

        Of a `team` of several each process has its part of every batch, on the team's device.
        """
        method = plan.settings.method
        if team.size > 1 and isinstance(method, Adversarial | Hebbian):
            raise UserError(f"method = {method.word} trains on one device; leave --devices out")
        if team.size > 1 and plan.settings.carry:
            raise UserError(
                "carry=true goes along a text in one process; leave --devices out, or give it to "
                "--backend keras:jax"
            )
        self._team = team
        self._backend, self._plan, self._device = backend(name), plan, device
        self.examples = plan.examples(workers)
        self._made: tuple[Task, Engine] | None = None

    def __call__(self, task: Task) -> Engine:
        """The engine of a task; the one that there is where it is of the same."""
        if self._made is None or self._made[0] is not task:
            self._made = None  # gives its memory back first
            made = (
                self._alone(task)
                if self._team.size == 1
                else self._backend.make_member(self._plan.net, task, self.examples, self._team)
            )
            self._made = task, made
        return self._made[1]

    def _alone(self, task: Task) -> Engine:
        """The engine of a process that trains by itself."""
        plan = self._plan
        if isinstance(plan.settings.method, Hebbian):
            return recalling(plan, self._backend, self.examples, self._device)
        return self._backend.make_engine(plan.net, task, self.examples, self._device)


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
            result = _judge(self.plan, engine, examples)
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
    run = RunFolder.open(path)
    stored = run.settings()
    spec = _stored_spec(run, stored, overrides, opener)
    _check_shares(spec, stored)
    plan = _stored_plan(spec, stored)
    state = run.state()
    _check_weights(plan.net, state.weights, path)
    before, now = stored["backend"], backend_name or stored["backend"]
    engines = Engines(now, plan, device, workers, team)
    if team.rank > 0:
        return Session(plan, engines, run, team=team)
    with run.held():
        if overrides or now != before:
            run.write_settings(stored | _described(spec, plan) | {"backend": now})
        mended = run.mend_weights(state)
    changed = (
        f"{now} goes on from what {before} trained: with its weights and the optimizer's state"
    )
    told = [changed] * (now != before) + [mended] * bool(mended)
    return Session(plan, engines, run, "; ".join(told), team)


def backend_of(path: Path) -> str:
    """The name of the backend that trains a run."""
    name: str = RunFolder.open(path).settings()["backend"]
    return name


def judge(
    path: Path,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    workers: int = 0,
) -> dict[str, Any]:
    """The result of a run's weights on its test share, by the backend that trained or another."""
    plan, engine, examples = reopen(path, device, opener, backend_name, workers)
    result = _judge(plan, engine, examples)
    examples.close()
    return result


def reopen(
    path: Path, device: str, opener: Opener, backend_name: str | None = None, workers: int = 0
) -> tuple[Plan, Judge, Examples]:
    """The plan of a run over the data that it was begun with, and a judge with its weights."""
    run = RunFolder.open(path)
    stored = run.settings()
    plan = _stored_plan(_stored_spec(run, stored, {}, opener), stored)
    weights = run.weights()
    _check_weights(plan.net, weights, path)
    chosen = runtime(backend_name or stored["backend"])
    examples = plan.examples(workers)
    engine: Judge = (
        recalling(plan, chosen, examples, device)
        if isinstance(plan.settings.method, Hebbian)
        else chosen.make_engine(plan.net, plan.task, examples, device)
    )
    engine.put_weights(weights)
    return plan, engine, examples


def stored_spec(path: Path, opener: Opener) -> Spec:
    """The spec of a run as it is kept in its folder."""
    run = RunFolder.open(path)
    return _stored_spec(run, run.settings(), {}, opener)


def stored_plan(path: Path, opener: Opener) -> Plan:
    """The plan of a run over the data that it was begun with."""
    run = RunFolder.open(path)
    stored = run.settings()
    return _stored_plan(_stored_spec(run, stored, {}, opener), stored)


def reading(path: Path) -> Reading:
    """How the answers of a run's net are read."""
    return Reading.from_json(RunFolder.open(path).settings()["reading"])


def predict(
    path: Path,
    files: Iterable[Path],
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    drawing: Callable[[Iterable[Drawn]], None] | None = None,
    plain: bool = False,
) -> list[dict[str, Any]]:
    """What a run's net says of new examples, by the backend that trained or another.

    The run's own data is not needed. Where the net has further outputs, `outputs` has what is said
    of each, the first one's too. `drawing` gets pictures of classes of pixels, see `drawn`.
    """
    known = trained(path, device, opener, backend_name)
    told = []
    for names, arrays in new_examples(files, known.schemas):
        outputs = known.model.predict(arrays)
        values = known.reading.numbers(outputs)
        found = answers(values, known.reading, known.vocabulary)
        if known.further:
            found = _with_outputs(found, outputs, known)
        told += [{"input": name} | answer for name, answer in zip(names, found, strict=True)]
        if drawing is not None:
            drawing(drawn(names, arrays, known.schemas, values, known.reading, plain))
    return told


def _with_outputs(
    answered: list[dict[str, Any]], outputs: Mapping[str, Array], known: Trained
) -> list[dict[str, Any]]:
    """The answers of each example with those of every output by name."""
    of = {known.reading.output: answered}
    of |= {one.output: answers(outputs[one.output], one) for one in known.further}
    return [
        one | {"outputs": {name: found[at] for name, found in of.items()}}
        for at, one in enumerate(answered)
    ]


def generate(
    path: Path,
    file: Path | None,
    drawing: Drawing,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
) -> str | list[float]:
    """How a run's net goes on: a text with what it begins with, or the next values of a series.

    `file` has the series, or the beginning of the text.
    """
    known = trained(path, device, opener, backend_name)
    if len(known.schemas) > 1:
        raise UserError("only a net with one input can generate: what there is so far")
    (schema,) = known.schemas
    if schema.vocabulary is None:
        if file is None:
            raise UserError("a series goes on from the rows of a file; name one")
        return forecast(known.model, known.reading, schema, file, drawing)
    writer: Writer
    if isinstance(known.model, InOrder):
        writer = CarryingWriter(known.model, known.reading, schema)
    else:
        length = known.net.inputs[0].type.shape[0]
        whole = length if isinstance(length, int) else None
        writer = Writer(known.model, known.reading, schema, whole)
    return writer.write(drawing if file is None else drawing.replace(prompt=read_text(file)))


@dataclass(frozen=True, slots=True)
class Trained:
    """A net of a run with its weights, what flows into it, and how its outputs are read.

    `further` are the outputs that the answer itself is not read of.
    """

    net: ElaboratedNet
    model: Model
    schemas: list[Schema]
    reading: Reading
    further: list[Reading]

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What the classes are units of, where the net answers with a text."""
        known = (schema.vocabulary for schema in self.schemas)
        return next((one for one in known if one and one.units == self.reading.classes), None)


def generator(
    path: Path, device: str, opener: Opener, backend_name: str | None = None
) -> tuple[Contest, Model] | None:
    """The generator of a run with adversaries, and their contest; None for any other run."""
    run = RunFolder.open(path)
    stored = run.settings()
    spec = _stored_spec(run, stored, {}, opener)
    contest = contest_of(spec.net, spec.settings)
    if contest is None:
        return None
    weights = run.weights()
    _check_weights(spec.net, weights, path)
    side = contest.generator
    (output,) = side.net.graph.outputs
    chosen = runtime(backend_name or stored["backend"])
    model = chosen.make_model(side.net, output.name, device)
    model.put_weights(below(weights, side.full("")))
    return contest, model


def trained(
    path: Path,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    change: Callable[[Spec], ElaboratedNet] | None = None,
) -> Trained:
    """The net of a run, or what `change` makes of its spec: a net with the same weights."""
    run = RunFolder.open(path)
    stored = run.settings()
    spec = _stored_spec(run, stored, {}, opener)
    if isinstance(spec.settings.method, Adversarial | Stylize):
        word, way = spec.settings.method.word, _WAYS[type(spec.settings.method)]
        raise UserError(f"a run with method = {word} predicts nothing; {way}")
    weights = run.weights()
    _check_weights(spec.net, weights, path)
    read_as = Reading.from_json(stored["reading"])
    schemas = [Schema.from_json(schema) for schema in stored["inputs"]]
    chosen = runtime(backend_name or stored["backend"])
    net = change(spec) if change else _predicting(spec, read_as)
    carried = carrying(net) if spec.settings.carry and change is None else None
    model: Model = chosen.make_model(carried[0] if carried else net, read_as.output, device)
    if carried:
        model = InOrder(model, carried[1])
    model.put_weights(weights)
    there = {output.name for output in net.graph.outputs}
    others = [Reading.from_json(one) for one in stored.get("further", ())]
    return Trained(net, model, schemas, read_as, [one for one in others if one.output in there])


def _predicting(spec: Spec, reading: Reading) -> ElaboratedNet:
    """The spec's net; where the loss alone makes an output of what is read, the one with it."""
    own = any(output.name == reading.output for output in spec.net.graph.outputs)
    return spec.net if own else spec.trained


def _told(error: UserError | OSError) -> str:
    """A failure in words, with the file that it was at."""
    if isinstance(error, UserError) or error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


def judged_share(plan: Plan) -> tuple[str, Indices]:
    """The share that a run is judged by, with its examples: the first that has any.

    What patterns a net recalls is asked of those that it has stored.
    """
    parts = {"test": plan.split.test, "validation": plan.split.validation}
    if isinstance(plan.settings.method, Hebbian):
        parts = {}
    share = next((name for name, part in parts.items() if len(part)), "train")
    return share, parts.get(share, np.unique(plan.split.train))


def _judge(plan: Plan, engine: Judge, examples: Examples) -> dict[str, Any]:
    share, rows = judged_share(plan)
    return {"share": share} | evaluate(plan, engine, examples, rows)


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


def _stored_spec(
    run: RunFolder, stored: Mapping[str, Any], overrides: Mapping[str, str], opener: Opener
) -> Spec:
    request = str(run.path / stored["spec"]) + (f":{stored['asked']}" if stored["asked"] else "")
    return opener(request, {**stored["set"], **overrides}, stored["section"])


def _stored_plan(spec: Spec, stored: Mapping[str, Any]) -> Plan:
    """The plan of a run, over the data that it was begun with."""
    plan = make_plan(spec.trained, spec.training, Path(stored["data_folder"]))
    if plan.digest != stored["data"]["digest"]:
        raise UserError(
            f"{plan.data.name} has changed since this run was begun, so that its shares would mix; "
            "train anew"
        )
    return plan


def _check_shares(spec: Spec, stored: Mapping[str, Any]) -> None:
    """Refuses what would deal the examples out anew: the test share was learned from then."""
    for name in _DEALING:
        if describe(getattr(spec.settings, name)) != stored["settings"][name]:
            raise UserError(
                f"a run that goes on keeps its {name}, by which the examples were dealt out; "
                "train anew"
            )


def _check_weights(net: ElaboratedNet, weights: Mapping[str, Array], path: Path) -> None:
    wanted = {named.name: named.weight.shape for named in named_weights(net.graph)}
    found = {name: values.shape for name, values in weights.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise UserError(
                f"{path}: {name} is {found.get(name, 'missing')} in the run, but "
                f"{wanted.get(name, 'missing')} in the net {net.name}"
            )
