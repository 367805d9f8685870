"""From a spec and its data to a plan: everything that training needs, every default written out.

What does not fit is found here, before anything runs, and told as a `UserError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from netdsl.backends.engine import Array, Penalty, Task
from netdsl.catalog.base import Weighted
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.settings import Accuracy, Settings
from netdsl.data.fields import DataSet
from netdsl.data.meet import meet, written
from netdsl.data.read import read
from netdsl.data.scaling import Scaling, standardise
from netdsl.data.split import Split, split
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, Graph, named_nodes, named_weights
from netdsl.tensor import TensorType
from netdsl.training.objective import main_output, objective, with_targets

# Nothing is kept for a gradient in evaluation, so that more examples fit at once.
_EVALUATED_AT_ONCE = 4
_LEAST_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained on what: the net, its data scaled and split, the engine's task.

    The settings have every default written out. `digest` is a checksum of the data as the source
    gave it.
    """

    net: ElaboratedNet
    settings: Settings
    data: DataSet
    split: Split
    scalings: Mapping[str, Scaling]
    task: Task
    digest: str

    @property
    def arrays(self) -> dict[str, Array]:
        """The fields' numbers by name."""
        return {name: field.values for name, field in self.data.fields.items()}

    @property
    def shares(self) -> dict[str, int]:
        """How many examples each share has."""
        return {
            "train": len(self.split.train),
            "validation": len(self.split.validation),
            "test": len(self.split.test),
        }


def make_plan(net: ElaboratedNet, settings: Settings, base: Path) -> Plan:
    """Reads the data, whose paths are relative to `base`, and fits net, data and loss together."""
    data = read(settings.data, base, settings.seed)
    digest = data.digest()
    data = with_targets(net, settings.loss, data)
    parts = split(data, settings.split, settings.seed)
    data, scalings = standardise(data, parts.train)
    inputs = meet(data, net.inputs)
    data = _as_floats(data, net, inputs)
    terms, folded, scored = objective(net, settings.loss, data)
    if settings.metrics is None:
        settings = settings.replace(metrics=() if scored is None else (Accuracy(),))
    elif settings.metrics and scored is None:
        raise UserError("accuracy needs a classification; this loss has no label for its target")
    task = Task(
        inputs=inputs,
        output=main_output(net).name,
        terms=terms,
        folded=folded,
        scored=scored,
        optimizer=settings.optimizer,
        penalties=tuple(_penalties(net.graph, settings)),
        batch=_at_once(settings, len(data)),
    )
    plan = Plan(net, settings, data, parts, scalings, task, digest)
    _check_stopping(plan)
    _check_batch(plan)
    return plan


def _as_floats(data: DataSet, net: ElaboratedNet, inputs: tuple[str, ...]) -> DataSet:
    """Whole numbers that flow into an input of floats become floats; a label cannot."""
    for port, name in zip(net.inputs, inputs, strict=True):
        field = data.fields[name]
        if port.type.number == "int" or field.type.number == "float":
            continue
        if field.kind == "label":
            raise UserError(
                f"{name} of {data.name} is a label, but the net's input {port.name} takes floats; "
                f"write `input {port.name}: {written(field.type)}`"
            )
        data = data.with_field(replace(field, values=field.values.astype(np.float32)))
    return data


def _penalties(graph: Graph, settings: Settings) -> Iterator[Penalty]:
    """What every matrix and kernel adds to the loss: the section's penalty and its layer's own.

    Vectors, which are biases and the scales of normalisations, are not penalised.
    """
    for named in named_weights(graph):
        if named.weight.role != "weight" or len(named.weight.shape) < 2:
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


def _check_stopping(plan: Plan) -> None:
    rule = plan.settings.early_stopping
    if rule is None:
        return
    if not len(plan.split.validation):
        raise UserError("early stopping needs a validation share; split gives it 0")
    if rule.monitor == "val_accuracy" and plan.task.scored is None:
        raise UserError(
            "val_accuracy needs a classification; this loss has no label for its target"
        )


def _check_batch(plan: Plan) -> None:
    """A batchnorm needs more than one number of each channel."""
    if plan.settings.batch != 1 and len(plan.split.train) > 1:
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
