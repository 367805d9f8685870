"""Translates expressions of a spec into Python. From: the tree. To: an `Expression`, or None.

Only what a constructor can compute is translated: numbers, parameters of the block, names that
it sets once, sizes of what flows in. Whoever asks checks the result by evaluating it.
"""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.expression import Constant, Expression, Operation, Symbol
from netdsl.backends.emission.plan import Value
from netdsl.syntax import tree

# Functions of the language with the same meaning in Python; the floor of a size is its whole part.
FUNCTIONS = {
    "abs": "abs",
    "floor": "int",
    "len": "len",
    "max": "max",
    "min": "min",
    "round": "round",
    "sum": "sum",
}
_CHANNELS = ("channels", "features")

Channels = Callable[[Value], "Expression | None"]


class Translator:
    """Translates within one class; `flow` is what `it` means there."""

    def __init__(self, found: Class, flow: Value | None, channels: Channels) -> None:
        self.definition = found.graph.definition
        self.lets = found.graph.lets
        self.members = found.graph.members
        self.local = found.plan.local[found.graph]
        ports = zip(found.graph.ports, found.plan.ports, strict=True)
        self.ports = {port.name: value for port, value in ports}
        self.flow = flow
        self.channels = channels
        self._open: set[str] = set()

    def translate(self, node: tree.Expression) -> Expression | None:
        """The expression in Python, or None where it cannot be written."""
        match node:
            case tree.Literal():
                return Constant(node.value)
            case tree.Name():
                return self._name(node.name)
            case tree.Unary():
                operator = {"-": "negative", "not": "not"}.get(node.operator)
                return self._operation(operator, node.operand) if operator else None
            case tree.Binary() | tree.Boolean():
                return self._operation(node.operator, node.left, node.right)
            case tree.Conditional():
                return self._operation("if", node.then, node.condition, node.otherwise)
            case tree.Display():
                return self._operation("tuple", *node.items)
            case tree.Index():
                return self._operation("index", node.value, node.index)
            case tree.Call():
                return self._call(node)
            case tree.Member():
                return self._member(node)
        return None

    def _operation(self, operator: str, *nodes: tree.Expression) -> Expression | None:
        operands = [self.translate(node) for node in nodes]
        known = tuple(operand for operand in operands if operand is not None)
        return Operation(operator, known) if len(known) == len(operands) else None

    def _name(self, name: str) -> Expression | None:
        if name in self.lets:
            if name in self._open:
                return None
            self._open.add(name)
            try:
                return self.translate(self.lets[name])
            finally:
                self._open.discard(name)
        if any(parameter.name.name == name for parameter in self.definition.parameters):
            return Symbol(("parameter", name))
        return None

    def _call(self, node: tree.Call) -> Expression | None:
        if not isinstance(node.callee, tree.Name) or node.callee.name not in FUNCTIONS:
            return None
        if any(argument.name is not None for argument in node.arguments):
            return None
        values = [argument.value for argument in node.arguments]
        if any(isinstance(value, tree.Comprehension) for value in values):
            return None
        return self._operation(FUNCTIONS[node.callee.name], *values)

    def _member(self, node: tree.Member) -> Expression | None:
        if node.name.name not in _CHANNELS or not isinstance(node.value, tree.Name):
            return None
        value = self._tensor(node.value.name)
        return self.channels(value) if value is not None else None

    def _tensor(self, name: str) -> Value | None:
        if name == "it":
            return self.flow
        if name in self.ports:
            return self.ports[name]
        number = self.members.get(name)
        return self.local.get(number) if isinstance(number, int) else None


def named(node: tree.Expression) -> bool:
    """Whether an expression says more than a number does: whether it has a name in it."""
    match node:
        case tree.Literal():
            return False
        case tree.Unary():
            return named(node.operand)
        case tree.Binary() | tree.Boolean():
            return named(node.left) or named(node.right)
        case tree.Display():
            return any(map(named, node.items))
    return True
