"""Writes steps in order: calls are chained where that reads well, one thought a line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from netdsl.backends.emission import layout
from netdsl.backends.emission.calls import Calls, alone, filled
from netdsl.backends.emission.explain import Explainer
from netdsl.backends.emission.layout import Line
from netdsl.backends.emission.needs import Needs
from netdsl.backends.emission.plan import Choice, Item, Loop, Use, Value
from netdsl.backends.emission.taps import returned
from netdsl.backends.emission.variables import Variables

_DEEPEST = 4
# Room for a variable, ` = ` and the indentation of a method.
_ROOM = 16


class Pending:
    """An expression that is not assigned yet: the next step may take it in."""

    __slots__ = ("depth", "heavy", "sources", "text", "value")

    def __init__(
        self, value: Value, text: str, heavy: bool, depth: int, sources: list[str]
    ) -> None:
        self.value = value
        self.text = text
        self.heavy = heavy
        self.depth = depth
        self.sources = sources


class Steps(ABC):
    """Writes the steps of one method or function; `taken` are names that no variable may have."""

    calls: Calls

    def __init__(
        self,
        explainer: Explainer,
        items: Sequence[Item],
        outputs: Sequence[Value],
        taken: Iterable[str],
    ) -> None:
        self.explainer = explainer
        self.found = explainer.found
        self.items = items
        self.needs = Needs(items, outputs)
        self.variables = Variables(self.needs, taken)
        self.lines: list[Line] = []
        self.depth = 0
        self.pending: Pending | None = None

    @abstractmethod
    def header(self, loop: Loop) -> str:
        """The `for` of a loop."""

    @abstractmethod
    def tests(
        self, choice: Choice, arms: Sequence[int], passing: bool
    ) -> list[tuple[str, int | None]]:
        """The headers of a choice and the arms they lead into, as `conditions.headers` has them."""

    def name_arguments(self) -> list[str]:
        """Names what flows in, tensors and layers shared from outside; returns those of tensors."""
        names: list[str] = []
        for value, port in zip(self.found.plan.ports, self.found.graph.ports, strict=True):
            flow = port.kind == "flow"
            names.append(self.variables.argument(value, "x" if flow else port.name, not flow))
        for shared in self.found.plan.foreign[self.found.graph]:
            name = self.variables.free(shared.name)
            self.variables.taken.add(name)
            self.calls.handed.append(name)
        return names

    def write(self) -> None:
        """Writes all steps; what was made last may be left pending for the `return`."""
        self.write_items(self.items)

    def write_items(self, items: Sequence[Item]) -> None:
        """Writes the steps that are needed."""
        for item in items:
            if id(item) in self.needs.kept:
                self.write_item(item)

    def write_item(self, item: Item) -> None:
        """Writes one step."""
        match item:
            case Use():
                self._use(item)
            case Loop():
                self.flush()
                self._loop(item)
            case Choice():
                self.flush()
                self._choice(item)

    def line(self, text: str) -> None:
        """Adds a statement."""
        self.lines.append(Line(self.depth, text))

    def _use(self, use: Use) -> None:
        template, values = self.calls.template(use)
        heavy = self.calls.heavy(use)
        kept = [value in self.needs.needed for value in use.outputs]
        asks = bool(use.taps) if use.emission is not None else self._several(use)
        if use.emission is not None:
            asks = asks and any(kept[1:])
        if not asks:
            own_line = use.emission is None
            self.step(use.inputs, use.outputs[0], template, values, heavy, own_line)
            return
        self.flush()
        inputs = [self.variables.use(value) for value in use.inputs]
        text = filled(template, inputs, values)
        self._unpack(use, text, inputs)

    def _several(self, use: Use) -> bool:
        """Whether the class of a use returns more than its main tensor."""
        return bool(self.explainer.all.of(use.place.child).found.taps)

    def _unpack(self, use: Use, text: str, sources: list[str]) -> None:
        """Assigns the main output and members of a use that returns them together."""
        outputs = self._returned(use)
        if sum(value is not None for value in outputs) == 1 and outputs[0] is not None:
            self._assign(outputs[0], f"{text}[0]", sources)
            return
        names: list[str] = []
        held: list[tuple[Value, str]] = []
        for value in outputs:
            if value is None:
                names.append("_")
                continue
            name = self.variables.for_value(value, sources, self.variables.leads_to(value))
            while name in names:
                self.variables.holder.setdefault(name, value)
                name = self.variables.free(name)
            names.append(name)
            held.append((value, name))
            self.variables.left.setdefault(value, 0)
            self.variables.hold(value, name)
        self.line(f"{', '.join(names)} = {text}")

    def _returned(self, use: Use) -> list[Value | None]:
        """The tensors that a call returns, in order; None for those that nobody needs here."""
        needed = [v if self.needs.of(v) in self.needs.needed else None for v in use.outputs]
        if use.emission is not None:
            asked = dict(zip(use.taps, needed[1:], strict=True))
            return [needed[0], *(asked.get(name) for name in use.emission.members)]
        outputs = returned(self.explainer.all.class_of, use)
        return [value if value in needed else None for value in outputs]

    def any_tensor(self) -> str:
        """A variable whose first axis is the batch."""
        self.flush()
        return next(reversed(self.variables.text.values()))

    # Steps

    def step(
        self,
        inputs: Sequence[Value],
        output: Value,
        template: str,
        values: dict[str, str],
        heavy: bool,
        by_itself: bool = False,
    ) -> None:
        """One step with one result, which stays pending; `by_itself` on a line if it can be."""
        needs = self.needs
        inputs = [needs.of(value) for value in inputs]
        pending = self.pending
        if pending is not None and not self._fits(pending, inputs, template, values, heavy):
            self.flush()
            pending = None
        texts: list[str] = []
        sources: list[str] = []
        for place, value in enumerate(inputs):
            if pending is not None and value is pending.value:
                self.variables.left[value] -= 1
                bare = alone(template, place) or not layout.compound(pending.text)
                texts.append(pending.text if bare else f"({pending.text})")
                sources += pending.sources
            else:
                texts.append(self.variables.use(value))
                sources.append(texts[-1])
        depth = _DEEPEST - 1 if by_itself else 1
        if pending is not None:
            heavy = heavy or pending.heavy
            depth += pending.depth
            self.pending = None
        text = filled(template, texts, values)
        self.pending = Pending(needs.of(output), text, heavy, depth, sources)
        if needs.counts.get(needs.of(output)) != 1:
            self.flush()

    def _fits(
        self,
        pending: Pending,
        inputs: Sequence[Value],
        template: str,
        values: dict[str, str],
        heavy: bool,
    ) -> bool:
        """Whether a step may take in what is pending."""
        if list(inputs).count(pending.value) != 1 or (heavy and pending.heavy):
            return False
        place = list(inputs).index(pending.value)
        used = template.count(f"{{{place}}}") + template.count("{inputs}")
        if used != 1 or pending.depth >= _DEEPEST:
            return False
        # Merges and layers with many weights take in a single call at most.
        if (heavy or len(inputs) > 1) and pending.depth > 1:
            return False
        if "[{inputs}]" in template or self.variables.hint(pending.value):
            return False
        length = len(template) + len(pending.text) + sum(map(len, values.values()))
        return length + _ROOM + 4 * self.depth <= layout.WIDTH

    def flush(self) -> None:
        """Assigns what is pending to a variable."""
        pending, self.pending = self.pending, None
        if pending is not None:
            self._assign(pending.value, pending.text, pending.sources)

    def _assign(self, value: Value, text: str, sources: list[str]) -> None:
        chain = self.variables.leads_to(value)
        name = self.variables.for_value(value, sources, chain)
        self.assign_to(name, value, text)

    def assign_to(self, name: str, value: Value, text: str) -> None:
        """Assigns an expression to a variable."""
        if name != text:
            self.line(f"{name} = {text}")
        self.variables.hold(value, name)

    # Loops and choices

    def _loop(self, loop: Loop) -> None:
        variables = self.variables
        entry = self.needs.of(loop.entry)
        source = variables.use(entry)
        inside = self.needs.inside(loop)
        outer = {v: n for v, n in inside.items() if v in variables.text and v is not entry}
        carry = variables.for_value(self.needs.of(loop.carry), [source], loop.result)
        self.assign_to(carry, loop.carry, source)
        # What a round takes from outside is needed again in the next.
        for value in outer:
            variables.left[value] += 1
        variables.left[loop.carry] = variables.left.get(loop.carry, 0)
        self.line(self.header(loop))
        self._inside([*self.calls.loops, loop], loop.items, [(carry, loop.exit)])
        for value in outer:
            variables.left[value] -= 1
        variables.hold(loop.result, carry)

    def _inside(
        self, loops: list[Loop], items: Sequence[Item], ends: Sequence[tuple[str, Value]]
    ) -> None:
        """The body of a loop or an arm; at its end variables hold what they are to hold."""
        before, self.calls.loops = self.calls.loops, loops
        self.depth += 1
        start = len(self.lines)
        self.write_items(items)
        self._end(ends)
        if len(self.lines) == start:
            self.line("pass")
        self.depth -= 1
        self.calls.loops = before

    def _end(self, ends: Sequence[tuple[str, Value]]) -> None:
        values = [self.needs.of(value) for _, value in ends]
        if self.pending is not None and self.pending.value not in values:
            self.flush()
        moved: list[tuple[str, str]] = []
        for (name, _), value in zip(ends, values, strict=True):
            if self.pending is not None and self.pending.value is value and len(ends) == 1:
                self.variables.left[value] -= 1
                self.line(f"{name} = {self.pending.text}")
                self.pending = None
                continue
            if self.pending is not None:
                self.flush()
            text = self.variables.use(value)
            if text != name:
                moved.append((name, text))
        if moved:
            names, texts = zip(*moved, strict=True)
            self.line(f"{', '.join(names)} = {', '.join(texts)}")

    def _choice(self, choice: Choice) -> None:
        joins = [(v, sources) for v, sources in choice.joins if v in self.needs.needed]
        names = [self._join_name(choice, value, sources) for value, sources in joins]
        passing = [s.get(None) for _, s in joins]
        moves = any(
            value is not None and self.variables.text[self.needs.of(value)] != name
            for value, name in zip(passing, names, strict=True)
        )
        arms = [arm for arm in choice.arms if self._does(choice, arm, joins, names)]
        for header, arm in self.tests(choice, arms, moves):
            self.line(header)
            ends = [
                (name, sources[arm])
                for (_, sources), name in zip(joins, names, strict=True)
                if arm in sources
            ]
            state = dict(self.variables.text), dict(self.variables.holder)
            items = choice.arms.get(arm, []) if arm is not None else []
            self._inside(self.calls.loops, items, ends)
            self.variables.text, self.variables.holder = state
        for (value, _), name in zip(joins, names, strict=True):
            self.variables.hold(value, name)

    def _does(
        self,
        choice: Choice,
        arm: int,
        joins: Sequence[tuple[Value, dict[int | None, Value]]],
        names: Sequence[str],
    ) -> bool:
        """Whether something must be written for an arm."""
        if any(id(item) in self.needs.kept for item in choice.arms[arm]):
            return True
        return any(
            self.variables.text.get(self.needs.of(sources[arm])) != name
            for (_, sources), name in zip(joins, names, strict=True)
            if arm in sources
        )

    def _join_name(self, choice: Choice, value: Value, sources: dict[int | None, Value]) -> str:
        """A variable for what comes out of the arms: that of what passes by, if it ends here."""
        inside = self.needs.inside(choice)
        for source in map(self.needs.of, sources.values()):
            name = self.variables.text.get(source)
            if name is None or name in self.variables.fixed:
                continue
            if self.variables.left.get(source, 0) == inside.get(source, 0):
                return name
        return self.variables.for_value(value, [], self.variables.leads_to(value))
