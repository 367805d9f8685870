"""Expressions of emitted code: they can be written as Python and evaluated where they stand.

An explanation of a value (`4 * width`) is trusted only after it was evaluated for every use, so
what is written here and what is computed here come from one table of operators.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from netdsl.record import Record

# What a symbol stands for: the kind (`parameter`, `channels`, `extra`, `index`) and which of them.
Key: TypeAlias = tuple[str, Any]


class Expression(Record):
    """Base of all expressions."""


class Constant(Expression):
    """A value that a literal can write."""

    value: Any


class Symbol(Expression):
    """A parameter or an index, by its key."""

    key: Key


class Operation(Expression):
    """An operator or a function of Python's, with its operands."""

    operator: str
    operands: tuple[Expression, ...]


# Precedence and meaning; the operators of the language mean what Python's mean.
OPERATORS: dict[str, tuple[int, Callable[..., Any]]] = {
    "or": (1, lambda a, b: a or b),
    "and": (2, lambda a, b: a and b),
    "not": (3, operator.not_),
    "==": (4, operator.eq),
    "!=": (4, operator.ne),
    "<": (4, operator.lt),
    "<=": (4, operator.le),
    ">": (4, operator.gt),
    ">=": (4, operator.ge),
    "in": (4, lambda a, b: a in b),
    "not in": (4, lambda a, b: a not in b),
    "+": (5, operator.add),
    "-": (5, operator.sub),
    "*": (6, operator.mul),
    "/": (6, operator.truediv),
    "//": (6, operator.floordiv),
    "%": (6, operator.mod),
    "negative": (7, operator.neg),
    "**": (8, operator.pow),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "sum": sum,
}
_ATOM = 9
# Larger results than any net needs: the search for an explanation must not compute for long.
_LARGEST_EXPONENT = 64


class Unevaluable(Exception):
    """An expression has no value here, such as a division by zero."""


def evaluate(expression: Expression, known: Callable[[Key], Any]) -> Any:
    """The value where `known` gives that of each symbol; `Unevaluable` where there is none."""
    match expression:
        case Constant():
            return expression.value
        case Symbol():
            return known(expression.key)
        case Operation():
            values = [evaluate(operand, known) for operand in expression.operands]
            return _apply(expression.operator, values)
    raise AssertionError(expression)


def _apply(name: str, values: list[Any]) -> Any:
    try:
        match name:
            case "tuple":
                return tuple(values)
            case "index":
                return values[0][values[1]]
            case "if":
                return values[0] if values[1] else values[2]
            case "**" if isinstance(values[1], int) and values[1] > _LARGEST_EXPONENT:
                raise Unevaluable
        found = FUNCTIONS.get(name)
        return found(*values) if found else OPERATORS[name][1](*values)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise Unevaluable from error


def symbols(expression: Expression) -> list[Key]:
    """The keys of its symbols, in order of writing."""
    match expression:
        case Symbol():
            return [expression.key]
        case Operation():
            return [key for operand in expression.operands for key in symbols(operand)]
    return []


def substitute(expression: Expression, by: Mapping[Key, Expression]) -> Expression:
    """The expression with symbols replaced."""
    match expression:
        case Symbol():
            return by.get(expression.key, expression)
        case Operation():
            operands = tuple(substitute(operand, by) for operand in expression.operands)
            return Operation(expression.operator, operands)
    return expression


def folded(expression: Expression) -> Expression:
    """The number that an expression without symbols stands for, or the expression."""
    if symbols(expression) or isinstance(expression, Constant):
        return expression
    nothing: dict[Key, Any] = {}
    return Constant(evaluate(expression, nothing.__getitem__))


def write(expression: Expression, name: Callable[[Key], str]) -> str:
    """The expression in Python; `name` writes a symbol."""
    return _write(expression, name, 0)


def _write(expression: Expression, name: Callable[[Key], str], outer: int) -> str:
    match expression:
        case Constant():
            text = literal(expression.value)
            negative = text.startswith("-")
            return f"({text})" if negative and outer > OPERATORS["+"][0] else text
        case Symbol():
            return name(expression.key)
        case Operation():
            text, inner = _operation(expression, name)
            return f"({text})" if inner < outer else text
    raise AssertionError(expression)


def _operation(expression: Operation, name: Callable[[Key], str]) -> tuple[str, int]:
    """The text and its precedence."""
    operands = expression.operands
    match expression.operator:
        case "tuple":
            items = [_write(operand, name, 0) for operand in operands]
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})", _ATOM
        case "index":
            value, index = operands
            return f"{_write(value, name, _ATOM)}[{_write(index, name, 0)}]", _ATOM
        case "if":
            then, condition, otherwise = (_write(operand, name, 1) for operand in operands)
            return f"{then} if {condition} else {otherwise}", 0
        case "not" | "negative" as sign:
            level = OPERATORS[sign][0]
            prefix = "not " if sign == "not" else "-"
            return prefix + _write(operands[0], name, level), level
        case function if function in FUNCTIONS:
            items = [_write(operand, name, 0) for operand in operands]
            return f"{function}({', '.join(items)})", _ATOM
    level = OPERATORS[expression.operator][0]
    left, right = operands
    # `**` leans to the right, all others to the left; comparisons must not form a chain.
    on_left = level + (expression.operator == "**" or level == OPERATORS["=="][0])
    on_right = level + (expression.operator != "**")
    texts = _write(left, name, on_left), _write(right, name, on_right)
    plain = expression.operator == "**" and all(_simple(operand) for operand in operands)
    return ("" if plain else " ").join([texts[0], expression.operator, texts[1]]), level


def _simple(expression: Expression) -> bool:
    """Whether the formatter hugs `**` around it: names and numbers alone."""
    return isinstance(expression, (Symbol, Constant))


def literal(value: Any) -> str:
    """A value as Python's formatter writes it: double quotes, short exponents."""
    match value:
        case bool() | None | int():
            return repr(value)
        case float():
            mantissa, _, exponent = repr(value).partition("e")
            if mantissa.lstrip("-") in ("inf", "nan"):
                return f'float("{mantissa}")'
            return f"{mantissa}e{int(exponent)}" if exponent else mantissa
        case str():
            inner = repr(value)[1:-1]
            if repr(value)[0] == "'":
                inner = inner.replace('"', '\\"').replace("\\'", "'")
            return f'"{inner}"'
        case tuple():
            items = ", ".join(map(literal, value))
            return f"({items},)" if len(value) == 1 else f"({items})"
        case list():
            return f"[{', '.join(map(literal, value))}]"
    raise TypeError(f"no literal writes {value!r}")


def writable(value: Any) -> bool:
    """Whether a literal can write the value."""
    if isinstance(value, (tuple, list)):
        return all(map(writable, value))
    return value is None or isinstance(value, (bool, int, float, str))


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of one type: 96.0 is no size, and True no number."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (tuple, list)):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)
