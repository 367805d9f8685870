"""Nets of a file: which one is meant, and its graph. From: a `Scope`. To: an `ElaboratedNet`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from netdsl.catalog.agree import collecting
from netdsl.diagnostics import Help, UserError
from netdsl.elaborate import bodies, defaults, expressions, instances
from netdsl.elaborate.builder import Builder
from netdsl.elaborate.conditions import conditions_of
from netdsl.elaborate.families import parameters_of, ready
from netdsl.elaborate.frame import Elaboration, Frame
from netdsl.elaborate.limits import Exceeded
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.suggest import suggestion, with_suggestion
from netdsl.elaborate.values import Definition, FinishedBlock, Poisoned, Tensor
from netdsl.graph import ElaboratedNet, Expectation, Output
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parse import parse

# A block's instance takes some thirty frames of Python; the bound on depth keeps within this.
_FRAMES = 20_000


@contextmanager
def deep() -> Iterator[None]:
    """Lets Python recurse as deep as the bounds of a spec allow."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def choose(scope: Scope, name: str | None) -> tree.Net:
    """The net that is meant: by name, the only one, the one like the file, the first ready."""
    nets = scope.nets
    if name is not None:
        for net in nets:
            if net.name.name == name:
                return net
        message = f"{scope.file.source.name} has no net {name}"
        raise UserError(with_suggestion(message, name, [net.name.name for net in nets]))
    if not nets:
        raise UserError(f"{scope.file.source.name} has no net")
    if len(nets) == 1:
        return nets[0]
    stem = os.path.splitext(os.path.basename(scope.path))[0].replace("_", "").lower()
    for net in nets:
        if net.name.name.lower().replace("_", "") == stem and ready(scope, net):
            return net
    for net in nets:
        if ready(scope, net):
            return net
    raise UserError(
        f"every net of {scope.file.source.name} needs arguments: "
        f"give them with --set, and name one with {scope.file.source.name}:{nets[0].name.name}"
    )


def elaborate_net(
    elaboration: Elaboration,
    scope: Scope,
    net: tree.Net,
    given: Mapping[str, str],
    values: Mapping[str, Any] = {},
) -> ElaboratedNet | None:
    """The graph of a net with arguments given as text, or as values of the elaborator.

    None where it has mistakes, all reported.
    """
    report = elaboration.report
    try:
        with deep(), collecting() as pairs:
            elaboration.pairs = pairs
            return _elaborate(elaboration, scope, net, given, values)
    except Mistake as mistake:
        report.add(mistake.diagnostic)
    except Poisoned:
        pass
    except RecursionError:
        message = "this is nested too deeply to be elaborated"
        report.add(Mistake("nested-too-deeply", message, net.name.span).diagnostic)
    return None


def _elaborate(
    elaboration: Elaboration,
    scope: Scope,
    net: tree.Net,
    given: Mapping[str, str],
    known: Mapping[str, Any],
) -> ElaboratedNet | None:
    outer = defaults.file_frame(elaboration, scope)
    _check_names(Definition(net, scope), given)
    values = {name: _argument(outer, name, text) for name, text in given.items()} | dict(known)
    finished = FinishedBlock(Definition(net, scope), values, {})
    expectations: list[Expectation] = []
    if net.body is None:
        if net.expect is not None:
            expectations.extend(bodies.promises(outer, net.expect))
        finished = instances.alias_target(outer, finished, net.name.span)
    target = finished.definition
    node = target.node
    assert isinstance(node, tree.Net) and node.body is not None
    if target.scope.broken(node):
        return None
    own = defaults.file_frame(elaboration, target.scope)
    builder = Builder()
    frame = Frame(
        elaboration,
        target.scope,
        dict(finished.values),
        builder,
        None,
        own.defaults,
        node,
        is_net=True,
    )
    parameters = instances.fill_parameters(frame, node)
    bodies.statements(frame, node.body)
    result = _finish(frame, builder, node)
    if result is None or builder.failed:
        instances.keep_unfinished(frame, builder, node, parameters)
        return None
    builder.lets = instances.lets_of(node)
    # The body's own promises hold for the net as written, so not for an alias with arguments.
    if net is node or not (set(finished.values) - set(given)):
        expectations.extend(frame.expectations)
    members = instances.members_of(frame, builder, parameters)
    graph = builder.freeze(net.name.name, net.replace(body=node.body), parameters, result, members)
    conditions = conditions_of(elaboration.pairs, elaboration.pair_spans)
    return ElaboratedNet(net.name.name, graph, tuple(expectations), conditions, parameters)


def _check_names(net: Definition, given: Mapping[str, str]) -> None:
    names = [parameter.name.name for parameter in parameters_of(net)]
    for name in given:
        if name not in names:
            hint = suggestion(name, names) or "it has no parameters"
            raise UserError(f"--set {name}=…: {net.node.name.name} has no parameter {name}; {hint}")


def _argument(outer: Frame, name: str, text: str) -> Any:
    """The value of an argument given on the command line: an expression of the language."""
    source = Source(f"--set {name}", f"let value = {text}")
    file, diagnostics = parse(source)
    if diagnostics or len(file.items) != 1 or not isinstance(file.items[0], tree.Let):
        raise UserError(f"--set {name}={text} is not a value of the language")
    return expressions.evaluate(outer.child({}, outer.defaults), file.items[0].value)


def _finish(frame: Frame, builder: Builder, node: tree.Net) -> int | None:
    """Names the main output; the value that flows out at the end, or None where there is none."""
    if builder.failed:
        return None
    if not builder.ports:
        raise Mistake(
            "no-input",
            f"{node.name.name} has no input",
            node.name.span,
            help=_first_line(node),
        )
    if not isinstance(frame.flow, Tensor):
        return None
    instances.local(builder, frame.flow, node.name.span)
    assert node.body is not None
    last = node.body[-1] if node.body else None
    if isinstance(last, tree.OutputStatement):
        return frame.flow.value
    name = (bodies.last_name(last.value) if isinstance(last, tree.Flow) else None) or "output"
    taken = {output.name for output in builder.outputs}
    while name in taken:
        name += "2"
    builder.outputs.append(Output(name, frame.flow.value, "main", node.name.span))
    return frame.flow.value


def _first_line(node: tree.Net) -> tuple[Help, ...]:
    """An input as the first line of a net."""
    source = node.span.source
    at = source.text.find("{", node.name.span.end) + 1
    text = "a net begins with `input name: 8 x 8 x 1`"
    return (Help(text, Span(source, at, at), "\n  input image: 8 x 8 x 1"),)


__all__ = ["Exceeded", "choose", "elaborate_net", "ready"]
