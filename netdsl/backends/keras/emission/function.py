"""What is settled of a block's function before it is written: its parameters and its names."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.conditions import headers, opposite
from netdsl.backends.emission.explain import Explainer, Explainers
from netdsl.backends.emission.expression import Constant, Expression, Key, Operation, write
from netdsl.backends.emission.indices import INDICES, counted
from netdsl.backends.emission.parameters import Parameter, is_default, parameters
from netdsl.backends.emission.places import helpers
from netdsl.backends.emission.plan import Choice, Loop, ModuleName, Use, uses
from netdsl.backends.keras.emission.names import TAKEN
from netdsl.graph import Graph
from netdsl.record import REQUIRED


class Function:
    """A function whose values are all explained."""

    def __init__(self, explainer: Explainer, all_: Functions) -> None:
        self.explainer = explainer
        self.found: Class = explainer.found
        self.all = all_
        own: dict[Key, Parameter] = parameters(explainer, TAKEN | all_.names)
        # Channels are asked of the tensors themselves.
        self.measured = {key: made for key, made in own.items() if key[0] == "channels"}
        self.parameters = {key: made for key, made in own.items() if key not in self.measured}
        # What was written of them.
        self.asked: dict[Key, None] = {}

    def written(self, expression: Expression) -> str:
        """An expression over the parameters."""
        return write(expression, self._symbol)

    def _symbol(self, key: Key) -> str:
        if key[0] == "index":
            return INDICES[0]
        if key in self.measured:
            self.asked.setdefault(key)
            return self.measured[key].name
        return self.parameters[key].name

    def label(self, module: ModuleName, loops: Sequence[Loop]) -> str:
        """The string for the full name of a layer: `f"{name}.conv1"`."""
        path = ".".join([*module.levels, counted(module, loops)])
        text = path if self.found.root else f"{{name}}.{path}"
        return f'f"{text}"' if "{" in text else f'"{text}"'

    def arguments(self, use: Use, label: str) -> list[str]:
        """What the function of a block is given besides tensors and shared layers."""
        child = self.all.of(use.place.child)
        given: list[str] = []
        for key, parameter in child.parameters.items():
            expression = self.explainer.argument(use, key)
            if is_default(parameter, expression):
                continue
            text = self.written(expression)
            given.append(text if parameter.default is REQUIRED else f"{parameter.name}={text}")
        return [*given, f"name={label}"] if child.named else given

    @property
    def named(self) -> bool:
        """Whether the function constructs layers, which need its name."""
        return self.all.constructs(self.found)

    def tests(
        self, choice: Choice, arms: Sequence[int], passing: bool
    ) -> list[tuple[str, int | None]]:
        """Headers of a choice and the arms they lead into, as `headers` describes them."""
        conditions = self.found.conditions[choice]

        def test(arm: int) -> str:
            return self.written(conditions[arm][1])

        def only(arm: int) -> str:
            terms = [_denied(condition) for _, condition in conditions[:arm]]
            if arm < len(conditions) - 1:
                terms.append(conditions[arm][1])
            whole = terms[0]
            for term in terms[1:]:
                whole = Operation("and", (whole, term))
            return self.written(whole)

        return headers(conditions, arms, test, only, passing)


def _denied(condition: Expression) -> Expression:
    if isinstance(condition, Constant):
        return Constant(not condition.value)
    return opposite(condition) or Operation("not", (condition,))


class Functions:
    """All functions of an emitted file, in the order in which they are written."""

    def __init__(self, explainers: Explainers, classes: Sequence[Class]) -> None:
        self.explainers = explainers
        self._constructs: dict[Class, bool] = {}
        each = [explainers.of(found.graph) for found in classes]
        self.helpers = helpers(
            use for one in each for use in (*uses(one.found.plan.items), *one.owned.values())
        )
        # Names of functions and helpers, which no variable may have.
        self.names = {found.name for found in classes} | set(self.helpers)
        self._made = {one.found: Function(one, self) for one in each}

    def of(self, graph: Graph | None) -> Function:
        """The function of a body."""
        return self._made[self.explainers.of(graph).found]

    def all(self) -> list[Function]:
        """All of them, the net's own last."""
        return list(self._made.values())

    def constructs(self, found: Class) -> bool:
        """Whether a class constructs a layer, itself or in the blocks that it uses."""
        if found not in self._constructs:
            # A block that calls itself constructs what it constructs otherwise.
            self._constructs[found] = False
            self._constructs[found] = bool(found.plan.owned) or any(
                self._makes(use) for use in uses(found.plan.items)
            )
        return self._constructs[found]

    def _makes(self, use: Use) -> bool:
        if use.shared is not None:
            return False
        if use.place.child is not None:
            return self.constructs(self.explainers.of(use.place.child).found)
        return use.module is not None
