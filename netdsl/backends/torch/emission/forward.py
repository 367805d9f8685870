"""Writes the steps of `forward`: chains of modules are one call, some steps are for training."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission.plan import Choice, Item, Loop, Use, Value
from netdsl.backends.emission.steps import Steps
from netdsl.backends.torch.emission.calls import MethodCalls
from netdsl.backends.torch.emission.finished import Finished
from netdsl.backends.torch.emission.levels import Chain, chained
from netdsl.backends.torch.emission.names import SPOKEN_FOR
from netdsl.backends.torch.emission.reach import container


class Forward(Steps):
    """Writes one method of a class; `asked` says which uses are asked for their logits."""

    def __init__(
        self,
        finished: Finished,
        items: Sequence[Item],
        outputs: Sequence[Value],
        asked: set[int],
    ) -> None:
        super().__init__(finished.explainer, items, outputs, finished.all.names | SPOKEN_FOR)
        self.finished = finished
        self.calls = MethodCalls(finished, self.needs, asked, self.any_tensor)
        self.in_training = False
        self.arguments = self.name_arguments()

    def header(self, loop: Loop) -> str:
        """The `for` of a loop."""
        return self.finished.header(loop, len(self.calls.loops), True)

    def tests(
        self, choice: Choice, arms: Sequence[int], passing: bool
    ) -> list[tuple[str, int | None]]:
        """The headers of a choice and the arms they lead into."""
        return self.finished.tests(choice, arms, True, passing)

    def write_items(self, items: Sequence[Item]) -> None:
        """Writes the steps that are needed, those of a chain as one."""
        for item in chained(items, self.finished.chains) if not self.depth else items:
            if isinstance(item, Chain):
                self._chain(item)
            elif id(item) in self.needs.kept:
                self.enter_training(isinstance(item, Use) and item.training)
                self.write_item(item)

    def enter_training(self, training: bool) -> None:
        """Opens or closes the part that runs in training only."""
        inside = self.in_training
        if training and not inside and not self.depth:
            self.flush()
            self.line("if self.training:")
            self.depth += 1
            self.in_training = True
        elif inside and not training:
            self.flush()
            self.depth -= 1
            self.in_training = False

    def _chain(self, chain: Chain) -> None:
        if self.needs.of(chain.result) not in self.needs.needed:
            return
        self.enter_training(False)
        template = f"{container((chain.level,))}({{0}})"
        self.step([chain.entry], chain.result, template, {}, True)
