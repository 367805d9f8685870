"""From a spec and its data to a plan: everything that training needs, every default written out.

What does not fit is found here, before anything runs, and told as a `UserError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from netdsl.backends.contest import DISCRIMINATOR_LOSS, GENERATOR_LOSS
from netdsl.backends.engine import Operand, Penalty, Task
from netdsl.catalog.base import Weighted
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.methods import Adversarial, Hebbian, Stylize
from netdsl.catalog.metrics import Accuracy, Metric, MetricTerm
from netdsl.catalog.schedules import Plateau
from netdsl.catalog.settings import Patience, Phase, Settings, Training
from netdsl.data.examples import Examples
from netdsl.data.fields import DataSet, Indices, Values
from netdsl.data.meet import meet, written
from netdsl.data.read import read
from netdsl.data.scaling import Scaling, standardise
from netdsl.data.split import Split, split
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError
from netdsl.elaborate.carry import cannot_carry
from netdsl.elaborate.parts import no_such_part, weights_of
from netdsl.graph import ElaboratedNet, Graph, Port, named_nodes, named_weights
from netdsl.tensor import TensorType
from netdsl.training import metrics
from netdsl.training.augment import augmenting
from netdsl.training.carry import carrying
from netdsl.training.contest import contest_of, judged, undecayed
from netdsl.training.draws import drawing, draws_of
from netdsl.training.objective import Objective, looked_at, main_output, objective, with_targets
from netdsl.training.order import length, steps_of

# Nothing is kept for a gradient in evaluation, so that more examples fit at once.
_EVALUATED_AT_ONCE = 4
_LEAST_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Stretch:
    """A phase of a run with every default written out, and its engine's task."""

    name: str
    settings: Settings
    task: Task


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained on what: the net, its data scaled and split, the phases.

    The settings have every default written out. `digest` is a checksum of the data as the source
    gave it.
    """

    net: ElaboratedNet
    settings: Settings
    phases: tuple[Stretch, ...]
    data: DataSet
    split: Split
    scalings: Mapping[str, Scaling]
    digest: str

    @property
    def task(self) -> Task:
        """What the net is judged by: the task of the last phase."""
        return self.phases[-1].task

    @property
    def arrays(self) -> dict[str, Values]:
        """The fields' numbers by name."""
        return {name: field.values for name, field in self.data.fields.items()}

    def examples(self, workers: int = 0) -> Examples:
        """The fields that the tasks use, as engines take them; `workers` processes read them."""
        used = {self.data.target}
        for phase in self.phases:
            used.update(phase.task.field_names)
        return Examples({n: v for n, v in self.arrays.items() if n in used}, workers)

    @property
    def metrics(self) -> tuple[Metric | MetricTerm, ...]:
        """What is told beside the loss."""
        return self.settings.metrics or ()

    @property
    def epochs(self) -> int:
        """How many epochs all phases have, where none ends before its time."""
        return sum(length(phase.settings, len(self.split.train)) for phase in self.phases)

    @property
    def shares(self) -> dict[str, int]:
        """How many examples each share has."""
        return {
            "train": len(self.split.train),
            "validation": len(self.split.validation),
            "test": len(self.split.test),
        }


def make_plan(net: ElaboratedNet, training: Training, base: Path) -> Plan:
    """Reads the data, whose paths are relative to `base`, and fits net, data and loss together."""
    settings = training.settings
    data = read(settings.data, base, settings.seed, settings.split)
    digest = data.digest()
    for phase in training.phases:
        data = with_targets(net, phase.settings.loss, data)
    parts = split(data, settings.split, settings.seed)
    if isinstance(settings.method, Stylize):
        # The one example there is, once for each step of an epoch.
        parts = replace(parts, train=np.zeros(settings.method.every, np.int64))
    data, scalings = standardise(data, parts.train)
    ports = judged(net).inputs if isinstance(settings.method, Adversarial) else net.inputs
    inputs = meet(data, ports)
    data = _as_floats(data, ports, inputs)
    phases = []
    for phase in training.phases:
        # A loss may ask for further outputs.
        stretch, net = _stretch(net, phase, data, inputs, parts.train)
        phases.append(stretch)
    settings, watched = _with_metrics(settings, net, phases[-1].task, data, inputs)
    phases = [replace(one, task=one.task.replace(watched=watched)) for one in phases]
    net, drawn = _with_draws(net, phases, data, inputs, settings.seed)
    if settings.carry:
        net, drawn = _with_carry(net, training, drawn, len(parts.train))
    plan = Plan(net, settings, tuple(drawn), data, parts, scalings, digest)
    for stretch in plan.phases:
        metrics.check(plan.metrics, stretch.task, data.classes)
        _check_watched(plan, stretch)
        _check_batch(plan, stretch)
    return plan


def _stretch(
    net: ElaboratedNet, phase: Phase, data: DataSet, inputs: tuple[str, ...], train: Indices
) -> tuple[Stretch, ElaboratedNet]:
    """The phase, and the net with the outputs that its loss is about."""
    settings = phase.settings
    goal = _goal(net, settings, data, inputs, train)
    net = goal.net
    frozen = _frozen(net, phase)
    task = Task(
        inputs=inputs,
        output=main_output(net).name,
        terms=goal.terms,
        folded=goal.folded,
        scored=goal.scored,
        optimizer=settings.optimizer,
        penalties=tuple(_penalties(net.graph, settings, frozen)),
        batch=_at_once(settings, len(data)),
        frozen=frozen,
        undecayed=undecayed(net.graph, settings.optimizer),
        accumulate=settings.accumulate,
        clip=settings.clip,
        ema=settings.ema,
        precision=settings.precision,
        fast=settings.fast,
        augmenting=augmenting(settings.augment, data, inputs, goal.terms),
        contest=contest_of(net, settings),
    )
    return Stretch(phase.name, settings, task), net


def _with_draws(
    net: ElaboratedNet,
    phases: Sequence[Stretch],
    data: DataSet,
    inputs: tuple[str, ...],
    seed: int,
) -> tuple[ElaboratedNet, Iterator[Stretch]]:
    """The net, and its phases, where what `sample` draws flows in."""
    after = drawing(net)
    shapes = [tuple(data.fields[name].values.shape[1:]) for name in inputs]
    draws = draws_of(after, shapes, seed)
    return after, (replace(one, task=one.task.replace(draws=draws)) for one in phases)


def _with_carry(
    net: ElaboratedNet, training: Training, phases: Iterable[Stretch], examples: int
) -> tuple[ElaboratedNet, Iterator[Stretch]]:
    """The net, and its phases, where states flow from window to window."""
    sentence = cannot_carry(net, training)
    if sentence is not None:
        raise UserError(sentence)
    if any(steps_of(examples, phase.settings) == 1 for phase in training.phases):
        raise UserError(
            f"carry=true carries nothing where all {examples} windows are one batch; write a "
            "smaller batch"
        )
    after, carry = carrying(net)
    return after, (
        replace(one, task=one.task.replace(carry=carry.replace(lanes=one.settings.batch)))
        for one in phases
    )


def _goal(
    net: ElaboratedNet, settings: Settings, data: DataSet, inputs: tuple[str, ...], train: Indices
) -> Objective:
    """What is made small of one net with a loss; no term where the method asks for other things."""
    if isinstance(settings.method, Adversarial | Hebbian):
        return Objective(net, (), frozenset(), None)
    fields = dict(zip((port.name for port in net.inputs), inputs, strict=True))
    return objective(net, settings.loss, data, fields, train)


def _with_metrics(
    settings: Settings, net: ElaboratedNet, task: Task, data: DataSet, inputs: tuple[str, ...]
) -> tuple[Settings, tuple[tuple[Operand, Operand], ...]]:
    """The settings with their metrics, and what those look at that name it."""
    if settings.metrics is None:
        return settings.replace(metrics=() if task.scored is None else (Accuracy(),)), ()
    fields = dict(zip((port.name for port in net.inputs), inputs, strict=False))
    told: list[Metric | MetricTerm] = []
    watched = {}
    for metric in settings.metrics:
        if isinstance(metric, MetricTerm):
            found = looked_at(net, metric, data, fields)
            names = tuple(operand.name for operand in found)
            watched[names] = found
            metric = metric.replace(operands=names)
        told.append(metric)
    return settings.replace(metrics=tuple(told)), tuple(watched.values())


def _frozen(net: ElaboratedNet, phase: Phase) -> frozenset[str]:
    """The full names of what a phase leaves as it is; `UserError` where nothing else is left."""
    frozen: set[str] = set()
    for part in phase.settings.freeze:
        sentence = no_such_part(net, part)
        if sentence is not None:
            raise UserError(sentence)
        frozen |= weights_of(net, part)
    if all(named.name in frozen for named in named_weights(net.graph) if named.trained):
        where = f" in phase {phase.name}" if phase.name else ""
        raise UserError(f"nothing is left to train{where}: {net.name} is frozen as a whole")
    return frozenset(frozen)


def _as_floats(data: DataSet, ports: tuple[Port, ...], inputs: tuple[str, ...]) -> DataSet:
    """Whole numbers that flow into an input of floats become floats; a label cannot."""
    for port, name in zip(ports, inputs, strict=True):
        field = data.fields[name]
        if port.type.number == "int" or field.type.number == "float":
            continue
        if field.kind == "label":
            raise UserError(
                f"{name} of {data.name} is a label, but the net's input {port.name} takes floats; "
                f"write `input {port.name}: {written(field.type)}`"
            )
        if isinstance(field.values, Streamed):
            raise UserError(
                f"{name} of {data.name} holds whole numbers, but the net's input {port.name} takes "
                f"floats; write `input {port.name}: {written(field.type)}`"
            )
        data = data.with_field(replace(field, values=field.values.astype(np.float32)))
    return data


def _penalties(graph: Graph, settings: Settings, frozen: Set[str]) -> Iterator[Penalty]:
    """What every matrix and kernel adds to the loss: the section's penalty and its layer's own.

    Vectors, which are biases and the scales of normalisations, are not penalised, nor is what is
    frozen.
    """
    for named in named_weights(graph):
        if not named.trained or len(named.weight.shape) < 2 or named.name in frozen:
            continue
        l1, l2 = settings.l1, settings.l2
        if isinstance(named.layer, Weighted):
            l1, l2 = l1 + named.layer.l1, l2 + named.layer.l2
        if l1 or l2:
            yield Penalty(named.name, l1, l2)


def _at_once(settings: Settings, examples: int) -> int:
    if settings.batch == "all":
        return examples
    return max(_EVALUATED_AT_ONCE * settings.batch, _LEAST_AT_ONCE)


def _check_watched(plan: Plan, phase: Stretch) -> None:
    """Refuses to watch a figure that is not told."""
    for rule in (phase.settings.early_stopping, phase.settings.schedule):
        if not isinstance(rule, Patience | Plateau):
            continue
        what = "early stopping" if isinstance(rule, Patience) else rule.word
        if rule.monitor.startswith("val_") and not len(plan.split.validation):
            raise UserError(f"{what} needs a validation share; split gives it 0")
        told = _told(plan, phase.task)
        if rule.monitor not in told:
            raise UserError(
                f"{what} cannot watch {rule.monitor}: what is told is {', '.join(told)}"
            )


def _told(plan: Plan, task: Task) -> list[str]:
    """The figures that every entry of the log has."""
    own = ["loss"] if task.scored is None else ["loss", "accuracy"]
    if task.contest is not None:
        own = [DISCRIMINATOR_LOSS, GENERATOR_LOSS]
    if not len(plan.split.validation):
        return own
    further = [metric.figure for metric in plan.metrics if metric.figure not in ("", *own)]
    return [*own, *(f"val_{name}" for name in (*own, *further))]


def _check_batch(plan: Plan, phase: Stretch) -> None:
    """A batchnorm needs more than one number of each channel; a step needs all its batches."""
    settings, examples = phase.settings, len(plan.split.train)
    if settings.accumulate > 1 and settings.batch == "all":
        raise UserError("batch=all takes every example at once; accumulate needs a number")
    if settings.accumulate * 2 > examples and settings.accumulate > 1:
        raise UserError(
            f"accumulate={settings.accumulate} needs {2 * settings.accumulate} examples to train "
            f"on, but there are {examples}"
        )
    contest, there = phase.task.contest, steps_of(examples, settings)
    if contest is not None and contest.critic_steps > there:
        raise UserError(
            f"critic_steps={contest.critic_steps} leaves the generator no step: an epoch has "
            f"{there} batches; write a smaller batch"
        )
    # Of lanes that do not come out even the last batch may have one window.
    left = settings.carry and settings.batch != "all" and examples % settings.batch == 1
    if settings.batch != 1 and examples > 1 and not left:
        return
    name = next(_single_positions(plan.net.graph, ""), None)
    if name is not None:
        raise UserError(
            f"{name} sees one number of each channel when batches have one example, which has no "
            "variance; write batch=2 or more, or layernorm"
        )


def _single_positions(graph: Graph, prefix: str) -> Iterator[str]:
    """The full names of batchnorms whose input has a single position."""
    for name, node in named_nodes(graph):
        if isinstance(node.work, Graph):
            yield from _single_positions(node.work, f"{prefix}{name}.")
        elif isinstance(node.work, BatchNorm) and _is_single(graph.input_types(node)[0]):
            yield prefix + name


def _is_single(type: TensorType) -> bool:
    """Whether one example has a single position, such as a vector."""
    return all(size == 1 for size in type.spatial)
