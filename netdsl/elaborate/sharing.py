"""Layers with one set of weights for several uses: `shared` layers and tied weights."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.base import Layer
from netdsl.diagnostics import Label
from netdsl.elaborate import binding, expressions, instances, steps
from netdsl.elaborate.builder import Draft
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.values import EntryWord, FinishedLayer, SharedValue, Tensor
from netdsl.graph import Graph, Tie, Written, named_weights
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import TensorType


def tied(frame: Frame, expression: tree.Expression) -> tuple[Tie, tuple[int, ...]]:
    """The layer that a `tie=` names, and the shape of its weight."""
    value = expressions.evaluate(frame, expression)
    if isinstance(value, SharedValue) and isinstance(value.shared.work, Layer):
        work, types = value.shared.work, value.shared.inputs
        tie = Tie(None, value.shared)
    elif isinstance(value, Tensor) and value.maker is not None and not value.path:
        if value.builder is not frame.builder or not isinstance(value.maker.work, Layer):
            raise _no_tie(expression)
        work = value.maker.work
        types = tuple(value.builder.types[number] for number in value.maker.inputs)
        shared = value.maker.shared
        tie = Tie(None, shared) if shared else Tie(value.maker.outputs[0], None)
    else:
        raise _no_tie(expression)
    for weight in work.weights(*types):
        if weight.name == "weight":
            return tie, weight.shape
    raise _no_tie(expression)


def _no_tie(expression: tree.Expression) -> Mistake:
    return Mistake(
        "wrong-value",
        "tie names the output of a layer with a weight in this block, or a shared layer",
        expression.span,
    )


def apply_shared(frame: Frame, value: SharedValue, span: Span) -> Tensor:
    """One more use of a `shared` layer: the same weights, so they must have the same shapes."""
    builder = frame.body(span)
    flowing = frame.current(span)
    shared = value.shared
    layer = value.layer
    if isinstance(layer, EntryWord):
        layer = _bare(frame, layer, span)
    if isinstance(layer, FinishedLayer):
        out = steps.infer(frame, layer.layer, (flowing,), (flowing.type,), layer.arguments, span)
        draft = _shared_draft(frame, shared, layer.layer, flowing, layer.arguments, span)
        tensor = builder.add(draft, out)
    else:
        tensor = instances.instance(frame, instances.as_block(value), span, shared.name, shared)
        assert tensor.maker is not None
        draft = tensor.maker
    _same_weights(shared, draft.work, (flowing.type,), span)
    return tensor


def _bare(frame: Frame, word: EntryWord, span: Span) -> FinishedLayer:
    assert issubclass(word.entry, Layer)
    bound = binding.bind_layer(frame, word.entry, (), span)
    return FinishedLayer(bound.layer, bound.arguments)


def _shared_draft(
    frame: Frame, shared: Any, layer: Layer, flowing: Tensor, arguments: Any, span: Span
) -> Draft:
    builder = frame.body(span)
    frame.elaboration.meter.layer(span)
    written = Written(span, arguments, builder.branches)
    value = instances.local(builder, flowing, span).value
    draft = Draft(shared.name, True, layer, (value,), written)
    draft.shared = shared
    return draft


def _same_weights(
    shared: Any, work: Layer | Graph, types: tuple[TensorType, ...], span: Span
) -> None:
    if shared.work is None:
        shared.work, shared.inputs, shared.first = work, types, span
        return
    before, now = _weights_of(shared.work, shared.inputs), _weights_of(work, types)
    if before != now:
        raise Mistake(
            "shared-shapes",
            f"{shared.name} is shared, but would need other weights here",
            span,
            secondary=(Label(shared.first, "its weights are shaped by this use"),),
        )


def _weights_of(work: Layer | Graph, types: tuple[TensorType, ...]) -> list[tuple[str, Any]]:
    if isinstance(work, Graph):
        return [(found.name, found.weight.shape) for found in named_weights(work)]
    return [(weight.name, weight.shape) for weight in work.weights(*types)]
