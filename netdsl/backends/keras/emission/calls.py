"""The calls of a function: layers are constructed where they are called, unless used again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.backends.emission.calls import Calls
from netdsl.backends.emission.expression import Expression
from netdsl.backends.emission.places import without
from netdsl.backends.emission.plan import Use, uses
from netdsl.backends.keras.emission.function import Function

if TYPE_CHECKING:
    from netdsl.backends.keras.emission.body import Body

# Layers with many weights: each stands on a line of its own.
_HEAVY = ("layers.Conv", "layers.Depthwise", "layers.Separable", "layers.Dense", "layers.Embedding",
          "layers.Bidirectional", "layers.LSTM", "layers.GRU", "layers.SimpleRNN",
          "layers.MultiHeadAttention")  # fmt: skip


class FunctionCalls(Calls):
    """The calls of one function; `body` writes the lines that must stand before a call."""

    def __init__(self, function: Function, body: Body) -> None:
        super().__init__(function.explainer, body.needs)
        self.function = function
        self.body = body
        # The variables of layers that are kept, by name or by the `id` of their use.
        self.owned: dict[str, str] = {}
        self.kept: dict[int, str] = {}
        self.ties = {id(self.tied(use)) for use in uses(self.found.plan.items) if use.tie}

    def heavy(self, use: Use) -> bool:
        """Whether a use has many weights, so that it deserves a line of its own."""
        if use.emission is None:
            return True
        construct = use.emission.construct
        # Helpers that construct are layers with much to say too.
        own = construct is not None and not construct.text.startswith("layers.")
        return construct is not None and (own or construct.text.startswith(_HEAVY))

    def spoken(self, expression: Expression) -> str:
        """An expression over the parameters."""
        return self.function.written(expression)

    def block(self, use: Use) -> tuple[str, dict[str, str]]:
        """The function of a block, or a shared block's model, called with its tensors."""
        if use.shared is not None:
            tensors = "{inputs}" if len(use.inputs) == 1 else "[{inputs}]"
            return f"{{module}}({tensors})", {"module": self.module(use)}
        assert use.module is not None
        label = self.function.label(use.module, self.loops)
        given = [*self.handed_on(use), *self.function.arguments(use, label)]
        places = ["{inputs}"] * bool(use.inputs) + ["{given}"] * bool(given)
        child = self.function.all.of(use.place.child)
        values = {"function": child.found.name, "given": ", ".join(given)}
        return f"{{function}}({', '.join(places)})", values

    def module(self, use: Use) -> str:
        """The expression that constructs the layer of a use, or the variable that keeps it."""
        if use.shared is not None:
            return self.shared(use.place.node.shared)
        assert use.module is not None
        if id(use) in self.kept:
            return self.kept[id(use)]
        text = self.construction(use, self.function.label(use.module, self.loops))
        if id(use) not in self.ties:
            return text
        self.body.flush()
        self.kept[id(use)] = variable = self.body.layer(use.module.stem)
        self.body.line(f"{variable} = {text}")
        return variable

    def construction(self, use: Use, label: str) -> str:
        """The expression that constructs a layer under a name."""
        emission = use.emission
        assert emission is not None and emission.construct is not None
        values = self.explainer.code(use, "construct")
        written = {name: self.spoken(value) for name, value in values.items()}
        text = without(emission.construct.text, use.omitted).format(**written)
        return f"{text[:-1]}{'' if text.endswith('()') else ', '}name={label})"

    def tie(self, use: Use) -> str:
        """The layer whose weight a use has."""
        return self.shared(use.tie_shared) if use.tie_shared else self.module(self.tied(use))

    def batch(self) -> str:
        """Any tensor: its first axis is the batch."""
        return self.body.any_tensor()

    def own(self, name: str) -> str:
        """The variable of a shared layer."""
        return self.owned[name]
