"""Writes `__init__` and `initialize` of a class: modules, and how their weights start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netdsl.backends.emission.layout import Line
from netdsl.backends.emission.parameters import is_default
from netdsl.backends.emission.places import without
from netdsl.backends.emission.plan import Choice, Item, Loop, Place, Use, uses
from netdsl.backends.torch.emission.finished import Finished
from netdsl.backends.torch.emission.reach import construction, container, module
from netdsl.record import REQUIRED

Leaf = Callable[[Use, list[Loop]], list[str]]


class Constructor:
    """Writes the part of a class that runs once."""

    def __init__(self, finished: Finished) -> None:
        self.finished = finished
        self.explainer = finished.explainer
        self.opened: set[tuple[str, ...]] = set()

    def modules(self) -> list[Line]:
        """The statements that construct the modules."""
        lines: list[Line] = []
        for owned in self.finished.found.plan.owned:
            use = self.finished.owned[owned.name]
            lines += [Line(0, f"self.{owned.name} = {self._module(use)}")]
        return lines + self._items(self.finished.found.plan.items, 0, [], self._construct)

    def starts(self) -> list[Line]:
        """The statements that start weights otherwise than `initialize` does."""
        lines: list[Line] = []
        for owned in self.finished.found.plan.owned:
            lines += [Line(0, text) for text in self._start(self.finished.owned[owned.name], [])]
        return lines + self._items(self.finished.found.plan.items, 0, [], self._start)

    def _items(
        self, items: Sequence[Item], depth: int, loops: list[Loop], leaf: Leaf
    ) -> list[Line]:
        lines: list[Line] = []
        for item in items:
            if leaf == self._construct and not loops and depth == 0:
                lines += self._levels(item)
            match item:
                case Use():
                    lines += [Line(depth, text) for text in leaf(item, loops)]
                case Loop():
                    inner = self._items(item.items, depth + 1, [*loops, item], leaf)
                    if inner:
                        spoken = leaf != self._construct
                        header = self.finished.header(item, len(loops), spoken)
                        lines += [Line(depth, header), *inner]
                case Choice():
                    lines += self._choice(item, depth, loops, leaf)
        return lines

    def _choice(self, choice: Choice, depth: int, loops: list[Loop], leaf: Leaf) -> list[Line]:
        bodies = {
            arm: self._items(items, depth + 1, loops, leaf) for arm, items in choice.arms.items()
        }
        kept = {arm: lines for arm, lines in bodies.items() if lines}
        lines: list[Line] = []
        for header, arm in self.finished.tests(choice, list(kept), leaf != self._construct):
            lines += [
                Line(depth, header),
                *(kept.get(-1 if arm is None else arm) or [Line(depth + 1, "pass")]),
            ]
        return lines

    def _levels(self, item: Item) -> list[Line]:
        """Makes the levels that an item needs and that are not there yet."""
        lines: list[Line] = []
        for use in uses([item]):
            levels = use.module.levels if use.module is not None else ()
            for count in range(1, len(levels) + 1):
                level = levels[:count]
                if level not in self.opened:
                    self.opened.add(level)
                    kind = "Sequential" if level[0] in self.finished.chains else "ModuleDict"
                    lines.append(Line(0, f"{container(level)} = nn.{kind}()"))
        return lines

    def _construct(self, use: Use, loops: list[Loop]) -> list[str]:
        if use.module is None or use.shared is not None:
            return []
        chain = bool(use.module.levels) and use.module.levels[0] in self.finished.chains
        return [construction(use.module, loops, chain, self._module(use))]

    def _module(self, use: Use) -> str:
        """The expression that makes a use's module."""
        if use.place.child is not None:
            return self._instance(use)
        emission = use.emission
        assert emission is not None and emission.construct is not None
        values = self.explainer.code(use, "construct")
        written = {name: self.finished.written(value) for name, value in values.items()}
        return without(emission.construct.text, use.omitted).format(**written)

    def _instance(self, use: Use) -> str:
        child = self.finished.all.of(use.place.child)
        given: list[str] = []
        for key, parameter in child.parameters.items():
            expression = self.explainer.argument(use, key)
            if is_default(parameter, expression):
                continue
            text = self.finished.written(expression)
            given.append(text if parameter.default is REQUIRED else f"{parameter.name}={text}")
        return f"{child.found.name}({', '.join(given)})"

    def _start(self, use: Use, loops: list[Loop]) -> list[str]:
        place: Place = use.place
        lines: list[str] = []
        owner = use.shared is None
        for number, start in enumerate(place.starts if owner else ()):
            values = self.explainer.code(use, f"starts.{number}")
            written = {name: self.finished.spoken(value) for name, value in values.items()}
            assert use.module is not None
            weight = f"{module(use.module, loops)}.{start.weight}"
            lines.append(start.code.text.format(weight=weight, **written))
        return lines
