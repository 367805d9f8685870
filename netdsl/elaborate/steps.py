"""Steps: applying values to the flow. From: expressions and a `Frame`. To: tensors and nodes.

`run` carries out a pipeline where it is written; a closure is carried out in a frame of its own,
with the names that it captured.
"""

from __future__ import annotations

from typing import Any

from netdsl.catalog.arguments import Rejection
from netdsl.catalog.base import Layer
from netdsl.diagnostics import Help, Label
from netdsl.elaborate import bodies
from netdsl.elaborate.builder import Draft, made_at
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.lookup import entry_named
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
from netdsl.graph import Graph, Level, Tie, Written, named_weights
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import TensorType, Undecided

ARITHMETIC = ("+", "-", "*", "/", "**")
_MERGES = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
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
            from netdsl.elaborate.expressions import evaluate

            value = evaluate(frame, expression)
            return apply(frame, value, expression.span, name)


def run_from(frame: Frame, expression: tree.Expression) -> Tensor:
    """Carries out a pipeline from the flow, which stays where it was."""
    before = frame.flow
    try:
        return run(frame, expression)
    finally:
        frame.flow = before


def _pipeline(frame: Frame, steps: tuple[tree.Step, ...]) -> Tensor:
    """Carries out steps one after another; a mistake in one does not keep the next from being read."""
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


def _named_level(frame: Frame, name: str | None, carry_out: Any) -> Tensor:
    """Opens a level of names around a group or loop that has an `as` name."""
    builder = frame.builder
    if name is None or builder is None:
        return carry_out()  # type: ignore[no-any-return]
    outer = builder.level
    builder.level = Level(name, outer)
    try:
        return carry_out()  # type: ignore[no-any-return]
    finally:
        builder.level = outer


def _call(frame: Frame, call: tree.Call, name: str | None) -> Tensor:
    """Carries out a call as a step: tensors among its arguments are computed from the flow."""
    from netdsl.elaborate.calls import bind_definition, bind_layer, call_value, callee

    frame.elaboration.meter.step(call.span)
    target = callee(frame, call)
    if isinstance(target, EntryWord) and issubclass(target.entry, Layer):
        bound = bind_layer(frame, target.entry, call.arguments, call.span)
        return _layer(
            frame, bound.layer, bound.tensors, bound.arguments, call.span, name, bound.tie
        )
    if isinstance(target, Definition) and not isinstance(target.node, tree.Function):
        values, expressions = bind_definition(frame, target, call.arguments, call.span)
        return bodies.instance(frame, FinishedBlock(target, values, expressions), call.span, name)
    return apply(frame, call_value(frame, call), call.span, name)


def apply(frame: Frame, value: Any, span: Span, name: str | None = None) -> Tensor:
    """Applies a value to the flow: a layer makes a node, a tensor is jumped to."""
    match value:
        case Tensor():
            return value
        case EntryWord() if issubclass(value.entry, Layer):
            from netdsl.elaborate.calls import bind_layer

            bound = bind_layer(frame, value.entry, (), span)
            return _layer(frame, bound.layer, bound.tensors, bound.arguments, span, name, None)
        case FinishedLayer():
            return _layer(frame, value.layer, (), value.arguments, span, name, None)
        case Definition() if not isinstance(value.node, tree.Function):
            from netdsl.elaborate.calls import bind_definition

            values, expressions = bind_definition(frame, value, (), span)
            return bodies.instance(frame, FinishedBlock(value, values, expressions), span, name)
        case FinishedBlock():
            return bodies.instance(frame, value, span, name)
        case Closure():
            return _named_level(frame, name, lambda: _closure(frame, value))
        case SharedValue():
            return _shared(frame, value, span)
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


def _layer(
    frame: Frame,
    layer: Layer,
    tensors: tuple[Tensor, ...],
    arguments: Any,
    span: Span,
    name: str | None,
    tie: Tie | None,
) -> Tensor:
    """Adds a node for a layer on the flow and the tensors given to it."""
    builder = frame.body(span)
    inputs = (frame.current(span), *tensors) if layer.takes_flow else tensors
    types = tuple([tensor.type for tensor in inputs])
    frame.elaboration.meter.layer(span)
    out = infer(frame, layer, inputs, types, arguments, span)
    written = Written(span, arguments, builder.branches)
    numbers = tuple([bodies.local(builder, tensor, span).value for tensor in inputs])
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
        raise _rejected(layer, rejection, inputs, arguments, span) from None
    except Undecided as undecided:
        raise Mistake(
            "unknown-size",
            f"{layer.word} depends on {undecided.size}, which is known only at run time",
            span,
            help="the size can be set with --size, or written in the input",
        ) from None


def _refused_int(layer: Layer, tensor: Tensor, span: Span) -> Mistake:
    return Mistake(
        "shape",
        f"{layer.word} takes no whole numbers, but {tensor.type} flows in",
        span,
        secondary=origin(tensor),
        help="embedding or one_hot turns them into numbers to compute with",
    )


def _rejected(
    layer: Layer,
    rejection: Rejection,
    inputs: tuple[Tensor, ...],
    arguments: Any,
    span: Span,
) -> Mistake:
    place = span
    label = ""
    if rejection.argument is not None and rejection.argument in arguments:
        place = arguments[rejection.argument].span
    secondary: tuple[Label, ...] = ()
    if rejection.input is not None and rejection.input < len(inputs):
        secondary = origin(inputs[rejection.input])
    elif inputs:
        secondary = origin(inputs[0])
    if inputs and place == span:
        label = " and ".join(str(tensor.type) for tensor in inputs[:3]) + " flows in"
    return Mistake(
        rejection.code or "shape", rejection.message, place, label, secondary, rejection.help
    )


def origin(tensor: Tensor) -> tuple[Label, ...]:
    """Where a tensor comes from, as a label; nothing for what the body is given."""
    made = made_at(tensor)
    return () if made is None else (Label(made, f"{tensor.type} comes from here"),)


# Operands


def operand(frame: Frame, expression: tree.Expression) -> Tensor:
    """The one tensor that an argument stands for."""
    found = operands(frame, expression)
    if len(found) != 1:
        raise Mistake("operands", f"one tensor stands here, not {len(found)}", expression.span)
    return found[0]


def operands(frame: Frame, expression: tree.Expression) -> list[Tensor]:
    """The tensors that an argument of a merge stands for: pipelines start from the flow."""
    from netdsl.elaborate.expressions import evaluate, rounds

    if isinstance(expression, tree.Comprehension):
        found: list[Tensor] = []
        for inner in rounds(frame, expression):
            found.extend(operands(inner, expression.element))
        return found
    if isinstance(expression, (*_BODIES, tree.Call)):
        if isinstance(expression, tree.Call) and not _is_step(frame, expression):
            return _flat(frame, evaluate(frame, expression), expression.span)
        return [_operand_step(frame, expression)]
    return _flat(frame, evaluate(frame, expression), expression.span)


def _is_step(frame: Frame, call: tree.Call) -> bool:
    """Whether a call makes a layer, rather than a list of a function."""
    from netdsl.elaborate.calls import callee

    target = callee(frame, call)
    if isinstance(target, Definition):
        return not isinstance(target.node, tree.Function)
    return isinstance(target, EntryWord)


def _operand_step(frame: Frame, expression: tree.Expression) -> Tensor:
    return run_from(frame, expression)


def _flat(frame: Frame, value: Any, span: Span) -> list[Tensor]:
    if isinstance(value, tuple):
        return [tensor for item in value for tensor in _flat(frame, item, span)]
    return [apply(frame, value, span)]


def tensor_argument(frame: Frame, expression: tree.Expression) -> Any:
    """What a tensor parameter is given: a tensor, or a list of tensors."""
    from netdsl.elaborate.expressions import evaluate

    if isinstance(expression, (*_BODIES, tree.Call)):
        return operand(frame, expression)
    value = evaluate(frame, expression)
    if isinstance(value, tuple):
        return tuple(_flat(frame, value, expression.span))
    before = frame.flow
    try:
        return apply(frame, value, expression.span)
    finally:
        frame.flow = before


def tied(frame: Frame, expression: tree.Expression) -> tuple[Tie, tuple[int, ...]]:
    """The layer that a `tie=` names, and the shape of its weight."""
    from netdsl.elaborate.expressions import evaluate

    value = evaluate(frame, expression)
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


# Shared layers


def _shared(frame: Frame, value: SharedValue, span: Span) -> Tensor:
    """One more use of a `shared` layer: the same weights, so they must have the same shapes."""
    builder = frame.body(span)
    flowing = frame.current(span)
    shared = value.shared
    layer = value.layer
    if isinstance(layer, EntryWord):
        layer = _bare(frame, layer, span)
    if isinstance(layer, FinishedLayer):
        out = infer(frame, layer.layer, (flowing,), (flowing.type,), layer.arguments, span)
        draft = _shared_draft(frame, shared, layer.layer, flowing, layer.arguments, span)
        tensor = builder.add(draft, out)
    else:
        tensor = bodies.instance(frame, bodies.as_block(value), span, shared.name, shared)
        assert tensor.maker is not None
        draft = tensor.maker
    _same_weights(shared, draft.work, (flowing.type,), span)
    return tensor


def _bare(frame: Frame, word: EntryWord, span: Span) -> FinishedLayer:
    from netdsl.elaborate.calls import bind_layer

    assert issubclass(word.entry, Layer)
    bound = bind_layer(frame, word.entry, (), span)
    return FinishedLayer(bound.layer, bound.arguments)


def _shared_draft(
    frame: Frame, shared: Any, layer: Layer, flowing: Tensor, arguments: Any, span: Span
) -> Draft:
    builder = frame.body(span)
    frame.elaboration.meter.layer(span)
    written = Written(span, arguments, builder.branches)
    value = bodies.local(builder, flowing, span).value
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


# Arithmetic with tensors


def arithmetic(frame: Frame, expression: tree.Binary, left: Any, right: Any) -> Tensor:
    """`a + b`, `h * t`, `2 * x`: an operand that is a layer is applied to the flow."""
    span = expression.span
    numbers = [value for value in (left, right) if _is_number(value)]
    if not numbers:
        if expression.operator not in _MERGES:
            raise Mistake("type", f"{expression.operator} takes no two tensors", span)
        operands_ = tuple(_applied(frame, value, span) for value in (left, right))
        return _made(frame, _MERGES[expression.operator], operands_, span)
    on_left = _is_number(left)
    tensor = _applied(frame, right if on_left else left, span)
    number = float(numbers[0]) if isinstance(numbers[0], float) else numbers[0]
    return _with_number(frame, expression, tensor, number, on_left)


def _with_number(
    frame: Frame, expression: tree.Binary, tensor: Tensor, number: Any, on_left: bool
) -> Tensor:
    span = expression.span
    match expression.operator:
        case "+":
            factor, offset = 1, number
        case "-":
            factor, offset = (-1, number) if on_left else (1, -number)
        case "*":
            factor, offset = number, 0
        case "/" if not on_left:
            if number == 0:
                raise Mistake("arithmetic", "division by zero", expression.right.span)
            factor, offset = 1 / number, 0
        case "**" if not on_left and isinstance(number, int) and 1 <= number <= 4:
            return tensor if number == 1 else _made(frame, "mul", (tensor,) * number, span)
        case _:
            raise Mistake(
                "type", f"{expression.operator} does not take a number and a tensor so", span
            )
    return _made(frame, "rescale", (tensor,), span, factor=factor, offset=offset)


def negative(frame: Frame, expression: tree.Unary, value: Any) -> Tensor:
    """`-x` of a tensor."""
    tensor = _applied(frame, value, expression.operand.span)
    return _made(frame, "rescale", (tensor,), expression.span, factor=-1, offset=0)


def _applied(frame: Frame, value: Any, span: Span) -> Tensor:
    if isinstance(value, tuple):
        raise Mistake("type", "arithmetic takes one tensor, not a list", span)
    before = frame.flow
    try:
        return apply(frame, value, span)
    finally:
        frame.flow = before


def _made(frame: Frame, word: str, inputs: tuple[Tensor, ...], span: Span, **values: Any) -> Tensor:
    """A node of the catalogue that arithmetic stands for."""
    entry = entry_named("layer", word)
    assert entry is not None and issubclass(entry, Layer)
    layer = entry(**values)
    if not layer.takes_flow:
        return _layer(frame, layer, inputs, {}, span, None, None)
    before = frame.flow
    frame.flow = inputs[0]
    try:
        return _layer(frame, layer, inputs[1:], {}, span, None, None)
    finally:
        frame.flow = before


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
