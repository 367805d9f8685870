"""Steps: applying values to the flow. From: expressions and a `Frame`. To: tensors and nodes.

`run` carries out a pipeline where it is written; a closure is carried out in a frame of its own,
with the names that it captured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netdsl.catalog.arguments import Rejection, Symbol
from netdsl.catalog.base import Layer
from netdsl.catalog.index import WORDS
from netdsl.diagnostics import Help
from netdsl.elaborate import binding, bodies, calls, expressions, instances, sharing
from netdsl.elaborate.builder import Draft
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.origin import origins
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.values import (
    POISON,
    Closure,
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Poison,
    Poisoned,
    SharedValue,
    Tensor,
    kind_of,
    shown,
)
from netdsl.elaborate.ways import Use, helps
from netdsl.graph import Level, Tie, Written
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import Size, TensorType, Undecided

_BODIES = (tree.Group, tree.Repeat, tree.For, tree.If, tree.Pipeline)


def run(frame: Frame, expression: tree.Expression, name: str | None = None) -> Tensor:
    """Carries out an expression as a step: what flows afterwards. `frame.flow` is changed by it."""
    match expression:
        case tree.Pipeline():
            return _named_level(frame, name, lambda: _pipeline(frame, expression.steps))
        case tree.Group() | tree.If() | tree.Repeat() | tree.For():
            return _named_level(frame, name, lambda: bodies.carry_out(frame, expression))
        case tree.Call():
            return _call(frame, expression, name)
        case _:
            value = expressions.evaluate(frame, expression)
            if isinstance(expression, tree.Name) and isinstance(value, Tensor):
                _warn_of_two_meanings(frame, expression)
            return apply(frame, value, expression.span, name)


def _warn_of_two_meanings(frame: Frame, step: tree.Name) -> None:
    """A bare step that jumps to a tensor might have meant the layer or block of that name."""
    word = step.name
    item = frame.scope.items.get(word)
    if word in WORDS["layer"] or isinstance(item, tree.Block | tree.Net):
        frame.elaboration.report.say(
            "ambiguous-step",
            f"{word} is a tensor here, and also something to be called",
            step.span,
            label="the flow jumps to the tensor",
            help=f"{word}() would be called; another name for the tensor leaves no doubt",
        )


def run_from(frame: Frame, expression: tree.Expression) -> Tensor:
    """Carries out a pipeline from the flow, which stays where it was."""
    before = frame.flow
    try:
        return run(frame, expression)
    finally:
        frame.flow = before


def _pipeline(frame: Frame, steps: tuple[tree.Step, ...]) -> Tensor:
    """Carries out steps one after another; a mistake in one leaves the next to be read."""
    for step in steps:
        try:
            frame.flow = run(frame, step.value, step.name.name if step.name else None)
        except Mistake as mistake:
            bodies.tell(frame, mistake)
            frame.flow = POISON
        except Poisoned:
            frame.flow = POISON
        if step.name is not None:
            frame.names[step.name.name] = frame.flow if frame.flow is not None else POISON
    if frame.flow is None or isinstance(frame.flow, Poison):
        raise Poisoned
    return frame.flow


def _named_level(frame: Frame, name: str | None, step: Callable[[], Tensor]) -> Tensor:
    """Opens a level of names around a group or loop that has an `as` name."""
    builder = frame.builder
    if name is None or builder is None:
        return step()
    outer = builder.level
    builder.level = Level(name, outer)
    try:
        return step()
    finally:
        builder.level = outer


def _call(frame: Frame, call: tree.Call, name: str | None) -> Tensor:
    """Carries out a call as a step: tensors among its arguments are computed from the flow."""
    frame.elaboration.meter.step(call.span)
    target = calls.callee(frame, call)
    if isinstance(target, EntryWord) and issubclass(target.entry, Layer):
        bound = binding.bind_layer(frame, target.entry, call.arguments, call.span)
        return add_layer(
            frame,
            bound.layer,
            bound.tensors,
            bound.arguments,
            call.span,
            name,
            bound.tie,
            bound.places,
        )
    if isinstance(target, Definition) and not isinstance(target.node, tree.Function):
        values, expressions = binding.bind_definition(frame, target, call.arguments, call.span)
        return instances.instance(
            frame, FinishedBlock(target, values, expressions), call.span, name
        )
    return apply(frame, calls.call_value(frame, call), call.span, name)


def apply(frame: Frame, value: Any, span: Span, name: str | None = None) -> Tensor:
    """Applies a value to the flow: a layer makes a node, a tensor is jumped to."""
    match value:
        case Tensor():
            return value
        case EntryWord() if issubclass(value.entry, Layer):
            bound = binding.bind_layer(frame, value.entry, (), span)
            return add_layer(frame, bound.layer, bound.tensors, bound.arguments, span, name, None)
        case FinishedLayer():
            return add_layer(frame, value.layer, (), value.arguments, span, name, None)
        case Definition() if not isinstance(value.node, tree.Function):
            values, expressions = binding.bind_definition(frame, value, (), span)
            return instances.instance(frame, FinishedBlock(value, values, expressions), span, name)
        case FinishedBlock():
            return instances.instance(frame, value, span, name)
        case Closure():
            return _named_level(frame, name, lambda: _closure(frame, value))
        case SharedValue():
            return sharing.apply_shared(frame, value, span)
        case Poison():
            raise Poisoned
        case _:
            raise Mistake(
                "not-a-step",
                f"a step is a layer or a tensor, and this is {kind_of(value)}",
                span,
                label=shown(value),
                help=(Help("a value is named with let"),),
            )


def _closure(frame: Frame, value: Closure) -> Tensor:
    """Carries out a closure on the flow, in a frame of its own."""
    inner = value.frame.child(dict(value.names), value.defaults)
    inner.builder = frame.builder
    inner.flow = frame.flow
    inner.owner = value.frame.owner
    with bodies.nested(frame, value.expression.span):
        return run(inner, value.expression)


# Layers


def add_layer(
    frame: Frame,
    layer: Layer,
    tensors: tuple[Tensor, ...],
    arguments: Any,
    span: Span,
    name: str | None,
    tie: Tie | None,
    places: Sequence[Span | None] = (),
) -> Tensor:
    """Adds a node for a layer on the flow and the tensors given to it, each at its place."""
    builder = frame.body(span)
    inputs = (frame.current(span), *tensors) if layer.takes_flow else tensors
    places = (None, *places) if layer.takes_flow else places
    types = tuple([tensor.type for tensor in inputs])
    frame.elaboration.meter.layer(span)
    out = infer(frame, layer, inputs, types, arguments, span, places)
    written = Written(span, arguments, builder.branches)
    numbers = tuple([instances.local(builder, tensor, span).value for tensor in inputs])
    draft = Draft(name or layer.word, name is not None, layer, numbers, written)
    draft.tie = tie
    return builder.add(draft, out)


def infer(
    frame: Frame,
    layer: Layer,
    inputs: tuple[Tensor, ...],
    types: tuple[TensorType, ...],
    arguments: Any,
    span: Span,
    places: Sequence[Span | None] = (),
) -> TensorType:
    """The type that a layer gives, or a `Mistake` that says what flowed in and from where."""
    elaboration = frame.elaboration
    if not layer.takes_int:
        for tensor in inputs:
            if tensor.type.number == "int":
                raise _refused_int(layer, tensor, span)
    try:
        out = layer.infer(*types)
        layer.weights(*types)
        for index in range(len(elaboration.pair_spans), len(elaboration.pairs)):
            elaboration.pair_spans[index] = span
        return out
    except Rejection as rejection:
        use = Use(layer.word, span, arguments, places, _declared(inputs))
        raise _rejected(rejection, inputs, use) from None
    except Undecided as undecided:
        raise Mistake(
            "unknown-size",
            f"{layer.word} depends on {undecided.size}, which is known only at run time",
            span,
            help="the size can be set with --size, or written in the input",
        ) from None


def _declared(inputs: tuple[Tensor, ...]) -> tree.Input | None:
    """The declaration of the input that flows in, where it comes straight from one."""
    return inputs[0].builder.declared.get(inputs[0].value) if inputs else None


def _refused_int(layer: Layer, tensor: Tensor, span: Span) -> Mistake:
    return Mistake(
        "shape",
        f"{layer.word} takes no whole numbers, but {tensor.type} flows in",
        span,
        secondary=origins(tensor, ""),
        help=_of_floats(tensor),
    )


def _of_floats(tensor: Tensor) -> tuple[Help, ...]:
    """What makes numbers to compute with of whole numbers, or declares them as such."""
    text = "embedding or one_hot turns them into numbers to compute with"
    declared = tensor.builder.declared.get(tensor.value)
    if declared is None or declared.number is None or not declared.dimensions:
        return (Help(text),)
    number = declared.number.span
    return (Help(f"{text}; or they are none", number, "float"),)


def _rejected(rejection: Rejection, inputs: tuple[Tensor, ...], use: Use) -> Mistake:
    """What does not fit, with what flows in, how it came about, and what would fit."""
    place, label = use.span, ""
    if rejection.argument is not None and rejection.argument in use.arguments:
        place = use.arguments[rejection.argument].span
    # Of a merge the first tensor is one side, the blamed one the other.
    blamed = {0, min(rejection.input or 0, len(inputs) - 1)} if inputs else set()
    told = [label for index in sorted(blamed) for label in origins(inputs[index], rejection.about)]
    secondary = tuple(dict.fromkeys(label for label in told if label.span != place))
    if inputs and (place == use.span or len(inputs) == 1):
        label = " and ".join(str(tensor.type) for tensor in inputs[:3])
        label += " flows in" if len(inputs) == 1 else " flow in"
    return Mistake(
        rejection.code or "shape", rejection.message, place, label, secondary, helps(rejection, use)
    )


# Operands


def operand(frame: Frame, expression: tree.Expression, help: str = "") -> Tensor:
    """The one tensor that an argument stands for."""
    found = operands(frame, expression, help)
    if len(found) != 1:
        raise Mistake("operands", f"one tensor stands here, not {len(found)}", expression.span)
    return found[0]


def operands(frame: Frame, expression: tree.Expression, help: str = "") -> list[Tensor]:
    """The tensors that an argument of a merge stands for: pipelines start from the flow.

    `help` goes with the mistake of a value that is no tensor.
    """
    if isinstance(expression, tree.Comprehension):
        found: list[Tensor] = []
        for inner in expressions.rounds(frame, expression):
            found.extend(operands(inner, expression.element, help))
        return found
    if isinstance(expression, (*_BODIES, tree.Call)):
        if isinstance(expression, tree.Call) and not _is_step(frame, expression):
            return _flat(frame, expressions.evaluate(frame, expression), expression.span, help)
        return [run_from(frame, expression)]
    return _flat(frame, expressions.evaluate(frame, expression), expression.span, help)


def _is_step(frame: Frame, call: tree.Call) -> bool:
    """Whether a call makes a layer, rather than a list of a function."""
    target = calls.callee(frame, call)
    if isinstance(target, Definition):
        return not isinstance(target.node, tree.Function)
    return isinstance(target, EntryWord)


def _flat(frame: Frame, value: Any, span: Span, help: str = "") -> list[Tensor]:
    if isinstance(value, tuple):
        return [tensor for item in value for tensor in _flat(frame, item, span, help)]
    if value is None or isinstance(value, Symbol | bool | int | float | str | Size):
        raise Mistake("not-a-step", f"a tensor stands here, not {shown(value)}", span, help=help)
    return [apply(frame, value, span)]


def tensor_argument(frame: Frame, expression: tree.Expression) -> Any:
    """What a tensor parameter is given: a tensor, or a list of tensors."""
    if isinstance(expression, (*_BODIES, tree.Call)):
        return operand(frame, expression)
    value = expressions.evaluate(frame, expression)
    if isinstance(value, tuple):
        return tuple(_flat(frame, value, expression.span))
    before = frame.flow
    try:
        return apply(frame, value, expression.span)
    finally:
        frame.flow = before
