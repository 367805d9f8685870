"""What a block's instance is given, seen from inside: tensors become ports, closures move in.

Two instances are alike where their keys are equal: values by value, closures by their place and
what they captured, tensors by their type and their number among the ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.elaborate.builder import Builder
from netdsl.elaborate.values import Closure, FinishedBlock, FinishedLayer, SharedValue, Tensor
from netdsl.graph import Port, PortKind
from netdsl.syntax import tree


class Localizer:
    """Collects the tensors that flow into an instance: the flow first, then those in arguments."""

    def __init__(self, flowing: Tensor) -> None:
        self.tensors = [flowing]
        self._names = ["it"]
        self._local: list[Tensor] = []
        # How many values were looked at, in lists and in what closures hold too.
        self.looked_at = 0

    def types(self) -> tuple[Any, ...]:
        """The types of the ports."""
        return tuple([tensor.type for tensor in self.tensors])

    def arguments(self, values: Mapping[str, Any]) -> Any:
        """What of the arguments tells instances apart; collects the tensors in them."""
        return tuple([(name, self.key(values[name], name)) for name in sorted(values)])

    def key(self, value: Any, name: str = "") -> Any:
        """What of a value tells instances apart; `name` is that of a port for a tensor in it."""
        self.looked_at += 1
        if isinstance(value, Tensor):
            return ("tensor", self._number(value, name))
        if isinstance(value, tuple):
            return (
                "list",
                *[self.key(item, name and f"{name}{i}") for i, item in enumerate(value)],
            )
        if isinstance(value, Closure):
            return ("closure", value.expression, id(value.defaults), self.arguments(value.names))
        if isinstance(value, FinishedBlock):
            return ("block", value.definition.node, self.arguments(value.values))
        if isinstance(value, FinishedLayer):
            return ("layer", value.layer)
        if isinstance(value, SharedValue):
            return ("shared", value.shared)
        return (type(value), value)

    def _number(self, tensor: Tensor, name: str = "") -> int:
        for number, known in enumerate(self.tensors):
            if known.value == tensor.value and known.builder is tensor.builder:
                return number
        self.tensors.append(tensor)
        self._names.append(name or f"captured{len(self.tensors) - 1}")
        return len(self.tensors) - 1

    def open(self, builder: Builder, node: tree.Block | tree.Net) -> Tensor:
        """Makes the ports in a new body; returns the one that flows."""
        parameters = {p.name.name for p in node.parameters if p.tensor}
        for number, (name, tensor) in enumerate(zip(self._names, self.tensors, strict=True)):
            given = name in parameters or name.rstrip("0123456789") in parameters
            kind: PortKind = "flow" if number == 0 else "parameter" if given else "captured"
            self._local.append(builder.port(Port(name, tensor.type, kind)))
        return self._local[0]

    def localized(self, value: Any) -> Any:
        """The value with the ports in the place of the tensors outside."""
        if isinstance(value, Tensor):
            return self._local[self._number(value)]
        if isinstance(value, tuple):
            return tuple([self.localized(item) for item in value])
        if isinstance(value, Closure):
            names = {name: self.localized(item) for name, item in value.names.items()}
            return value.replace(names=names)
        if isinstance(value, FinishedBlock):
            values = {name: self.localized(item) for name, item in value.values.items()}
            return value.replace(values=values)
        return value
