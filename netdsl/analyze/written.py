"""How a node's layer or block is called, in one line, with the values that its arguments have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdsl.catalog.arguments import Argument, Entry, Symbol, TensorInput, TiedWeight, show
from netdsl.catalog.base import Layer
from netdsl.catalog.describe import value_text
from netdsl.elaborate.values import Closure, Definition, EntryWord, FinishedLayer, kind_of
from netdsl.graph import Graph, Node
from netdsl.syntax import tree
from netdsl.tensor import Size

# A text in quotes, which may have a # in it, or a comment.
_COMMENT = re.compile(r'("[^"\n]*")|#[^\n]*')

# A pipeline that is longer than this reads as it is written where it is given.
_LONGEST = 24


def call(node: Node, brief: bool = False) -> str:
    """The call with the arguments that the spec gives, at the call or by a `default`.

    `conv(channels, 3)` in a loop reads `conv(64, 3)`; what has no short value reads as written.
    What a `default` gives is left out where it is what the layer has anyway. A brief one leaves out
    all that a `default` gives, and what has the value that it has anyway.
    """
    if isinstance(node.work, Graph):
        name, arguments = node.work.name, _of_block(node, node.work, brief)
    else:
        name, arguments = node.work.word, _of_layer(node, node.work, brief)
    inside = ", ".join(arguments)
    return f"{name}({inside})" if inside else name


def parameters(node: Node, body: Graph) -> dict[str, str]:
    """The values that the parameters of a node's block have, given or by default, as text."""
    given = node.written.arguments
    return {
        parameter.name.name: _value(
            body.parameters[parameter.name.name],
            given.get(parameter.name.name) or parameter.default or parameter.name,
        )
        for parameter in body.definition.parameters
        if parameter.name.name in body.parameters
    }


def _of_layer(node: Node, layer: Layer, brief: bool) -> Iterator[str]:
    here = _at_call(node, layer.word)
    given = here if brief else node.written.arguments
    declared = layer.arguments()
    in_order = True
    # Those of a base (`init`) come first among the fields, but are given by name.
    for name in sorted(declared, key=lambda name: declared[name].keyword):
        argument = declared[name]
        value = getattr(layer, name)
        plain = value == argument.default and (brief or name not in here)
        if name not in given or plain:
            in_order = False
            continue
        if isinstance(argument, (TensorInput, TiedWeight)):
            text = _source(given[name])
        elif name == layer.collects:
            text = ", ".join(map(show, value))
        else:
            text = _value(value, given[name], argument)
        yield text if in_order and not argument.keyword else f"{name}={text}"


def _of_block(node: Node, body: Graph, brief: bool) -> Iterator[str]:
    """Arguments that a call must give stand by their order, others by name."""
    given = _at_call(node, body.name) if brief else node.written.arguments
    for parameter in body.definition.parameters:
        name = parameter.name.name
        if name in given and name in body.parameters:
            text = _value(body.parameters[name], given[name])
            if brief and parameter.default is not None and text == _source(parameter.default):
                continue
            yield text if parameter.default is None else f"{name}={text}"


def _at_call(node: Node, name: str) -> dict[str, tree.Expression]:
    """The arguments that stand in the call; all of them where it was made somewhere else.

    What a step `unit` applies may be `conv(64, 3)` of another line, which is then what is called.
    """
    given, span = dict(node.written.arguments), node.written.span
    if span.text.partition("(")[0].strip() != name:
        return given
    return {
        argument: written
        for argument, written in given.items()
        if written.span.source is span.source and span.start <= written.span.start < span.end
    }


def argument_text(value: object) -> str:
    """The value of a block's argument in short; of what has no short value its kind."""
    if isinstance(value, Closure):
        return _source(value.expression)
    return _short(value) or kind_of(value)


def _value(value: object, written: tree.Expression, argument: Argument | None = None) -> str:
    if isinstance(value, Closure):
        text = _source(value.expression)
        return text if len(text) <= _LONGEST else _source(written)
    return _short(value, argument) or _source(written)


def _short(value: object, argument: Argument | None = None) -> str:
    """The value of an argument as a spec would write it; empty where it has no such text."""
    match value:
        case None | bool() | int() | float() | str() | tuple() | Size() | Symbol() | Entry():
            return value_text(value, argument)
        case FinishedLayer():
            return value_text(value.layer)
        case EntryWord():
            return value.entry.word
        case Definition():
            return value.node.name.name
    return ""


def _source(written: tree.Expression) -> str:
    """An expression as the spec writes it, in one line and without comments."""
    return " ".join(_COMMENT.sub(r"\1", written.span.text).split())
