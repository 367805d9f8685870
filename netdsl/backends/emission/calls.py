"""Writes the call of one use: which template, and what is filled in."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache

from netdsl.backends.emission import layout
from netdsl.backends.emission.explain import Explainer
from netdsl.backends.emission.expression import Expression
from netdsl.backends.emission.needs import Needs
from netdsl.backends.emission.places import without
from netdsl.backends.emission.plan import Loop, Use
from netdsl.graph import Shared


class Calls(ABC):
    """The calls of one method or function."""

    def __init__(self, explainer: Explainer, needs: Needs) -> None:
        self.explainer = explainer
        self.found = explainer.found
        self.needs = needs
        # The loops around, and the arguments for layers shared from outside.
        self.loops: list[Loop] = []
        self.handed: list[str] = []

    @abstractmethod
    def heavy(self, use: Use) -> bool:
        """Whether a use has many weights, so that it deserves a line of its own."""

    @abstractmethod
    def spoken(self, expression: Expression) -> str:
        """An expression as it is written among the calls."""

    @abstractmethod
    def block(self, use: Use) -> tuple[str, dict[str, str]]:
        """The template of the call of a block, and what is filled in besides the inputs."""

    @abstractmethod
    def module(self, use: Use) -> str:
        """The expression for the layer that a use calls."""

    @abstractmethod
    def tie(self, use: Use) -> str:
        """The expression for the weight that a use is tied to."""

    @abstractmethod
    def batch(self) -> str:
        """The expression that tells a layer without inputs the number of examples."""

    @abstractmethod
    def own(self, name: str) -> str:
        """The expression for a shared layer that is constructed here."""

    def template(self, use: Use) -> tuple[str, dict[str, str]]:
        """The template of a call and what is filled in besides the inputs."""
        if use.emission is None:
            return self.block(use)
        part = "call"
        members = [name for name, value in zip(use.taps, use.outputs[1:], strict=True)
                   if self.needs.of(value) in self.needs.needed]  # fmt: skip
        if members:
            part = f"members.{members[0]}"
        code = use.emission.members[str(members[0])] if members else use.emission.call
        expressions = self.explainer.code(use, part)
        values = {name: self.spoken(value) for name, value in expressions.items()}
        if use.module is not None or use.shared is not None:
            values["module"] = self.module(use)
        if "{tie}" in code.text:
            values["tie"] = self.tie(use)
        if "{batch}" in code.text:
            values["batch"] = self.batch()
        return without(code.text, use.omitted), values

    def shared(self, shared: Shared | None) -> str:
        """The expression for a shared layer: one of its own, or one that was handed in."""
        plan = self.found.plan
        for graph in plan.graphs:
            for owned in plan.owned:
                if owned.keys[graph] is shared:
                    return self.own(owned.name)
            if shared in plan.foreign[graph]:
                return self.handed[plan.foreign[graph].index(shared)]
        raise AssertionError(f"nothing hands in {shared}")

    def handed_on(self, use: Use) -> list[str]:
        """The expressions for the shared layers that the block of a use is given."""
        assert use.place.child is not None
        child = self.explainer.all.of(use.place.child)
        return [self.shared(found) for found in child.found.plan.foreign[use.place.child]]

    def tied(self, use: Use) -> Use:
        """The use of this body whose weight a use is tied to."""
        assert use.tie is not None
        maker = self.explainer.makers[use.tie]
        assert isinstance(maker, Use)
        return maker


def filled(template: str, inputs: Sequence[str], values: dict[str, str]) -> str:
    """A template with everything in its place."""
    return template.format(*inputs, inputs=", ".join(inputs), **values)


@cache
def alone(template: str, place: int) -> bool:
    """Whether an input stands alone in a template, so that an operator needs no brackets."""
    text = template.replace(f"{{{place}}}", "PLACE").replace("{inputs}", "PLACE")
    for sign in "{}":
        text = text.replace(sign, "")
    # What is left of other places must be a name.
    text = "".join(part if part != "" else "" for part in text)
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return layout.encloses(text, "PLACE")
