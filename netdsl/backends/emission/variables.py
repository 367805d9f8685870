"""Names of tensors in `forward`: `x` for the flow, the spec's names for what is used later."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.backends.emission.names import identifier
from netdsl.backends.emission.needs import Needs
from netdsl.backends.emission.plan import Use, Value
from netdsl.catalog.layers.merge import Concat

_SHORT = ("x", "y", "z")
_MANY = 3


class Variables:
    """Which variable holds which tensor, and which may be written again."""

    def __init__(self, needs: Needs, taken: Iterable[str]) -> None:
        self.needs = needs
        self.taken = {*taken}
        self.left = dict(needs.counts)
        self.text: dict[Value, str] = {}
        self.holder: dict[str, Value] = {}
        # Names of arguments that say what they are: they are not written again.
        self.fixed: set[str] = set()

    def argument(self, value: Value, name: str, fixed: bool) -> str:
        """Names an argument of the method."""
        text = self.free(identifier(name))
        self.hold(value, text)
        if fixed:
            self.fixed.add(text)
        return text

    def hold(self, value: Value, name: str) -> None:
        """Notes that a variable holds a tensor from here on."""
        self.text[self.needs.of(value)] = name
        self.holder[name] = self.needs.of(value)

    def use(self, value: Value) -> str:
        """The variable of a tensor, which is used once more now."""
        value = self.needs.of(value)
        self.left[value] -= 1
        return self.text[value]

    def dead(self, name: str) -> bool:
        """Whether what a variable holds is not used any more."""
        return self.left.get(self.holder[name], 0) == 0

    def for_value(self, value: Value, sources: list[str], chain: Value) -> str:
        """A variable for a new tensor made from variables; `chain` is where it leads to."""
        hint = self.hint(value) or self.hint(chain) or self._branch(chain)
        if hint:
            name = identifier(hint)
            if name in self.holder and self._writable(name):
                return name
            return self.free(name)
        for name in sources:
            if self._writable(name) and (
                name in _SHORT or (len(sources) == 1 and self._plain(name))
            ):
                return name
        return self.short()

    def hint(self, value: Value) -> str:
        """The spec's name for a tensor that is more than a station of the flow, else nothing."""
        consumer = self.needs.consumer.get(value)
        passes = self.needs.counts.get(value) == 1 and consumer is not None
        return "" if passes and consumer is not None and len(consumer.inputs) == 1 else value.hint

    def short(self) -> str:
        """A short variable that is free."""
        for name in _SHORT:
            if name not in self.taken and (name not in self.holder or self._writable(name)):
                return name
        return self.free(_SHORT[0])

    def _writable(self, name: str) -> bool:
        return name in self.holder and name not in self.fixed and self.dead(name)

    def _plain(self, name: str) -> bool:
        """Whether a variable is named for the flow, not for one tensor."""
        return not self.holder[name].hint or name in _SHORT

    def free(self, name: str) -> str:
        """The name, or the name with the first number that no variable has."""
        found, count = name, 1
        while found in self.taken or found in self.holder:
            count += 1
            found = f"{name}{count}"
        return found

    def leads_to(self, value: Value) -> Value:
        """The last tensor of the row of steps with one input each that a tensor is fed into."""
        while True:
            value = self.needs.of(value)
            consumer = self.needs.consumer.get(value)
            if self.needs.counts.get(value) != 1 or consumer is None or self.hint(value):
                return value
            if len(consumer.inputs) != 1 or len(consumer.outputs) != 1:
                return value
            value = consumer.outputs[0]

    def _branch(self, value: Value) -> str:
        """A name for a branch of a merge of several tensors."""
        consumer: Use | None = self.needs.consumer.get(value)
        if consumer is None or len(consumer.inputs) < _MANY or self.needs.counts[value] != 1:
            return ""
        if consumer.place.layer is not Concat:
            return ""
        places = [self.needs.of(found) for found in consumer.inputs]
        return f"branch{places.index(value) + 1}"
