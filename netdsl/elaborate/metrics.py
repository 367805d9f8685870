"""The metrics of a train section that name what they look at: `f1(parity, odd)`.

From: the list as it is written. To: metrics with the names of outputs and fields; those of tensors
that the net does not hand out become further outputs, as those of a loss do.
"""

from __future__ import annotations

from netdsl.catalog.arguments import Argument
from netdsl.catalog.metrics import Metric, MetricTerm
from netdsl.elaborate import binding
from netdsl.elaborate.frame import Elaboration, Frame
from netdsl.elaborate.operands import extended, operand
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.values import Poisoned
from netdsl.elaborate.words import entry_named
from netdsl.graph import ElaboratedNet
from netdsl.record import Record
from netdsl.syntax import tree


class WrittenMetric(Record):
    """A metric with the expressions of what it looks at, which are read with the net."""

    metric: Metric
    tensors: tuple[tree.Expression, ...]


def metrics(
    frame: Frame, kind: Argument, expression: tree.Expression
) -> tuple[Metric | WrittenMetric, ...] | None:
    """What a section's `metrics` says; None for none."""
    items = expression.items if isinstance(expression, tree.Display) else (expression,)
    if not any(_named(item) for item in items):
        found: tuple[Metric, ...] | None = binding.accepted(frame, kind, expression, "train")
        return found
    told: list[Metric | WrittenMetric] = []
    for item in items:
        tensors = _named(item)
        if tensors:
            told.append(_written(frame, kind, item, tensors))
        else:
            alone = expression.replace(items=(item,), span=item.span)
            told += binding.accepted(frame, kind, alone, "train")
    return tuple(told)


def read_metrics(
    elaboration: Elaboration,
    scope: Scope,
    net: ElaboratedNet,
    written: tuple[Metric | WrittenMetric | MetricTerm, ...] | None,
) -> tuple[ElaboratedNet, tuple[Metric | MetricTerm, ...] | None] | None:
    """The metrics, and the net with the outputs that they are of; None where there are mistakes."""
    if written is None or not any(isinstance(one, WrittenMetric) for one in written):
        return net, written  # type: ignore[return-value]
    return extended(
        elaboration, scope, net, lambda frame: tuple(_read(frame, one) for one in written)
    )


def _read(frame: Frame, one: Metric | WrittenMetric | MetricTerm) -> Metric | MetricTerm:
    if not isinstance(one, WrittenMetric):
        return one
    tensors = one.tensors
    for tensor in tensors:
        if not isinstance(tensor, tree.Name):
            raise Mistake(
                "operands",
                f"{one.metric.word} looks at what has a name, which its figure takes",
                tensor.span,
                help="`as` in the net names a tensor",
            )
    names = tuple(operand(frame, tensor) for tensor in tensors)
    called = tensors[0].span.text
    return MetricTerm(one.metric, names, called, tuple(tensor.span for tensor in tensors))


def _named(item: tree.Expression) -> tuple[tree.Expression, ...]:
    """The tensor and the field that a metric is called with; empty where it names none."""
    if not isinstance(item, tree.Call) or not isinstance(item.callee, tree.Name):
        return ()
    free = [one.value for one in item.arguments if one.name is None]
    return tuple(free[:2]) if len(free) > 1 else ()


def _written(
    frame: Frame, kind: Argument, item: tree.Expression, tensors: tuple[tree.Expression, ...]
) -> WrittenMetric:
    assert isinstance(item, tree.Call) and isinstance(item.callee, tree.Name)
    entry = entry_named(Metric.category, item.callee.name)
    if entry is None:
        # What it is instead is told as of any other.
        binding.accepted(frame, kind, item.callee, "train")
        raise Poisoned
    rest = tuple(one for one in item.arguments if one.value not in tensors)
    metric = binding.entry_of(frame, entry, rest, item.span)
    assert isinstance(metric, Metric)
    if not metric.figure:
        raise Mistake(
            "operands",
            f"{metric.word} is told of what the loss compares first, and names nothing",
            item.span,
            help=f"{metric.word} stands alone",
        )
    return WrittenMetric(metric, tensors)
