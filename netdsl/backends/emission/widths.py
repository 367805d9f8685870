"""Where the channels of a tensor come from: the filters that made it, through what keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.backends.emission.expression import (
    Constant,
    Expression,
    Operation,
    Symbol,
    folded,
    substitute,
    symbols,
)
from netdsl.backends.emission.places import code_of
from netdsl.backends.emission.plan import Choice, Loop, Use, Value
from netdsl.catalog.layers.merge import Concat
from netdsl.catalog.layers.shape import Flatten

if TYPE_CHECKING:
    from netdsl.backends.emission.explain import Explainer

_WIDTHS = ("filters", "units")

# What an expression may use that only its own class can say: values by body, the round of a loop.
_INSIDE = ("extra", "index")


class Widths:
    """The widths of the tensors of one class; each is found once."""

    def __init__(self, explainer: Explainer) -> None:
        self.explainer = explainer
        self._found: dict[Value, Expression | None] = {}

    def of(self, value: Value) -> Expression | None:
        """Where the channels of a tensor come from, as an expression that may be wrong."""
        if value not in self._found:
            self._found[value] = None
            self._found[value] = self._width(value)
        return self._found[value]

    def _width(self, value: Value) -> Expression | None:
        if value in self.explainer.found.plan.ports:
            if self.explainer.found.root:
                return Constant(value.type.channels)
            return Symbol(("channels", self.explainer.found.plan.ports.index(value)))
        maker = self.explainer.makers.get(value)
        match maker:
            case Use() if maker.shared is not None:
                return None
            case Use() if maker.place.child is not None:
                return self._child_width(maker)
            case Use():
                return self._layer_width(maker)
            case Loop():
                return self.of(maker.exit if value is maker.result else maker.entry)
            case Choice():
                sources = dict(maker.joins)[value].values()
                widths = [self.of(source) for source in sources]
                return next((width for width in widths if width is not None), None)
        return None

    def _layer_width(self, use: Use) -> Expression | None:
        code = code_of(use.place, "construct")
        for name in _WIDTHS:
            if code is not None and name in code.values:
                return self.explainer.value(use, "construct", name)
        layer = use.place.layer
        if layer is Concat:
            return _sum([self.of(value) for value in use.inputs])
        if layer is Flatten and len(use.places) == 1:
            return self._flat(use)
        out = use.outputs[0]
        for value in use.inputs:
            if all(value.types[g].shape[-1:] == type_.shape[-1:] for g, type_ in out.types.items()):
                return self.of(value)
        return None

    def _flat(self, use: Use) -> Expression | None:
        """The size of a flattened image as `512 * 7 * 7`."""
        (type_,) = use.inputs[0].types.values()
        width = self.of(use.inputs[0])
        if width is None or set(type_.spatial) <= {1}:
            return width
        for size in type_.spatial:
            width = Operation("*", (width, Constant(size)))
        return width

    def _child_width(self, use: Use) -> Expression | None:
        if use.place.child not in self.explainer.all.class_of:
            return None
        child = self.explainer.all.of(use.place.child)
        width = child.widths.of(child.found.plan.result)
        if width is None or any(key[0] in _INSIDE for key in symbols(width)):
            return None
        if child is self.explainer:
            return None
        arguments = {key: self.explainer.argument(use, key) for key in symbols(width)}
        found = substitute(width, arguments)
        return folded(found)


def _sum(widths: list[Expression | None]) -> Expression | None:
    """The sum of some widths, equal ones as a product, numbers added up."""
    total = 0
    counts: dict[Expression, int] = {}
    for width in widths:
        if width is None:
            return None
        if isinstance(width, Constant) and isinstance(width.value, int):
            total += width.value
        else:
            counts[width] = counts.get(width, 0) + 1
    terms = [
        Operation("*", (Constant(n), width)) if n > 1 else width for width, n in counts.items()
    ]
    if total or not terms:
        terms.append(Constant(total))
    result = terms[0]
    for term in terms[1:]:
        result = Operation("+", (result, term))
    return result
