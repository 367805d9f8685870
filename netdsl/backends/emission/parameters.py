"""The parameters of a class: their order, names, types and defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.explain import Explainer
from netdsl.backends.emission.expression import Constant, Expression, Key, same
from netdsl.backends.emission.names import Names, identifier
from netdsl.record import REQUIRED
from netdsl.syntax import tree

_TYPES = {bool: "bool", int: "int", float: "float", str: "str", tuple: "tuple"}


class Parameter:
    """A parameter: its name, the annotation for its values, its default."""

    __slots__ = ("default", "key", "name", "type")

    def __init__(self, key: Key, name: str, type_: str, default: Any) -> None:
        self.key = key
        self.name = name
        self.type = type_
        self.default = default


def parameters(explainer: Explainer, taken: Iterable[str]) -> dict[Key, Parameter]:
    """The parameters in order: sizes of what flows in, those that must be given, the others.

    None has one of the names that are `taken`.
    """
    found = explainer.found
    names = Names({*taken})
    made: list[Parameter] = []
    for key in sorted(found.keys, key=lambda key: _rank(found, key)):
        name = names.new(identifier(_name(found, key)))
        type_ = _type([explainer.known(key, graph) for graph in found.plan.graphs])
        made.append(Parameter(key, name, type_, default(found, key)))
    # Python wants what has a default after what has none.
    made.sort(key=lambda parameter: parameter.default is not REQUIRED)
    return {parameter.key: parameter for parameter in made}


def default(found: Class, key: Key) -> Any:
    """The default of a parameter, where block or backend declare one that is a plain value."""
    kind, name = key
    if kind == "extra":
        return found.defaults.get(key, REQUIRED)
    if kind != "parameter":
        return REQUIRED
    declared = next(p for p in found.graph.definition.parameters if p.name.name == name)
    written = declared.default
    if not isinstance(written, tree.Literal):
        return REQUIRED
    return written.value


def is_default(parameter: Parameter, expression: Expression) -> bool:
    """Whether a call can leave a parameter out."""
    return (
        parameter.default is not REQUIRED
        and isinstance(expression, Constant)
        and same(expression.value, parameter.default)
    )


def _rank(found: Class, key: Key) -> tuple[int, int]:
    kind, name = key
    if kind == "channels":
        return 0, name
    declared = [parameter.name.name for parameter in found.graph.definition.parameters]
    if kind == "parameter":
        return 1, declared.index(name)
    return 2, list(found.extras).index(key)


def _name(found: Class, key: Key) -> str:
    kind, name = key
    if kind == "parameter":
        return str(name)
    if kind == "extra":
        return found.extras[key][0]
    port = found.graph.ports[name]
    return "in_channels" if port.kind == "flow" else f"{port.name}_channels"


def _type(values: list[Any]) -> str:
    """The annotation for some values."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) != 1:
        names = sorted(_TYPES.get(kind, "object") for kind in kinds)
        text = " | ".join(names)
    else:
        text = _TYPES.get(kinds.pop(), "object")
    if any(value is None for value in values):
        text = f"{text} | None" if text else "None"
    return text
