"""What is settled of a class before it is written: parameters, tests, chains, what is stored."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.conditions import headers, loop_header, opposite
from netdsl.backends.emission.explain import Explainer, Explainers
from netdsl.backends.emission.expression import (
    Constant,
    Expression,
    Key,
    Operation,
    Symbol,
    write,
)
from netdsl.backends.emission.indices import INDICES
from netdsl.backends.emission.layout import Line
from netdsl.backends.emission.loops import consumers
from netdsl.backends.emission.parameters import Parameter, parameters
from netdsl.backends.emission.places import helpers
from netdsl.backends.emission.plan import Choice, Loop, ModuleName, Use, uses
from netdsl.backends.torch.emission.levels import Chain, chains
from netdsl.backends.torch.emission.names import SPOKEN_FOR, allowed
from netdsl.graph import Graph

_PLAIN_CALLS = ("{module}({inputs})", "{module}({0})")


class Finished:
    """A class whose values are all explained."""

    def __init__(self, explainer: Explainer, all_: FinishedClasses) -> None:
        self.explainer = explainer
        self.found: Class = explainer.found
        self.all = all_
        self.parameters: dict[Key, Parameter] = parameters(explainer, SPOKEN_FOR)
        self.attributes = self._attributes()
        # Parameters and tests that `forward` needs are kept as attributes.
        self.stored: dict[Key, None] = {}
        self.flags: dict[tuple[Choice, int], str] = {}
        self.owned: dict[str, Use] = explainer.owned
        plain = {id(use) for use in uses(self.found.plan.items) if self._plain(use)}
        self.chains: dict[str, Chain] = chains(self.found, plain, consumers(self.found))

    def uses(self) -> list[Use]:
        """All uses: shared layers as they are constructed, then the steps."""
        return [*uses(self.found.plan.items), *self.owned.values()]

    def _plain(self, use: Use) -> bool:
        """Whether a use is its module, called with one tensor and giving one."""
        if use.taps or use.shared or use.training or len(use.inputs) != 1 or use.module is None:
            return False
        if use.place.child is not None:
            child = self.all.explainers.of(use.place.child).found
            return not child.taps and not child.plan.foreign[child.graph]
        return use.emission is not None and use.emission.call.text in _PLAIN_CALLS

    def _attributes(self) -> dict[Key, str]:
        """Where `forward` finds each parameter: under its name, where no module has that."""
        found: dict[Key, str] = {}
        modules = self._top_names()
        for key, parameter in self.parameters.items():
            found[key] = parameter.name
            while found[key] in modules or not allowed(found[key]):
                found[key] += "_"
        return found

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
        return f"self.{self.attributes[key]}"

    def header(self, loop: Loop, depth: int, spoken: bool) -> str:
        """The `for` of a loop; `spoken` for methods other than the constructor."""
        return loop_header(self.explainer, loop, depth, self.spoken if spoken else self.written)

    # Choices

    def tests(
        self, choice: Choice, arms: Sequence[int], spoken: bool, passing: bool = False
    ) -> list[tuple[str, int | None]]:
        """Headers of a choice and the arms they lead into, as `headers` describes them.

        `spoken` is for methods other than the constructor.
        """
        conditions = self.found.conditions[choice]

        def test(arm: int) -> str:
            return self._test(choice, arm, spoken)

        def only(arm: int) -> str:
            before = [self._negated(choice, index, spoken) for index in range(arm)]
            own = [] if arm == len(conditions) - 1 else [test(arm)]
            return " and ".join([*before, *own])

        return headers(conditions, arms, test, only, passing)

    def _test(self, choice: Choice, arm: int, spoken: bool) -> str:
        """A test as the constructor or, `spoken`, as a method writes it."""
        condition = self.found.conditions[choice][arm][1]
        if not _short(condition):
            return f"self.{self._flag(choice, arm)}"
        return self.spoken(condition) if spoken else self.written(condition)

    def _negated(self, choice: Choice, arm: int, spoken: bool) -> str:
        condition = self.found.conditions[choice][arm][1]
        otherwise = opposite(condition)
        if otherwise is not None and _short(condition):
            return self.spoken(otherwise) if spoken else self.written(otherwise)
        return f"not {self._test(choice, arm, spoken)}"

    def _flag(self, choice: Choice, arm: int) -> str:
        """The attribute that keeps the answer of a test."""
        slot = choice, arm
        if slot not in self.flags:
            taken = {*self.flags.values(), *self._top_names()}
            taken |= {*self.attributes.values()}
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
            Line(0, f"self.{self.attributes[key]} = {parameter.name}")
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
        return helpers(use for made in self._made.values() for use in made.uses())


def _short(condition: Expression) -> bool:
    """Whether a condition may be written wherever it is asked."""
    return isinstance(condition, Symbol) or (
        isinstance(condition, Operation)
        and condition.operator not in ("and", "or")
        and all(isinstance(operand, (Symbol, Constant)) for operand in condition.operands)
    )


def _last(module: ModuleName) -> str:
    return "_".join([*module.levels, module.stem])
