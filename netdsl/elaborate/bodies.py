"""Bodies: statements in order, loops and branches, and the instances of blocks.

The same block with the same arguments, captured values and input types is elaborated once; every
further instance is a node that shares the body. A long loop whose rounds are alike becomes a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, assert_never

from netdsl.diagnostics import Label
from netdsl.elaborate.builder import Builder, Draft, DraftRun
from netdsl.elaborate.frame import Frame, Instance, bind, declare_defaults, file_frame
from netdsl.elaborate.limits import Exceeded
from netdsl.elaborate.localize import Localizer
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import bound_names
from netdsl.elaborate.static import survey
from netdsl.elaborate.values import (
    POISON,
    Closure,
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Poisoned,
    SharedValue,
    Tensor,
    contains_tensor,
    kind_of,
    shown,
)
from netdsl.graph import Branch, Expectation, Members, Output, Port, Shared, Written
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import Dim, Size, TensorType

# Loops of more rounds are looked at for rounds that are alike; shorter ones stay as written.
LONG_LOOP = 64
_AXES = {
    1: ("",),
    2: ("length", "features"),
    3: ("height", "width", "channels"),
    4: ("depth", "height", "width", "channels"),
}


def tell(frame: Frame, mistake: Mistake) -> None:
    """Reports a mistake; the body that it is in is not to be used."""
    if isinstance(mistake, Exceeded):
        raise mistake
    frame.elaboration.report.add(mistake.diagnostic)
    if frame.builder is not None:
        frame.builder.failed = True


@contextmanager
def nested(frame: Frame, span: Span) -> Iterator[None]:
    """One level of recursion deeper, within its bound."""
    meter = frame.elaboration.meter
    if meter.depth >= meter.limits.depth:
        raise meter.exceeded("depth", f"blocks call one another {meter.depth} deep", span)
    meter.depth += 1
    try:
        yield
    finally:
        meter.depth -= 1


# Statements


def statements(frame: Frame, body: tuple[tree.Statement, ...]) -> None:
    """Carries out statements in order; a mistake in one leaves the next to be read."""
    defaults = frame.defaults
    for item in body:
        try:
            _statement(frame, item)
        except Mistake as mistake:
            tell(frame, mistake)
            _poison(frame, item)
        except Poisoned:
            if frame.builder is not None:
                frame.builder.failed = True
            _poison(frame, item)
    frame.defaults = defaults


def _poison(frame: Frame, item: tree.Statement) -> None:
    """What a statement that failed would have made is not known."""
    match item:
        case tree.Flow() | tree.Input():
            frame.flow = POISON
        case tree.Let():
            bind(frame, item.pattern, POISON)
        case _:
            pass
    if isinstance(item, tree.Side | tree.SharedLayer | tree.Input):
        frame.names[item.name.name] = POISON


def _statement(frame: Frame, item: tree.Statement) -> None:
    from netdsl.elaborate.expressions import evaluate, truth
    from netdsl.elaborate.steps import run, run_from

    match item:
        case tree.Flow():
            frame.flow = run(frame, item.value)
        case tree.Side():
            frame.names[item.name.name] = _side(frame, item.value)
        case tree.Let():
            bind(frame, item.pattern, evaluate(frame, item.value))
        case tree.Default():
            declare_defaults(frame, item)
        case tree.Input():
            _input(frame, item)
        case tree.SharedLayer():
            _shared(frame, item, evaluate(frame, item.value))
        case tree.OutputStatement():
            _output(frame, item, lambda: run_from(frame, item.value), "output")
        case tree.Auxiliary():
            builder = frame.body(item.span)
            outer, builder.training = builder.training, True
            try:
                _output(frame, item, lambda: run_from(frame, item.value), "auxiliary")
            finally:
                builder.training = outer
        case tree.Assert():
            if not truth(frame, item.condition):
                raise _assertion(frame, item)
        case tree.Expect():
            frame.expectations.extend(promises(frame, item))
        case _:
            assert_never(item)


def _side(frame: Frame, expression: tree.Expression) -> Any:
    from netdsl.elaborate.expressions import evaluate
    from netdsl.elaborate.steps import apply, run_from

    if isinstance(expression, tree.Member | tree.Index | tree.Slice | tree.Name | tree.Display):
        value = evaluate(frame, expression)
        if isinstance(value, tuple) and contains_tensor(value):
            return value
        before = frame.flow
        try:
            return apply(frame, value, expression.span)
        finally:
            frame.flow = before
    return run_from(frame, expression)


def _assertion(frame: Frame, item: tree.Assert) -> Mistake:
    from netdsl.elaborate.expressions import evaluate

    message = evaluate(frame, item.message) if item.message is not None else None
    return Mistake(
        "assertion",
        message if isinstance(message, str) else "this must hold, and does not",
        item.condition.span,
        label="does not hold",
    )


def promises(frame: Frame, item: tree.Expect) -> list[Expectation]:
    """The numbers of an `expect`."""
    from netdsl.elaborate.expressions import evaluate

    return [
        Expectation(promise.name.name, evaluate(frame, promise.value), promise.span)
        for promise in item.promises
    ]


def _input(frame: Frame, item: tree.Input) -> None:
    from netdsl.elaborate.steps import run

    if not frame.is_net:
        raise Mistake("input-in-block", "an input stands in a net, not in a block", item.span)
    builder = frame.body(item.span)
    name = item.name.name
    number = _number(item)
    shape = tuple(_dimension(frame, item, at, size) for at, size in enumerate(item.dimensions))
    declared = TensorType(shape, number)
    if builder.given:
        tensor = builder.given.pop(0)
        if tensor.type != declared:
            raise Mistake(
                "shape",
                f"{name} is declared as {declared}, but {tensor.type} flows in",
                item.span,
            )
    else:
        tensor = builder.port(Port(name, declared, "input"))
    frame.names[name] = tensor
    frame.flow = tensor
    if item.steps:
        frame.flow = run(frame, tree.Pipeline(item.span, item.steps))


def _number(item: tree.Input) -> Any:
    if item.number is None:
        return "float"
    if item.number.name not in ("int", "float"):
        raise Mistake(
            "wrong-value", f"numbers are int or float, not {item.number.name}", item.number.span
        )
    return item.number.name


def _dimension(
    frame: Frame, item: tree.Input, at: int, written: tree.Expression | tree.UnknownSize
) -> Dim:
    from netdsl.elaborate.expressions import evaluate

    if isinstance(written, tree.UnknownSize):
        return _unknown_size(frame, item, at)
    value = evaluate(frame, written)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, Size) or (
        isinstance(value, int) and not isinstance(value, bool) and value > 0
    ):
        return value
    raise Mistake(
        "wrong-value",
        f"a size is a whole number above 0, not {shown(value)}",
        written.span,
    )


def _unknown_size(frame: Frame, item: tree.Input, at: int) -> Dim:
    """The symbol of a `?`, or the number that `--size` gives it."""
    name = item.name.name
    axes = _AXES.get(len(item.dimensions), ())
    axis = axes[at] if at < len(axes) else f"size{at + 1}"
    alone = sum(isinstance(d, tree.UnknownSize) for d in item.dimensions) == 1
    known = frame.elaboration.sizes
    keys = [f"{name}.{axis}", axis] if axis else []
    for key in [*keys, *([name] if alone else [])]:
        if key in known:
            frame.elaboration.size_names.add(key)
            return known[key]
    symbol = axis or name
    if symbol in frame.elaboration.symbols and frame.elaboration.symbols[symbol] is not item:
        symbol = f"{name}.{axis}" if axis else name
    frame.elaboration.symbols[symbol] = item
    return Size.unknown(symbol)


def _shared(frame: Frame, item: tree.SharedLayer, value: Any) -> None:
    layers = (FinishedLayer, FinishedBlock, Closure, EntryWord, Definition)
    if not isinstance(value, layers):
        raise Mistake("not-a-step", f"shared names a layer, not {kind_of(value)}", item.value.span)
    shared = Shared(item.name.name, item.span)
    frame.body(item.span).shared.append(shared)
    frame.names[item.name.name] = SharedValue(shared, value)


def _output(
    frame: Frame,
    item: tree.OutputStatement | tree.Auxiliary,
    compute: Callable[[], Tensor],
    kind: Any,
) -> None:
    builder = frame.body(item.span)
    if not frame.is_net:
        raise Mistake("output-in-block", f"{kind} stands in a net, not in a block", item.span)
    tensor = compute()
    name = last_name(item.value) or "output"
    for other in builder.outputs:
        if other.name == name:
            place = (Label(other.span, "the first"),)
            raise Mistake(
                "output-twice", f"two outputs are called {name}", item.span, secondary=place,
                help="as names an output: output dense(4) as box",
            )  # fmt: skip
    builder.outputs.append(Output(name, tensor.value, kind, item.span))


def last_name(expression: tree.Expression) -> str | None:
    """The `as` name of the last step of a pipeline."""
    if isinstance(expression, tree.Pipeline):
        last = expression.steps[-1]
        return last.name.name if last.name is not None else last_name(last.value)
    return None


# Loops and branches


def carry_out(frame: Frame, step: tree.Group | tree.If | tree.Repeat | tree.For) -> Tensor:
    """Carries out a body as a step; what flows afterwards."""
    from netdsl.elaborate.expressions import items_of, whole_number

    match step:
        case tree.Group():
            statements(frame, step.body)
        case tree.If():
            _branch(frame, step)
        case tree.Repeat():
            count = whole_number(frame, step.count, "a number of rounds")
            _rounds(frame, step, count, lambda _: None)
        case tree.For():
            items = items_of(frame, step.iterable)
            _rounds(frame, step, len(items), lambda at: bind(frame, step.pattern, items[at]))
        case _:
            assert_never(step)
    return frame.current(step.span)


def _branch(frame: Frame, step: tree.If) -> None:
    from netdsl.elaborate.expressions import truth

    builder = frame.builder
    for number, arm in enumerate(step.arms):
        if truth(frame, arm.condition):
            body: tuple[tree.Statement, ...] | None = arm.body
            break
    else:
        number, body = len(step.arms), step.otherwise
    if body is None:
        return
    if builder is None:
        statements(frame, body)
        return
    outer = builder.branches
    builder.branches = (*outer, Branch(step, number))
    try:
        statements(frame, body)
    finally:
        builder.branches = outer


def _rounds(
    frame: Frame, step: tree.Repeat | tree.For, count: int, start: Callable[[int], None]
) -> None:
    """Carries out the rounds of a loop; where they are alike, the rest of them as one run."""
    meter = frame.elaboration.meter
    if count > meter.limits.rounds:
        raise meter.exceeded("rounds", f"a loop of {count:,} rounds", step.span)
    builder = frame.builder
    alike = builder is not None and count > LONG_LOOP and _rounds_alike(step)
    for at in range(count):
        start(at)
        meter.step(step.span)
        before = frame.flow
        drafts = len(builder.drafts) if builder is not None else 0
        statements(frame, step.body)
        if alike and isinstance(before, Tensor) and isinstance(frame.flow, Tensor):
            if before.type == frame.flow.type and count - at > 1:
                assert builder is not None
                _run(frame, builder, drafts, count - at, before, frame.flow)
                return


def _rounds_alike(step: tree.Repeat | tree.For) -> bool:
    """Whether the rounds of a loop can differ in nothing but the type that flows in."""
    found = survey(step)
    turned = bound_names(step.pattern) if isinstance(step, tree.For) else []
    counted = {name.name for name in turned}
    if set(found.bound) - counted or counted & {name.name for name in found.uses}:
        return False
    return all(isinstance(statement, tree.For) for statement in found.statements)


def _run(
    frame: Frame, builder: Builder, drafts: int, count: int, before: Tensor, after: Tensor
) -> None:
    first: list[Draft | DraftRun] = builder.drafts[drafts:]
    if not first or before.value == after.value:
        return
    del builder.drafts[drafts:]
    result = builder.new(after.type)
    builder.drafts.append(DraftRun(first, count, before.value, after.value, result))
    frame.flow = Tensor(builder, result, after.type)


# Instances


def local(builder: Builder, tensor: Tensor, span: Span) -> Tensor:
    """A tensor of this body; one of another body cannot be used here."""
    if tensor.builder is not builder:
        raise Mistake("foreign-tensor", "this tensor belongs to another block", span)
    return tensor


def instance(
    frame: Frame,
    finished: FinishedBlock,
    span: Span,
    name: str | None = None,
    shared: Shared | None = None,
) -> Tensor:
    """Adds a node for one use of a block or net, whose body is elaborated or had from before."""
    definition, values, arguments = finished.definition, finished.values, finished.arguments
    node = definition.node
    assert not isinstance(node, tree.Function)
    if isinstance(node, tree.Net) and node.body is None:
        return instance(frame, alias_target(frame, finished, span), span, name, shared)
    builder = frame.body(span)
    flowing = frame.current(span)
    localizer = Localizer(flowing)
    key = (node, localizer.arguments(values), localizer.types())
    known = frame.elaboration.instances.get(key)
    if known is None:
        with nested(frame, span):
            known = _elaborate(frame, definition, values, localizer)
        frame.elaboration.instances[key] = known
    elif known.diagnostics:
        frame.elaboration.report.again(known.diagnostics)
    if known.graph is None:
        raise Poisoned
    frame.elaboration.meter.layer(span)
    numbers = tuple([local(builder, tensor, span).value for tensor in localizer.tensors])
    written = Written(span, arguments, builder.branches)
    draft = Draft(name or node.name.name, name is not None, known.graph, numbers, written)
    draft.shared = shared
    return builder.add(draft, known.graph.types[known.graph.result])


def _elaborate(frame: Frame, definition: Definition, values: Any, localizer: Localizer) -> Instance:
    """The body of a block for these arguments and input types."""
    elaboration = frame.elaboration
    node = definition.node
    assert not isinstance(node, tree.Function)
    mark = elaboration.report.mark()
    builder = Builder()
    outer = file_frame(elaboration, definition.scope)
    defaults = elaboration.block_defaults.get(node, outer.defaults)
    flow = localizer.open(builder, node)
    names = {key: localizer.localized(value) for key, value in values.items()}
    is_net = isinstance(node, tree.Net)
    inner = Frame(
        elaboration, definition.scope, names, builder, flow, defaults, node, is_net=is_net
    )
    if is_net:
        builder.given = [flow]
        inner.flow = None
    parameters = fill_parameters(inner, node)
    assert node.body is not None
    statements(inner, node.body)
    result = inner.flow
    if builder.failed or not isinstance(result, Tensor):
        if result is None:
            message = f"nothing flows out of {node.name.name}"
            elaboration.report.add(Mistake("no-flow", message, node.name.span).diagnostic)
        return Instance(None, elaboration.report.since(mark))
    builder.lets = lets_of(node)
    graph = builder.freeze(
        node.name.name, node, parameters, result.value, members_of(inner, builder, parameters)
    )
    return Instance(graph, elaboration.report.since(mark))


def fill_parameters(inner: Frame, node: tree.Block | tree.Net) -> dict[str, Any]:
    """Gives parameters that were left out their defaults, in order; returns all that are no tensor."""
    from netdsl.elaborate.expressions import evaluate

    for parameter in node.parameters:
        name = parameter.name.name
        if name in inner.names:
            continue
        try:
            if parameter.default is None:
                raise Mistake("missing-argument", f"{node.name.name} needs {name}", parameter.span)
            inner.names[name] = evaluate(inner, parameter.default)
        except Mistake as mistake:
            tell(inner, mistake)
            inner.names[name] = POISON
        except Poisoned:
            inner.names[name] = POISON
    return {
        parameter.name.name: inner.names[parameter.name.name]
        for parameter in node.parameters
        if not parameter.tensor
    }


def lets_of(node: tree.Block | tree.Net) -> dict[str, tree.Expression]:
    """The expressions of names that a body sets once, outside of loops and branches."""
    times: dict[str, int] = {}
    for statement in survey(node).statements:
        if isinstance(statement, tree.Let | tree.For):
            for name in bound_names(statement.pattern):
                times[name.name] = times.get(name.name, 0) + 1
    return {
        item.pattern.name: item.value
        for item in node.body or ()
        if isinstance(item, tree.Let)
        and isinstance(item.pattern, tree.Name)
        and times[item.pattern.name] == 1
    }


def members_of(inner: Frame, builder: Builder, parameters: Any) -> dict[str, Members]:
    """The tensors, and lists of tensors, that a body names: what can be asked for from outside."""
    found: dict[str, Members] = {}
    for name, value in inner.names.items():
        if name not in parameters:
            place = _place(value, builder)
            if place is not None:
                found[name] = place
    return found


def _place(value: Any, builder: Builder) -> Members | None:
    if isinstance(value, Tensor):
        return value.value if value.builder is builder else None
    if isinstance(value, tuple) and value:
        items = [_place(item, builder) for item in value]
        kept = [item for item in items if item is not None]
        return tuple(kept) if len(kept) == len(items) else None
    return None


def alias_target(frame: Frame, finished: FinishedBlock, span: Span) -> FinishedBlock:
    """What an alias `net X = Y(…)` stands for, with the arguments that it keeps."""
    from netdsl.elaborate.expressions import evaluate

    node = finished.definition.node
    assert isinstance(node, tree.Net) and node.value is not None
    elaboration = frame.elaboration
    outer = file_frame(elaboration, finished.definition.scope)
    inner = outer.child(dict(finished.values), outer.defaults)
    fill_parameters(inner, node)
    with nested(frame, span):
        value = evaluate(inner, node.value)
        if isinstance(value, Definition):
            value = FinishedBlock(value, {}, {})
        if not isinstance(value, FinishedBlock) or not isinstance(value.definition.node, tree.Net):
            raise Mistake(
                "not-a-net",
                f"a net is named here, not {kind_of(value)}",
                node.value.span,
                help="net Name = Other(…), where Other is a net",
            )
        own = {parameter.name.name for parameter in node.parameters}
        passed = {key: item for key, item in finished.values.items() if key not in own}
        value = value.replace(values={**value.values, **passed})
        if value.definition.node.body is None:
            return alias_target(frame, value, span)
        return value


def as_block(value: SharedValue) -> FinishedBlock:
    """A shared layer that is no single layer of the catalogue, as a block of its own."""
    layer = value.layer
    if isinstance(layer, FinishedBlock):
        return layer
    if isinstance(layer, Definition):
        return FinishedBlock(layer, {}, {})
    assert isinstance(layer, Closure)
    elaboration = layer.frame.elaboration
    block = elaboration.closures.get(layer.expression)
    if block is None:
        expression = layer.expression
        body = (
            expression.body
            if isinstance(expression, tree.Group)
            else (tree.Flow(expression.span, expression),)
        )
        name = tree.Name(expression.span, value.shared.name)
        block = tree.Block(expression.span, name, (), body)
        elaboration.closures[expression] = block
        if layer.defaults is not None:
            elaboration.block_defaults[block] = layer.defaults
    return FinishedBlock(Definition(block, layer.frame.scope), dict(layer.names), {})
