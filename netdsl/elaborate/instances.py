"""Instances of blocks: a body for each block, arguments and input types, elaborated once.

Every further instance with the same arguments, captured values and input types is a node that
shares the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.elaborate import binding, bodies, calls, defaults, expressions
from netdsl.elaborate.builder import Builder, Draft
from netdsl.elaborate.frame import Frame, Instance
from netdsl.elaborate.localize import Localizer
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import bound_names
from netdsl.elaborate.static import survey
from netdsl.elaborate.values import (
    POISON,
    Closure,
    Definition,
    FinishedBlock,
    Poisoned,
    SharedValue,
    Tensor,
    kind_of,
)
from netdsl.graph import Graph, Members, Shared, Written
from netdsl.source import Span
from netdsl.syntax import tree


def local(builder: Builder, tensor: Tensor, span: Span) -> Tensor:
    """A tensor of this body; one of another body cannot be used here."""
    if tensor.builder is not builder:
        raise Mistake("foreign-tensor", "this tensor belongs to another block", span)
    maker = tensor.maker
    if maker is not None and isinstance(maker.work, Graph) and tensor.value == maker.outputs[0]:
        _refuse_headless(maker.work, span)
    return tensor


def _ends_in_output(node: tree.Block | tree.Net) -> bool:
    body = node.body or ()
    return bool(body) and isinstance(body[-1], tree.OutputStatement)


def _refuse_headless(graph: Graph, span: Span) -> None:
    """A net with several outputs and no main one has nothing that could flow on."""
    names = [output.name for output in graph.outputs if output.kind == "output"]
    if len(names) > 1 and _ends_in_output(graph.definition):
        raise Mistake(
            "no-main-output",
            f"{graph.name} has several outputs, and none is the main one",
            span,
            help=f"one of them is used as a member: name.{names[0]}, where it is named with as",
        )


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
    frame.elaboration.meter.carried(localizer.looked_at, span)
    known = frame.elaboration.instances.get(key)
    if known is None:
        with bodies.nested(frame, span):
            frame.elaboration.calls.append(span)
            try:
                known = _elaborate(frame, definition, values, localizer)
            finally:
                frame.elaboration.calls.pop()
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
    if definition.scope.broken(node):
        return Instance(None, ())
    mark = elaboration.report.mark()
    builder = Builder()
    outer = defaults.file_frame(elaboration, definition.scope)
    in_force = elaboration.block_defaults.get(node, outer.defaults)
    flow = localizer.open(builder, node)
    names = {key: localizer.localized(value) for key, value in values.items()}
    is_net = isinstance(node, tree.Net)
    inner = Frame(
        elaboration, definition.scope, names, builder, flow, in_force, node, is_net=is_net
    )
    if is_net:
        builder.given = [flow]
        inner.flow = None
    parameters = fill_parameters(inner, node)
    assert node.body is not None
    bodies.statements(inner, node.body)
    result = _result(inner, builder, node)
    if builder.failed or not isinstance(result, Tensor):
        if result is None:
            message = f"nothing flows out of {node.name.name}"
            elaboration.report.add(Mistake("no-flow", message, node.name.span).diagnostic)
        keep_unfinished(inner, builder, node, parameters)
        return Instance(None, elaboration.report.since(mark))
    builder.lets = lets_of(node)
    graph = builder.freeze(
        node.name.name, node, parameters, result.value, members_of(inner, builder, parameters)
    )
    return Instance(graph, elaboration.report.since(mark))


def keep_unfinished(
    frame: Frame, builder: Builder, node: tree.Block | tree.Net, parameters: Mapping[str, Any]
) -> None:
    """Keeps a body with mistakes, as far as it came, where somebody asks for such bodies."""
    if frame.elaboration.unfinished is not None:
        members = members_of(frame, builder, parameters)
        graph = builder.freeze(node.name.name, node, parameters, 0, members)
        frame.elaboration.unfinished.append(graph)


def _result(inner: Frame, builder: Builder, node: tree.Block | tree.Net) -> Any:
    """What flows out of a body: of a net that ends in its only output, that output."""
    outputs = [output for output in builder.outputs if output.kind == "output"]
    if len(outputs) == 1 and _ends_in_output(node):
        value = outputs[0].value
        return Tensor(builder, value, builder.types[value])
    return inner.flow


def fill_parameters(inner: Frame, node: tree.Block | tree.Net) -> dict[str, Any]:
    """Gives parameters left out their defaults, in order; returns all that are no tensor."""
    for parameter in node.parameters:
        name = parameter.name.name
        if name in inner.names:
            continue
        try:
            if parameter.default is None:
                word = node.name.name
                help_ = f"--set {name}=… gives it, or another net: net Name = {word}({name}=…)"
                raise Mistake(
                    "missing-argument", f"{word} needs {name}", parameter.span, help=help_
                )
            inner.names[name] = expressions.evaluate(inner, parameter.default)
        except Mistake as mistake:
            bodies.tell(inner, mistake)
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
    node = finished.definition.node
    assert isinstance(node, tree.Net) and node.value is not None
    elaboration = frame.elaboration
    outer = defaults.file_frame(elaboration, finished.definition.scope)
    inner = outer.child(dict(finished.values), outer.defaults)
    fill_parameters(inner, node)
    with bodies.nested(frame, span):
        value = _aliased(inner, node.value)
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
        target = value.definition.node
        if isinstance(target, tree.Net) and target.body is None:
            return alias_target(frame, value, span)
        return value


def _aliased(inner: Frame, expression: tree.Expression) -> Any:
    """The net on the right of an alias, with the arguments given there; others may be missing."""
    if isinstance(expression, tree.Call):
        target = calls.callee(inner, expression)
        if isinstance(target, Definition) and isinstance(target.node, tree.Net):
            values, written = binding.bind_definition(
                inner, target, expression.arguments, expression.span, partial=True
            )
            return FinishedBlock(target, values, written)
    value = expressions.evaluate(inner, expression)
    return FinishedBlock(value, {}, {}) if isinstance(value, Definition) else value


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
