"""Finds, for each value of a class, the expression that reads best and is right in all bodies.

The first of these that gives exactly the values wanted: what the spec says there, when it says
it with names; where the size of what flows in comes from; a literal; a small search over the
parameters; the index of a loop; a new parameter of the class's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.expression import (
    Constant,
    Expression,
    Key,
    Operation,
    Symbol,
    Unevaluable,
    evaluate,
    same,
    symbols,
    writable,
)
from netdsl.backends.emission.places import code_of, without
from netdsl.backends.emission.plan import (
    Choice,
    Item,
    Loop,
    ModuleName,
    Place,
    SharedModule,
    Use,
    Value,
)
from netdsl.backends.emission.search import affine, combinations
from netdsl.backends.emission.target import Target
from netdsl.backends.emission.translate import Translator, named
from netdsl.backends.emission.widths import Widths
from netdsl.graph import Graph
from netdsl.syntax import tree

# Under these names rows speak of sizes that nobody writes: those of what flows in.
_FLOWING = frozenset({"channels", "features", "filters", "groups"})


class Point(NamedTuple):
    """One place where a value stands: a body, and the round of a loop that was found."""

    graph: Graph
    round: int
    value: Any


class Explainer:
    """Explains the values of one class; `all_` knows those of the bodies inside."""

    def __init__(self, found: Class, all_: Explainers) -> None:
        self.found = found
        self.all = all_
        self.makers: dict[Value, Use | Loop | Choice] = {}
        self.loops: dict[int, Loop] = {}
        self.widths = Widths(self)
        self._learn(found.plan.items, None)
        # Shared layers, as uses at the place where they are constructed.
        self.owned = {module.name: _owned_use(module) for module in found.plan.owned}

    def _learn(self, items: Iterable[Item], loop: Loop | None) -> None:
        for item in items:
            match item:
                case Use():
                    self.makers.update(dict.fromkeys(item.outputs[:1], item))
                    if loop is not None:
                        self.loops[id(item)] = loop
                case Loop():
                    self.makers[item.carry] = self.makers[item.result] = item
                    self._learn(item.items, item)
                case Choice():
                    for arm in item.arms.values():
                        self._learn(arm, loop)
                    for value, _ in item.joins:
                        self.makers[value] = item

    # Values of symbols

    def known(self, key: Key, graph: Graph, round_: int = 0) -> Any:
        """The value of a symbol in a body."""
        kind, name = key
        match kind:
            case "index":
                return round_
            case "parameter":
                return graph.parameters[name]
            case "channels":
                return graph.ports[name].type.channels
        return self.found.extras[key][1][graph]

    def right(self, expression: Expression | None, points: Sequence[Point]) -> bool:
        """Whether an expression gives the value of every point, and Python can write it."""
        if expression is None:
            return False
        keys = symbols(expression)
        for point in points:
            known = self.at(point)
            try:
                if not all(writable(known(key)) for key in keys):
                    return False
                if not same(evaluate(expression, known), point.value):
                    return False
            except (Unevaluable, KeyError):
                return False
        return True

    def choose(
        self,
        points: Sequence[Point],
        candidates: Iterable[Expression | None],
        name: str,
        key: Key,
    ) -> Expression:
        """The first right one of some candidates, or what can be found without them."""
        for candidate in candidates:
            for variant in _variants(candidate):
                if self.right(variant, points):
                    return self._used(variant)
        literal = Constant(points[0].value)
        if self.right(literal, points):
            return literal
        for candidate in self._searched(points):
            if self.right(candidate, points):
                return self._used(candidate)
        return self._used(self._own(points, name, key))

    def _searched(self, points: Sequence[Point]) -> Iterator[Expression]:
        yield from (Symbol(key) for key in self._atoms())
        if not all(type(point.value) is int for point in points):
            return
        rounds = {point.round for point in points}
        atoms = [key for key in self._atoms() if self._whole(key)]
        if len(rounds) == 1:
            yield from combinations(atoms, points[0].value, self.at(points[0]))
        else:
            yield from affine(atoms, points, self.at)

    def at(self, point: Point) -> Callable[[Key], Any]:
        """The values of symbols at a point."""
        return lambda key: self.known(key, point.graph, point.round)

    def _atoms(self) -> list[Key]:
        """The parameters that an expression may use."""
        if self.found.root:
            return []
        definition = self.found.graph.definition
        own: list[Key] = [("parameter", p.name.name) for p in definition.parameters if not p.tensor]
        ports: list[Key] = [("channels", index) for index in range(len(self.found.plan.ports))]
        return [*own, *ports, *self.found.extras]

    def _whole(self, key: Key) -> bool:
        try:
            return all(type(self.known(key, g)) is int for g in self.found.plan.graphs)
        except KeyError:
            return False

    def _used(self, expression: Expression) -> Expression:
        for key in symbols(expression):
            if key[0] != "index":
                self.found.keys.setdefault(key)
        return expression

    def _own(self, points: Sequence[Point], name: str, key: Key) -> Expression:
        """A new parameter of the class, one for each round where rounds differ."""
        values: dict[Graph, Any] = {}
        by_round = len({point.round for point in points}) > 1
        for graph, _, value in points:
            values[graph] = (*values.get(graph, ()), value) if by_round else value
        for graph in self.found.plan.graphs:
            values.setdefault(graph, points[0].value)
        if by_round and self.found.root:
            table: Expression = Constant(values[points[0].graph])
        else:
            self.found.extras[key] = (name, values)
            table = Symbol(key)
        first = min(point.round for point in points)
        if not by_round:
            return table
        index: Expression = Symbol(("index", 0))
        if first:
            index = Operation("-", (index, Constant(first)))
        return Operation("index", (table, index))

    def given(self) -> list[Key]:
        """The keys that whoever constructs the class must give: measured channels are not."""
        measured = self.all.target.measures
        return [key for key in self.found.keys if not (measured and key[0] == "channels")]

    # Values of uses

    def code(self, use: Use, part: str) -> dict[str, Expression]:
        """The expressions for the values of a part of a use (`construct`, `call`, …)."""
        code = code_of(use.place, part)
        if code is None:
            return {}
        text = without(code.text, use.omitted)
        names = [name for name in code.values if f"{{{name}}}" in text]
        return {name: self.value(use, part, name) for name in names}

    def value(self, use: Use, part: str, name: str) -> Expression:
        """The expression for one value of a use."""
        slot = (id(use), f"{part}.{name}")
        if slot not in self.found.explained:
            points = self.points(use, lambda place: code_of(place, part).values[name])  # type: ignore[union-attr]
            shown = name if name not in self._names() else f"{_stem(use.module)}{name}"
            candidates = self._candidates(use, part, name)
            key = ("extra", slot)
            self.found.explained[slot] = self.choose(points, candidates, shown, key)
            omitting = [p for places in use.places.values() for p in places if name in p.omitted]
            if omitting and self.found.explained[slot] == Symbol(key):
                self.found.defaults[key] = code_of(omitting[0], part).values[name]  # type: ignore[union-attr]
        return self.found.explained[slot]

    def argument(self, use: Use, key: Key) -> Expression:
        """The expression for a parameter of the class that a use constructs."""
        slot = (id(use), f"argument.{key}")
        if slot not in self.found.explained:
            child = self.all.of(use.place.child)

            def value(place: Place) -> Any:
                assert place.child is not None
                return child.known(key, place.child)

            points = self.points(use, value)
            kind, name = key
            shown = name if isinstance(name, str) else f"{_stem(use.module)}channels"
            if kind == "parameter":
                candidates = list(self._written(use, name))
            elif kind == "channels":
                candidates = [self.width(use.inputs[name])]
            else:
                shown = child.found.extras[key][0]
                candidates = []
            self.found.explained[slot] = self.choose(points, candidates, shown, ("extra", slot))
        return self.found.explained[slot]

    def all_of(self, use: Use) -> None:
        """Finds the expressions for all values of a use."""
        place = use.place
        # A shared layer is constructed by the class that owns it.
        constructs = use.shared is None
        if place.child is not None and constructs:
            for key in self.all.of(place.child).given():
                self.argument(use, key)
        if place.emission is None:
            return
        members = [f"members.{tap}" for tap in use.taps]
        starts = [f"starts.{number}" for number in range(len(place.starts))]
        for part in [*(["construct", *starts] if constructs else []), "call", *members]:
            self.code(use, part)

    def use_condition(self, choice: Choice) -> None:
        """Makes what a choice depends on parameters of the class."""
        for _, condition in self.found.conditions[choice]:
            self._used(condition)

    def count(self, loop: Loop) -> Expression:
        """How many rounds a loop has."""
        slot = (id(loop), "count")
        if slot not in self.found.explained:
            points = [Point(graph, 0, count) for graph, count in loop.counts.items()]
            found = self.choose(points, [], "repeats", ("extra", slot))
            self.found.explained[slot] = found
        return self.found.explained[slot]

    def points(self, use: Use, value: Callable[[Place], Any]) -> list[Point]:
        """A value of a use in every body and round."""
        first = use.module.number[0] if use.module is not None and use.module.number else 0
        loop = self.loops.get(id(use))
        start = loop.start if loop is not None else first
        return [
            Point(graph, start + round_, value(place))
            for graph, places in use.places.items()
            for round_, place in enumerate(places)
        ]

    def _names(self) -> set[str]:
        taken = {name for name, _ in self.found.extras.values()}
        return taken | {p.name.name for p in self.found.graph.definition.parameters}

    def _candidates(self, use: Use, part: str, name: str) -> Iterator[Expression | None]:
        if part.startswith("starts."):
            start = use.place.starts[int(part.removeprefix("starts."))]
            written = use.place.node.written.arguments.get(
                "bias_init" if start.weight.rpartition(".")[2].startswith("bias") else "init"
            )
            for given in written.arguments if isinstance(written, tree.Call) else ():
                yield from self.translated(given.value, None)
            return
        yield from self._written(use, self.all.target.written_as.get(name, name))
        if part == "construct" and name in _FLOWING and use.inputs:
            yield self.width(use.inputs[0])

    def _written(self, use: Use, name: str) -> Iterator[Expression | None]:
        written = use.place.node.written.arguments.get(name)
        if written is None or not named(written):
            return
        yield from self.translated(written, use.inputs[0] if use.inputs else None)

    def translated(
        self, written: tree.Expression, flow: Value | None
    ) -> Iterator[Expression | None]:
        """An expression of the spec in Python, where `it` is a tensor; none for the net itself."""
        if self.found.root:
            return
        ports = self.found.plan.ports
        for start in dict.fromkeys([flow, ports[0] if ports else None]):
            yield Translator(self.found, start, self.width).translate(written)

    def width(self, value: Value) -> Expression | None:
        """Where the channels of a tensor come from, as an expression that may be wrong."""
        return self.widths.of(value)


class Explainers:
    """The explainers of all classes."""

    def __init__(self, target: Target, class_of: Mapping[Graph, Class]) -> None:
        self.target = target
        self.class_of = class_of
        self._made: dict[int, Explainer] = {}

    def of(self, graph: Graph | None) -> Explainer:
        """The explainer of the class of a body."""
        assert graph is not None
        found = self.class_of[graph]
        if id(found) not in self._made:
            self._made[id(found)] = Explainer(found, self)
        return self._made[id(found)]


def _owned_use(module: SharedModule) -> Use:
    """The construction of a shared layer."""
    inputs = [
        Value({g: place.types[n] for g, place in module.places.items()})
        for n in range(len(next(iter(module.places.values())).types))
    ]
    graph, place = next(iter(module.places.items()))
    use = Use(ModuleName((), module.name), inputs, [], graph, place)
    use.places = {graph: [place] for graph, place in module.places.items()}
    use.shared = None
    return use


def _stem(module: ModuleName | None) -> str:
    return f"{module.stem}_" if module is not None else ""


def _variants(candidate: Expression | None) -> Iterator[Expression]:
    """A candidate, and its whole part: where a size is meant, 96.0 is written for 96."""
    if candidate is not None:
        yield candidate
        yield Operation("int", (candidate,))
