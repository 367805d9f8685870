"""A loss over every output of a net, auxiliary ones too, so that each weight has a gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netdsl.analyze.fold import folded
from netdsl.backends.engine import Array, Operand, Task, Term
from netdsl.catalog.layers.activation import Step
from netdsl.catalog.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from netdsl.catalog.optimizers import Optimizer
from netdsl.graph import ElaboratedNet, Output
from netdsl.record import Record
from netdsl.training.objective import main_output

_TARGETS = 14


class Problem(Record):
    """A task, and the arrays that it is about: inputs and targets by name."""

    task: Task
    arrays: dict[str, Array]


def problem(
    net: ElaboratedNet, inputs: Sequence[Array], optimizer: Optimizer, seed: int
) -> Problem | None:
    """The sum of a loss for each output against random targets.

    An output that ends in a softmax has a cross-entropy against classes, one that ends in a sigmoid
    one against numbers from 0 to 1, both folded; any other a squared error. One that ends in a
    `step` has no gradient and is left out; None where all do.
    """
    generator = np.random.default_rng([seed, _TARGETS])
    arrays = {port.name: values for port, values in zip(net.inputs, inputs, strict=True)}
    terms = []
    for output in net.graph.outputs:
        if folded(net.graph, output.value, Step.word):
            continue
        loss = _loss(net, output)
        # No name of the language has a space.
        field = f"target of {output.name}"
        arrays[field] = _target(loss, net, output, len(inputs[0]), generator)
        type, auxiliary = net.graph.types[output.value], output.kind == "auxiliary"
        target = (
            type.with_shape(*type.shape[:-1]).replace(number="int") if loss.takes_label else type
        )
        operands = (Operand(output.name, type, False), Operand(field, target, True))
        terms.append(Term(loss, operands, 1.0, auxiliary))
    if not terms:
        return None
    task = Task(
        inputs=tuple(port.name for port in net.inputs),
        output=main_output(net).name,
        terms=tuple(terms),
        folded=frozenset(term.prediction.name for term in terms if term.loss.folds),
        scored=None,
        optimizer=optimizer,
        penalties=(),
        batch=len(inputs[0]),
    )
    return Problem(task, arrays)


def _loss(net: ElaboratedNet, output: Output) -> Loss:
    for loss in (CrossEntropy(), BinaryCrossEntropy()):
        if folded(net.graph, output.value, loss.folds):
            return loss
    return MeanSquaredError()


def _target(
    loss: Loss, net: ElaboratedNet, output: Output, examples: int, generator: np.random.Generator
) -> Array:
    shape = (examples, *(int(str(size)) for size in net.graph.types[output.value].shape))
    if loss.takes_label:
        return generator.integers(0, shape[-1], shape[:-1])
    if loss.folds:
        return generator.random(shape, np.float32)
    return generator.standard_normal(shape, np.float32)
