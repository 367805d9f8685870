"""The calls of a method: modules are attributes of `self`."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backends.emission.calls import Calls
from netdsl.backends.emission.expression import Expression
from netdsl.backends.emission.needs import Needs
from netdsl.backends.emission.plan import Use
from netdsl.backends.torch.emission.finished import Finished
from netdsl.backends.torch.emission.reach import module as reached
from netdsl.backends.torch.emission.starts import ATTENTIONS, BY_FUNCTION, RECURRENCES


class MethodCalls(Calls):
    """The calls of one method; `asked` are the uses of blocks whose logits are taken."""

    def __init__(
        self, finished: Finished, needs: Needs, asked: set[int], any_tensor: Callable[[], str]
    ) -> None:
        super().__init__(finished.explainer, needs)
        self.finished = finished
        self.asked = asked
        # A variable whose first axis is the batch.
        self.any_tensor = any_tensor

    def heavy(self, use: Use) -> bool:
        """Whether a use has many weights, so that it deserves a line of its own."""
        emission = use.emission
        if emission is None:
            return True
        large = (*BY_FUNCTION, *RECURRENCES, *ATTENTIONS)
        return emission.construct is not None and emission.construct.text.startswith(large)

    def spoken(self, expression: Expression) -> str:
        """An expression over the attributes of `self`."""
        return self.finished.spoken(expression)

    def block(self, use: Use) -> tuple[str, dict[str, str]]:
        """The module of a block, called with its tensors and shared layers."""
        method = ".logits" if id(use) in self.asked else ""
        given = ", ".join(["{inputs}"] * bool(use.inputs) + self.handed_on(use))
        return f"{{module}}{method}({given})", {"module": self.module(use)}

    def module(self, use: Use) -> str:
        """The expression for the module of a use."""
        if use.shared is not None:
            return self.shared(use.place.node.shared)
        assert use.module is not None
        return reached(use.module, self.loops)

    def tie(self, use: Use) -> str:
        """The weight of the module that a use is tied to."""
        tied = self.shared(use.tie_shared) if use.tie_shared else self.module(self.tied(use))
        return f"{tied}.weight"

    def batch(self) -> str:
        """The size of the first axis of some tensor."""
        return f"{self.any_tensor()}.shape[0]"

    def own(self, name: str) -> str:
        """A shared module of this class."""
        return f"self.{name}"
