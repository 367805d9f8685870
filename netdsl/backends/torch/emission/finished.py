"""What is settled of a class before it is written: parameters, tests, chains, what is stored."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.torch.emission.classes import Class
from netdsl.backends.torch.emission.explain import Explainer, Explainers
from netdsl.backends.torch.emission.expression import (
    Constant,
    Expression,
    Key,
    Operation,
    Symbol,
    write,
)
from netdsl.backends.torch.emission.levels import Chain, chains
from netdsl.backends.torch.emission.loops import consumers
from netdsl.backends.torch.emission.names import allowed
from netdsl.backends.torch.emission.parameters import Parameter, parameters
from netdsl.backends.torch.emission.plan import Choice, Loop, ModuleName, Use, uses
from netdsl.backends.torch.emission.reach import INDICES
from netdsl.graph import Graph
from netdsl.record import Record

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_PLAIN_CALLS = ("{module}({inputs})", "{module}({0})")


class Line(Record):
    """A statement, and how deep it is indented."""

    depth: int
    text: str


class Finished:
    """A class whose values are all explained."""

    def __init__(self, explainer: Explainer, all_: FinishedClasses) -> None:
        self.explainer = explainer
        self.found: Class = explainer.found
        self.all = all_
        self.parameters: dict[Key, Parameter] = parameters(explainer)
        # Parameters and tests that `forward` needs are kept as attributes.
        self.stored: dict[Key, None] = {}
        self.flags: dict[tuple[Choice, int], str] = {}
        self.owned: dict[str, Use] = explainer.owned
        plain = {id(use) for use in uses(self.found.plan.items) if self._plain(use)}
        self.chains: dict[str, Chain] = chains(self.found, plain, consumers(self.found))

    def _plain(self, use: Use) -> bool:
        """Whether a use is its module, called with one tensor and giving one."""
        if use.taps or use.shared or use.training or len(use.inputs) != 1 or use.module is None:
            return False
        if use.place.child is not None:
            child = self.all.explainers.of(use.place.child).found
            return not child.taps and not child.plan.foreign[child.graph]
        return use.emission is not None and use.emission.call.text in _PLAIN_CALLS

    def written(self, expression: Expression) -> str:
        """An expression as the constructor writes it, over its parameters."""
        return write(expression, self._parameter)

    def _parameter(self, key: Key) -> str:
        if key[0] == "index":
            return INDICES[0]
        return self.parameters[key].name

    def spoken(self, expression: Expression) -> str:
        """An expression as methods write it, over the attributes of `self`."""
        return write(expression, self._attribute)

    def _attribute(self, key: Key) -> str:
        if key[0] == "index":
            return INDICES[0]
        self.stored.setdefault(key)
        return f"self.{self.parameters[key].attribute}"

    def header(self, loop: Loop, depth: int, spoken: bool) -> str:
        """The `for` of a loop; `spoken` for methods other than the constructor."""
        count = self.explainer.count(loop)
        stop = count
        if loop.start:
            stop = _sum(count, loop.start)
        name = self._attribute if spoken else self._parameter
        start = f"{loop.start}, " if loop.start else ""
        return f"for {INDICES[depth]} in range({start}{write(stop, name)}):"

    # Choices

    def tests(
        self, choice: Choice, arms: Sequence[int], spoken: bool, passing: bool = False
    ) -> list[tuple[str, int | None]]:
        """Headers (`if …:`, `else:`) and the arm that each leads into.

        `arms` are those with something in them; with `passing` also all other ways need one,
        whose arm is None. `spoken` is for methods other than the constructor.
        """
        conditions = self.found.conditions[choice]
        last = len(conditions) - 1
        if not arms and not passing:
            return []
        if not passing and len(arms) == 1:
            return [self._only(choice, arms[0], spoken)]
        headers: list[tuple[str, int | None]] = []
        furthest = last if passing else max(arms)
        for arm, _ in conditions[: furthest + 1]:
            word = "if" if arm == 0 else "elif"
            where = arm if arm in arms else None
            if arm == last:
                headers.append(("else:", where))
            else:
                headers.append((f"{word} {self._test(choice, arm, spoken)}:", where))
        return headers

    def _only(self, choice: Choice, arm: int, spoken: bool) -> tuple[str, int]:
        """The header of a choice with one arm that does something."""
        conditions = self.found.conditions[choice]
        before = [self._negated(choice, index, spoken) for index in range(arm)]
        own = [] if arm == len(conditions) - 1 else [self._test(choice, arm, spoken)]
        return f"if {' and '.join([*before, *own])}:", arm

    def _test(self, choice: Choice, arm: int, spoken: bool) -> str:
        """A test as the constructor or, `spoken`, as a method writes it."""
        condition = self.found.conditions[choice][arm][1]
        if not _short(condition):
            return f"self.{self._flag(choice, arm)}"
        return self.spoken(condition) if spoken else self.written(condition)

    def _negated(self, choice: Choice, arm: int, spoken: bool) -> str:
        condition = self.found.conditions[choice][arm][1]
        if isinstance(condition, Operation) and condition.operator in _OPPOSITE:
            opposite = Operation(_OPPOSITE[condition.operator], condition.operands)
            if _short(condition):
                return self.spoken(opposite) if spoken else self.written(opposite)
        return f"not {self._test(choice, arm, spoken)}"

    def _flag(self, choice: Choice, arm: int) -> str:
        """The attribute that keeps the answer of a test."""
        slot = choice, arm
        if slot not in self.flags:
            taken = {*self.flags.values(), *self._top_names()}
            taken |= {parameter.attribute for parameter in self.parameters.values()}
            inside = next(
                (u.module for u in uses(choice.arms.get(arm, ())) if u.module is not None), None
            )
            stem = f"has_{_last(inside)}" if inside is not None else "applies"
            name, count = stem, 1
            while name in taken or not allowed(name):
                count += 1
                name = f"{stem}{count}"
            self.flags[slot] = name
        return self.flags[slot]

    def _top_names(self) -> set[str]:
        modules = [use.module for use in uses(self.found.plan.items) if use.module is not None]
        own = {module.name for module in self.found.plan.owned}
        return own | {module.levels[0] if module.levels else module.stem for module in modules}

    def kept(self) -> list[Line]:
        """The statements that keep parameters and answers for `forward`."""
        lines = [
            Line(0, f"self.{parameter.attribute} = {parameter.name}")
            for key, parameter in self.parameters.items()
            if key in self.stored
        ]
        for (choice, arm), name in self.flags.items():
            condition = self.found.conditions[choice][arm][1]
            text = self.written(condition)
            lines.append(Line(0, f"self.{name} = {text}"))
        return lines


class FinishedClasses:
    """All classes of a module, in the order in which they are written."""

    def __init__(self, explainers: Explainers, classes: Sequence[Class]) -> None:
        self.explainers = explainers
        self._made = {found: Finished(explainers.of(found.graph), self) for found in classes}
        # Names of classes and helpers, which no variable may have.
        self.names = {found.name for found in classes} | set(self.helpers())

    def of(self, graph: Graph | None) -> Finished:
        """The finished class of a body."""
        return self._made[self.explainers.of(graph).found]

    def all(self) -> list[Finished]:
        """All of them, the net's own last."""
        return list(self._made.values())

    def helpers(self) -> list[str]:
        """The helpers that the classes need, each once."""
        found: dict[str, None] = {}
        for finished in self._made.values():
            for use in [*uses(finished.found.plan.items), *finished.owned.values()]:
                for place in (place for places in use.places.values() for place in places):
                    if place.emission is not None:
                        needed = place.emission.member_helpers if use.taps else ()
                        found.update(dict.fromkeys((*place.emission.helpers, *needed)))
        return list(found)


def _short(condition: Expression) -> bool:
    """Whether a condition may be written wherever it is asked."""
    return isinstance(condition, Symbol) or (
        isinstance(condition, Operation)
        and condition.operator not in ("and", "or")
        and all(isinstance(operand, (Symbol, Constant)) for operand in condition.operands)
    )


def _sum(left: Expression, right: int) -> Expression:
    if isinstance(left, Constant):
        return Constant(left.value + right)
    return Operation("+", (left, Constant(right)))


def _last(module: ModuleName) -> str:
    return "_".join([*module.levels, module.stem])
