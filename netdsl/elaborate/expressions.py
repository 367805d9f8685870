"""The value of an expression. From: a tree and a `Frame`. To: a value (values.py), or a `Mistake`.

Nothing is applied here but arithmetic with tensors: pipelines, groups and branches become closures.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any, assert_never

from netdsl.catalog.arguments import Argument, Rejection, Symbol
from netdsl.catalog.index import WORDS
from netdsl.diagnostics import Help
from netdsl.elaborate import arithmetic, calls, lookup
from netdsl.elaborate.builtins import LONGEST, BadValue
from netdsl.elaborate.frame import Frame, bind
from netdsl.elaborate.members import member
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.static import names_used_in
from netdsl.elaborate.suggest import nearest
from netdsl.elaborate.values import (
    Closure,
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Poison,
    SharedValue,
    Tensor,
    kind_of,
    shown,
)
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import Size, Undecided

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = ("<", "<=", ">", ">=")
_LAYERS = (Closure, FinishedLayer, FinishedBlock, SharedValue)


def evaluate(frame: Frame, expression: tree.Expression, argument: Argument | None = None) -> Any:
    """The value of an expression; `argument` is what it is given to, whose words it may use."""
    frame.elaboration.meter.step(expression.span)
    match expression:
        case tree.Literal():
            return expression.value
        case tree.Name():
            return lookup.value_named(frame, expression, argument)
        case tree.Binary():
            return _binary(frame, expression)
        case tree.Call():
            return calls.call_value(frame, expression, argument)
        case tree.Pipeline() | tree.Group() | tree.If() | tree.Repeat() | tree.For():
            return closure(frame, expression)
        case tree.Display():
            return _display(frame, expression, argument)
        case tree.Conditional():
            chosen = truth(frame, expression.condition)
            return evaluate(frame, expression.then if chosen else expression.otherwise, argument)
        case tree.Member():
            return _member(frame, expression)
        case tree.Boolean():
            left = truth(frame, expression.left)
            if left == (expression.operator == "or"):
                return left
            return truth(frame, expression.right)
        case tree.Unary():
            return _unary(frame, expression)
        case tree.Index():
            return _index(frame, expression)
        case tree.Slice():
            return _slice(frame, expression)
        case tree.Comprehension():
            items = [evaluate(inner, expression.element) for inner in rounds(frame, expression)]
            return frame.elaboration.meter.made(tuple(items), expression.span)
        case _:
            assert_never(expression)


def closure(frame: Frame, expression: tree.Expression) -> Closure:
    """An expression kept for later, with the values that its names have now."""
    names = {name: frame.names[name] for name in names_used_in(expression) if name in frame.names}
    return Closure(expression, names, frame, frame.defaults)


def truth(frame: Frame, expression: tree.Expression) -> bool:
    """The value of a condition."""
    try:
        value = evaluate(frame, expression)
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float | str | tuple | Size) or value is None:
            return bool(value)
    except Undecided as undecided:
        raise _undecided(undecided, expression.span) from None
    raise Mistake("type", f"a condition is true or false, not {kind_of(value)}", expression.span)


def _undecided(undecided: Undecided, span: Span) -> Mistake:
    return Mistake(
        "unknown-size",
        f"this depends on {undecided.size}, which is known only at run time",
        span,
        help="a size that a choice depends on is set with --size, or written in the input",
    )


def whole_number(frame: Frame, expression: tree.Expression, what: str) -> int:
    """The value of a count."""
    value = evaluate(frame, expression)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        rounded = isinstance(value, float) and math.isfinite(value) and value > 0
        text = f"round({expression.span.text})"
        help_ = (Help("round gives a whole number", expression.span, text),) if rounded else ()
        message = f"{what} is a whole number, not {shown(value)}"
        raise Mistake("type", message, expression.span, help=help_)
    return value


def items_of(frame: Frame, expression: tree.Expression) -> tuple[Any, ...]:
    """The items of a list to go through."""
    value = evaluate(frame, expression)
    if not isinstance(value, tuple):
        raise Mistake(
            "type",
            f"`for` goes through a list, not {shown(value)}",
            expression.span,
            help=(
                Help(
                    f"range({value}) counts from 0 to {value - 1}",
                    expression.span,
                    f"range({expression.span.text})",
                ),
            )
            if isinstance(value, int) and value > 0
            else (),
        )
    return value


def rounds(frame: Frame, expression: tree.Comprehension) -> Iterator[Frame]:
    """A frame for each element of a comprehension, with the pattern bound, that keeps the flow."""
    for item in items_of(frame, expression.iterable):
        inner = frame.child(dict(frame.names), frame.defaults)
        inner.flow = frame.flow
        bind(inner, expression.pattern, item)
        if expression.condition is None or truth(inner, expression.condition):
            yield inner


# What other libraries put before the names of layers.
_PREFIXES = frozenset(("self", "nn", "F", "functional", "torch", "keras", "layers", "tf"))


def _member(frame: Frame, expression: tree.Member) -> Any:
    """The value of `value.name`; a layer's name of another library is told as that."""
    owner = expression.value
    if isinstance(owner, tree.Name) and owner.name in _PREFIXES - frame.names.keys():
        word = expression.name.name
        near = word if word in WORDS["layer"] else nearest(word, WORDS["layer"])
        text = f"layers are called by their own names alone: {near}"
        help_ = (Help(text, expression.span, near),) if near is not None else ()
        raise Mistake("unknown-name", f"{owner.name} is not known here", owner.span, help=help_)
    return member(evaluate(frame, owner), expression)


def _display(frame: Frame, expression: tree.Display, argument: Argument | None) -> tuple[Any, ...]:
    items = tuple([evaluate(frame, item, argument) for item in expression.items])
    return frame.elaboration.meter.made(items, expression.span)


def _binary(frame: Frame, expression: tree.Binary) -> Any:
    """The value of an operation; long chains of them lean to the left and are not recursed into."""
    chain = [expression]
    while isinstance(chain[-1].left, tree.Binary):
        chain.append(chain[-1].left)
    value = evaluate(frame, chain[-1].left)
    for operation in reversed(chain):
        frame.elaboration.meter.step(operation.span)
        value = _operate(frame, operation, value, evaluate(frame, operation.right))
    return value


def _operate(frame: Frame, expression: tree.Binary, left: Any, right: Any) -> Any:
    name = expression.operator
    meter = frame.elaboration.meter
    for operand in (left, right):
        if isinstance(operand, tuple | str):
            meter.work(operand, expression.span)
    if name in arithmetic.OPERATORS and (_flows(left) or _flows(right)):
        return arithmetic.arithmetic(frame, expression, left, right)
    try:
        if name in ("in", "not in"):
            return _contains(left, right, expression) == (name == "in")
        value = _compute(name, left, right, expression)
    except Undecided as undecided:
        raise _undecided(undecided, expression.span) from None
    except ZeroDivisionError:
        raise Mistake("arithmetic", "division by zero", expression.right.span) from None
    except (OverflowError, ValueError):
        raise Mistake("arithmetic", "this has no value", expression.span) from None
    if isinstance(value, tuple):
        return meter.made(value, expression.span)
    meter.number(value, expression.span)
    return value


def _flows(value: Any) -> bool:
    """Whether arithmetic with the value is arithmetic with tensors."""
    if isinstance(value, EntryWord):
        return value.entry.category == "layer"
    if isinstance(value, Definition):
        return not isinstance(value.node, tree.Function)
    return isinstance(value, (Tensor, *_LAYERS))


def _contains(item: Any, container: Any, expression: tree.Binary) -> bool:
    if not isinstance(container, tuple):
        raise Mistake(
            "type", f"`in` looks into a list, not {shown(container)}", expression.right.span
        )
    return any(_equal(item, other) for other in container)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, Symbol) and isinstance(right, str):
        return left.name == right
    if isinstance(left, tuple) and isinstance(right, tuple):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(_equal(one, other) for one, other in pairs)
    if (isinstance(left, Size) and _is_number(right)) or (
        isinstance(right, Size) and _is_number(left)
    ):
        return not (left - right)
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _compute(name: str, left: Any, right: Any, expression: tree.Binary) -> Any:
    if name in ("==", "!="):
        return _equal(left, right) == (name == "==")
    numeric = _is_number(left) and _is_number(right)
    if numeric:
        if name == "**":
            _bounded_power(left, right, expression)
        return _OPERATORS[name](left, right)
    if name == "+" and type(left) is type(right) and isinstance(left, tuple | str):
        if len(left) + len(right) > LONGEST:
            raise Mistake("limit", f"a list of more than {LONGEST:,} items", expression.span)
        return left + right
    if name == "*" and {type(left), type(right)} == {tuple, int}:
        items, count = (left, right) if isinstance(left, tuple) else (right, left)
        if len(items) * count > LONGEST:
            raise Mistake("limit", f"a list of more than {LONGEST:,} items", expression.span)
        return items * count
    if name in _ORDERED and isinstance(left, tuple | str) and type(left) is type(right):
        return _OPERATORS[name](left, right)
    raise Mistake(
        "type",
        f"{name} does not take {shown(left)} and {shown(right)}",
        expression.span,
        help=_arrow(expression) if name == ">" and _flows(left) and _flows(right) else (),
    )


def _arrow(expression: tree.Binary) -> tuple[Help, ...]:
    """The arrow in place of the sign between two layers."""
    sign = Span(expression.span.source, expression.left.span.end, expression.right.span.start)
    return (Help("steps are joined with ->", sign, " -> "),)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Size) and not isinstance(value, bool)


def _bounded_power(base: Any, exponent: Any, expression: tree.Binary) -> None:
    """Refuses a power that would be too large before it is computed."""
    known = isinstance(base, int | float) and isinstance(exponent, int | float)
    if known and abs(base) > 1 and exponent * math.log10(abs(base)) > 25:
        raise Mistake("limit", "this number is too large", expression.span)


def _unary(frame: Frame, expression: tree.Unary) -> Any:
    if expression.operator == "not":
        return not truth(frame, expression.operand)
    value = evaluate(frame, expression.operand)
    if _flows(value):
        if expression.operator == "+":
            return value
        return arithmetic.negative(frame, expression, value)
    if not _is_number(value):
        raise Mistake("type", f"a sign stands before a number, not {shown(value)}", expression.span)
    return -value if expression.operator == "-" else value


def _index(frame: Frame, expression: tree.Index) -> Any:
    value = evaluate(frame, expression.value)
    index = evaluate(frame, expression.index)
    if not isinstance(value, tuple | str):
        raise Mistake("type", f"{kind_of(value)} has no items", expression.value.span)
    if isinstance(index, bool) or not isinstance(index, int):
        raise Mistake(
            "type", f"an index is a whole number, not {shown(index)}", expression.index.span
        )
    if not -len(value) <= index < len(value):
        last = len(value) - 1
        text = f"items are counted from 0: the last is {last}"
        raise Mistake(
            "index",
            f"there is no item {index} among {len(value)}",
            expression.index.span,
            help=(Help(text, expression.index.span, str(last)),) if value else (),
        )
    item = value[index]
    if isinstance(item, Poison):
        raise Mistake("type", "this item is not known", expression.span)
    return item


def _slice(frame: Frame, expression: tree.Slice) -> Any:
    value = evaluate(frame, expression.value)
    if not isinstance(value, tuple | str):
        raise Mistake("type", f"{kind_of(value)} has no items", expression.value.span)
    bounds = []
    for bound in (expression.start, expression.stop):
        found = None if bound is None else evaluate(frame, bound)
        if found is not None and (isinstance(found, bool) or not isinstance(found, int)):
            assert bound is not None
            raise Mistake("type", f"a bound is a whole number, not {shown(found)}", bound.span)
        bounds.append(found)
    found = value[bounds[0] : bounds[1]]
    if isinstance(found, tuple):
        return frame.elaboration.meter.made(found, expression.span)
    return found


def call_builtin(
    name: str, function: Callable[..., Any], values: tuple[Any, ...], span: Any
) -> Any:
    """What a builtin gives for values; a `Mistake` where it cannot take them."""
    try:
        return function(*values)
    except BadValue as bad:
        raise Mistake("type", str(bad), span) from None
    except Rejection as rejection:
        raise Mistake("type", rejection.message, span) from None
    except Undecided as undecided:
        raise _undecided(undecided, span) from None
    except (TypeError, ValueError, OverflowError):
        raise Mistake("type", f"{name} does not take these values", span) from None
