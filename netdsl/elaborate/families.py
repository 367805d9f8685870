"""Families: an alias `net X = Y(…)` may be given what it leaves open of its target."""

from __future__ import annotations

from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.values import Definition
from netdsl.syntax import tree

# Aliases of aliases are followed so far; the elaborator refuses longer chains.
_LONGEST = 100


def ready(scope: Scope, net: tree.Net) -> bool:
    """Whether a net of a file needs no arguments."""
    parameters = parameters_of(Definition(net, scope))
    return all(parameter.default is not None for parameter in parameters)


def parameters_of(definition: Definition, follow: int = _LONGEST) -> tuple[tree.Parameter, ...]:
    """The parameters of a block, net or function; an alias has those that it does not set too."""
    own = definition.node.parameters
    target = _target(definition)
    if target is None or follow == 0:
        return own
    inherited = parameters_of(target, follow - 1)
    taken = {parameter.name.name for parameter in own} | _set_by(definition, inherited)
    return own + tuple(p for p in inherited if p.name.name not in taken)


def origin(definition: Definition, follow: int = _LONGEST) -> Definition:
    """What has the body: of an alias the net that it stands for, at the end of a chain of them."""
    target = _target(definition)
    return definition if target is None or follow == 0 else origin(target, follow - 1)


def _target(definition: Definition) -> Definition | None:
    """The net that an alias names; None for anything else, and where there is no such net."""
    node = definition.node
    if not isinstance(node, tree.Net) or node.value is None:
        return None
    named = node.value.callee if isinstance(node.value, tree.Call) else node.value
    if not isinstance(named, tree.Name):
        return None
    try:
        found = definition.scope.definition(named.name)
    except Mistake:
        return None
    return found if isinstance(found, Definition) and isinstance(found.node, tree.Net) else None


def _set_by(definition: Definition, possible: tuple[tree.Parameter, ...]) -> set[str]:
    """The names of the parameters that the call in an alias gives."""
    assert isinstance(definition.node, tree.Net)
    value = definition.node.value
    if not isinstance(value, tree.Call):
        return set()
    unnamed = sum(given.name is None for given in value.arguments)
    named = {given.name.name for given in value.arguments if given.name is not None}
    return named | {parameter.name.name for parameter in possible[:unnamed]}
