"""Writes the call of one use: which template, which module, what is filled in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cache

from netdsl.backends.torch.emission import layout
from netdsl.backends.torch.emission.finished import Finished
from netdsl.backends.torch.emission.needs import Needs
from netdsl.backends.torch.emission.places import without
from netdsl.backends.torch.emission.plan import Loop, Use
from netdsl.backends.torch.emission.reach import module as reached
from netdsl.backends.torch.emission.starts import ATTENTIONS, BY_FUNCTION, RECURRENCES
from netdsl.graph import Shared


class Calls:
    """The calls of one method; `asked` are the uses of blocks whose logits are taken."""

    def __init__(
        self, finished: Finished, needs: Needs, asked: set[int], any_tensor: Callable[[], str]
    ) -> None:
        self.finished = finished
        self.explainer = finished.explainer
        self.needs = needs
        self.asked = asked
        # A variable whose first axis is the batch.
        self.any_tensor = any_tensor
        # The loops around, and the arguments for layers shared from outside.
        self.loops: list[Loop] = []
        self.handed: list[str] = []

    def heavy(self, use: Use) -> bool:
        """Whether a use has many weights, so that it deserves a line of its own."""
        emission = use.emission
        if emission is None:
            return True
        large = (*BY_FUNCTION, *RECURRENCES, *ATTENTIONS)
        return emission.construct is not None and emission.construct.text.startswith(large)

    def template(self, use: Use) -> tuple[str, dict[str, str]]:
        """The template of a call and what is filled in besides the inputs."""
        if use.emission is None:
            child = self.finished.all.of(use.place.child)
            assert use.place.child is not None
            handed = [self.shared(s) for s in child.found.plan.foreign[use.place.child]]
            method = ".logits" if id(use) in self.asked else ""
            given = ", ".join(["{inputs}"] * bool(use.inputs) + handed)
            return f"{{module}}{method}({given})", {"module": self.module(use)}
        part = "call"
        members = [name for name, value in zip(use.taps, use.outputs[1:], strict=True)
                   if self.needs.of(value) in self.needs.needed]  # fmt: skip
        if members:
            part = f"members.{members[0]}"
        code = use.emission.members[str(members[0])] if members else use.emission.call
        expressions = self.explainer.code(use, part)
        values = {name: self.finished.spoken(value) for name, value in expressions.items()}
        if use.module is not None or use.shared is not None:
            values["module"] = self.module(use)
        if "{tie}" in code.text:
            values["tie"] = self._tie(use)
        if "{batch}" in code.text:
            values["batch"] = f"{self.any_tensor()}.shape[0]"
        return without(code.text, use.omitted), values

    def module(self, use: Use) -> str:
        """The expression for the module of a use."""
        if use.shared is not None:
            return self.shared(use.place.node.shared)
        assert use.module is not None
        return reached(use.module, self.loops)

    def shared(self, shared: Shared | None) -> str:
        """The expression for a shared layer: an own module, or one that was handed in."""
        plan = self.finished.found.plan
        for graph in plan.graphs:
            for owned in plan.owned:
                if owned.keys[graph] is shared:
                    return f"self.{owned.name}"
            if shared in plan.foreign[graph]:
                return self.handed[plan.foreign[graph].index(shared)]
        raise AssertionError(f"nothing hands in {shared}")

    def _tie(self, use: Use) -> str:
        if use.tie_shared is not None:
            return f"{self.shared(use.tie_shared)}.weight"
        assert use.tie is not None
        maker = self.explainer.makers[use.tie]
        assert isinstance(maker, Use)
        return f"{self.module(maker)}.weight"


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
