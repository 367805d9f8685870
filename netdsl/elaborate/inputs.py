"""Inputs of nets: declared shapes, and the symbols of sizes known only at run time."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Help, Label
from netdsl.elaborate import expressions, steps
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.values import shown
from netdsl.graph import Port
from netdsl.syntax import tree
from netdsl.tensor import Dim, Size, TensorType

_AXES = {
    1: ("",),
    2: ("length", "features"),
    3: ("height", "width", "channels"),
    4: ("depth", "height", "width", "channels"),
}


def declare(frame: Frame, item: tree.Input) -> None:
    """An input of a net: a port, or, where the net is a step of another, what flows in there."""
    if not frame.is_net:
        raise Mistake("input-in-block", "an input stands in a net, not in a block", item.span)
    builder = frame.body(item.span)
    name = item.name.name
    first = [other for other in builder.declared.values() if other.name.name == name]
    if first:
        place = (Label(first[0].name.span, "the first"),)
        message = f"two inputs are called {name}"
        raise Mistake("defined-twice", message, item.name.span, secondary=place)
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
    elif any(port.kind == "flow" for port in builder.ports):
        raise Mistake(
            "several-inputs", "a net with several inputs cannot be a step of another", item.span
        )
    else:
        tensor = builder.port(Port(name, declared, "input"))
        builder.declared[tensor.value] = item
    frame.names[name] = tensor
    frame.flow = tensor
    if item.steps:
        frame.flow = steps.run(frame, tree.Pipeline(item.span, item.steps))


def _number(item: tree.Input) -> Any:
    if item.number is None:
        return "float"
    if item.number.name not in ("int", "float"):
        meant = "int" if "int" in item.number.name else "float"
        help_ = Help(f"how many bits they have is no matter: {meant}", item.number.span, meant)
        message = f"numbers are int or float, not {item.number.name}"
        raise Mistake("wrong-value", message, item.number.span, help=(help_,))
    return item.number.name


def _dimension(
    frame: Frame, item: tree.Input, at: int, written: tree.Expression | tree.UnknownSize
) -> Dim:
    if isinstance(written, tree.UnknownSize):
        return _unknown_size(frame, item, at)
    value = expressions.evaluate(frame, written)
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
