"""Writes the steps of a function: shared layers first, then what flows."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission.conditions import loop_header
from netdsl.backends.emission.names import identifier
from netdsl.backends.emission.plan import Choice, Loop, ModuleName, Use, Value
from netdsl.backends.emission.steps import Steps
from netdsl.backends.keras.emission.calls import FunctionCalls
from netdsl.backends.keras.emission.function import Function
from netdsl.backends.keras.emission.names import TAKEN
from netdsl.backends.keras.emission.sharing import input_sizes


class Body(Steps):
    """Writes what a function does, up to the `return`."""

    calls: FunctionCalls

    def __init__(self, function: Function, outputs: Sequence[Value]) -> None:
        parameters = {*function.parameters.values(), *function.measured.values()}
        taken = TAKEN | function.all.names | {parameter.name for parameter in parameters}
        super().__init__(function.explainer, function.found.plan.items, outputs, taken)
        self.function = function
        self.calls = FunctionCalls(function, self)
        self.arguments = self.name_arguments()

    def write(self) -> None:
        """Writes shared layers and all steps; what was made last may be left pending."""
        for name, use in self.explainer.owned.items():
            self._own(name, use)
        super().write()

    def header(self, loop: Loop) -> str:
        """The `for` of a loop."""
        return loop_header(self.explainer, loop, len(self.calls.loops), self.function.written)

    def tests(
        self, choice: Choice, arms: Sequence[int], passing: bool
    ) -> list[tuple[str, int | None]]:
        """The headers of a choice and the arms they lead into."""
        return self.function.tests(choice, arms, passing)

    def layer(self, name: str) -> str:
        """A variable for a layer that is used again."""
        variable = self.variables.free(identifier(name))
        self.variables.taken.add(variable)
        return variable

    def _own(self, name: str, use: Use) -> None:
        """Constructs a shared layer; a shared block is a model of its own, with its inputs."""
        label = self.function.label(ModuleName((), name), [])
        variable = self.calls.owned[name] = self.layer(name)
        if use.place.child is None:
            self.line(f"{variable} = {self.calls.construction(use, label)}")
            return
        tensors: list[str] = []
        child = self.function.all.of(use.place.child)
        for port, sizes in zip(child.found.graph.ports, self._sizes(use), strict=True):
            tensors.append(self.variables.free(identifier(f"{name}_{_said(port.name)}")))
            kind = ', dtype="int32"' if port.type.number == "int" else ""
            self.line(f"{tensors[-1]} = keras.Input({sizes}{kind})")
        given = [*tensors, *self.calls.handed_on(use), *self.function.arguments(use, label)]
        inputs = tensors[0] if len(tensors) == 1 else f"[{', '.join(tensors)}]"
        made = f"{child.found.name}({', '.join(given)})"
        self.line(f"{variable} = keras.Model({inputs}, {made}, name={label})")

    def _sizes(self, use: Use) -> list[str]:
        """The sizes of what flows into a shared block, as tuples."""
        found = [
            [self.function.written(size) for size in sizes]
            for sizes in input_sizes(self.explainer, use)
        ]
        return [f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})" for sizes in found]


def _said(port: str) -> str:
    return port if port != "it" else "input"
