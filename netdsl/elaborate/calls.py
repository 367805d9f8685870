"""Calls: what `callee(…)` is worth, for layers, blocks, functions and what the language brings."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.arguments import Argument, Entry, TensorInput, TiedWeight
from netdsl.catalog.base import Layer
from netdsl.elaborate import binding, defaults, expressions, lookup
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.values import (
    Builtin,
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Tensor,
    kind_of,
)
from netdsl.syntax import tree


def call_value(frame: Frame, call: tree.Call, argument: Argument | None = None) -> Any:
    """The value of `callee(…)`: a finished layer, a number of a function, an entry."""
    target = callee(frame, call, argument)
    if isinstance(target, Builtin):
        return _call_builtin(frame, target, call)
    if isinstance(target, EntryWord):
        if not issubclass(target.entry, Layer):
            return binding.entry_of(frame, target.entry, call.arguments, call.span)
        if brings_tensors(target.entry, call):
            return expressions.closure(frame, call)
        bound = binding.bind_layer(frame, target.entry, call.arguments, call.span)
        return FinishedLayer(bound.layer, bound.arguments)
    if isinstance(target, Definition):
        if isinstance(target.node, tree.Function):
            return _call_function(frame, target, call)
        if any(parameter.tensor for parameter in target.node.parameters):
            return expressions.closure(frame, call)
        values, written = binding.bind_definition(frame, target, call.arguments, call.span)
        return FinishedBlock(target, values, written)
    if isinstance(target, Tensor | str | int | float | tuple) or target is None:
        raise Mistake("not-callable", f"{kind_of(target)} cannot be called", call.callee.span)
    raise Mistake(
        "not-callable",
        "this layer is finished: it takes no more arguments",
        call.callee.span,
    )


def callee(frame: Frame, call: tree.Call, argument: Argument | None = None) -> Any:
    """What a call calls."""
    if isinstance(call.callee, tree.Name):
        return lookup.callable_named(frame, call.callee, argument)
    return expressions.evaluate(frame, call.callee)


def brings_tensors(entry: type[Entry], call: tree.Call) -> bool:
    """Whether a call gives a layer tensors, so that it can only be applied where it stands."""
    assert issubclass(entry, Layer)
    if not entry.takes_flow or entry.operands != (0, 0):
        return True
    named = {given.name.name for given in call.arguments if given.name is not None}
    return any(
        name in named or declared.required
        for name, declared in entry.arguments().items()
        if isinstance(declared, TensorInput | TiedWeight)
    )


def _call_builtin(frame: Frame, target: Builtin, call: tree.Call) -> Any:
    meter = frame.elaboration.meter
    values = _values(frame, call)
    for value in values:
        meter.work(value, call.span)
    found = expressions.call_builtin(target.name, target.function, values, call.span)
    return meter.made(found, call.span) if isinstance(found, tuple) else found


def _values(frame: Frame, call: tree.Call) -> tuple[Any, ...]:
    values: list[Any] = []
    for given in call.arguments:
        if given.name is not None:
            raise Mistake("unknown-argument", "this function takes no names", given.name.span)
        if isinstance(given.value, tree.Comprehension):
            values.append(
                tuple(
                    expressions.evaluate(inner, given.value.element)
                    for inner in expressions.rounds(frame, given.value)
                )
            )
        else:
            values.append(expressions.evaluate(frame, given.value))
    return tuple(values)


def _call_function(frame: Frame, target: Definition, call: tree.Call) -> Any:
    node = target.node
    assert isinstance(node, tree.Function)
    values, _ = binding.bind_definition(frame, target, call.arguments, call.span)
    outer = defaults.file_frame(frame.elaboration, target.scope)
    inner = outer.child({}, outer.defaults)
    for parameter in node.parameters:
        name = parameter.name.name
        if name in values:
            inner.names[name] = values[name]
        elif parameter.default is not None:
            inner.names[name] = expressions.evaluate(inner, parameter.default)
    meter = frame.elaboration.meter
    if meter.depth >= meter.limits.depth * 2:
        raise meter.exceeded("depth", f"{node.name.name} calls itself too deeply", call.span)
    meter.depth += 1
    try:
        return expressions.evaluate(inner, node.value)
    finally:
        meter.depth -= 1
