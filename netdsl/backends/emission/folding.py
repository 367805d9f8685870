"""Outputs whose last softmax or sigmoid is folded into a loss: `logits` stops before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netdsl.analyze.fold import folded
from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.plan import Item, Use, Value, uses
from netdsl.backends.emission.target import Target
from netdsl.catalog.base import Layer
from netdsl.graph import Graph

# What a cross-entropy takes in, by the words of the layers.
ACTIVATIONS = ("softmax", "log_softmax", "sigmoid")


class Folded:
    """What `logits` of a class does: its steps, which outputs are others, which blocks are asked.

    `activations` are applied by `forward`: a template for each output that `logits` changes.
    """

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.instead: dict[Value, Value] = {}
        self.asked: set[int] = set()
        self.activations: dict[Value, str] = {}


class Fold:
    """The folds of all classes."""

    def __init__(self, root: Graph, names: frozenset[str], target: Target) -> None:
        self.target = target
        # For each body, the values that it folds.
        self.values: dict[Graph, dict[int, Layer]] = {}
        for output in root.outputs:
            if output.name in names:
                self._find(root, output.value)
        self._made: dict[int, Folded | None] = {}

    @property
    def inner(self) -> frozenset[Graph]:
        """The bodies that need `logits`."""
        return frozenset(self.values)

    def _find(self, root: Graph, value: int) -> None:
        for word in ACTIVATIONS:
            where = folded(root, value, word)
            if where is None:
                continue
            layer = where.node.work
            assert isinstance(layer, Layer)
            graphs = [root]
            outer = where
            while outer.outer is not None:
                graphs.append(outer.graph)
                outer = outer.outer
            self.values.setdefault(root, {})[value] = layer
            for graph in graphs[1:]:
                self.values.setdefault(graph, {})[graph.result] = layer
            return

    def of(self, found: Class) -> Folded | None:
        """What `logits` of a class does; None for a class without."""
        if id(found) not in self._made:
            wanted = self.values.get(found.graph)
            self._made[id(found)] = _Folder(self, found, wanted).fold() if wanted else None
        return self._made[id(found)]


class _Folder:
    def __init__(self, fold: Fold, found: Class, wanted: Mapping[int, Layer]) -> None:
        self.fold_ = fold
        self.found = found
        self.wanted = wanted
        self.makers = {u.outputs[0]: u for u in uses(found.plan.items)}
        self.clones: dict[int, list[Use]] = {}
        self.folded = Folded([])

    def fold(self) -> Folded:
        """The steps of `logits`: those of `forward` and, beside some, others without activation."""
        graph = self.found.graph
        for number, layer in self.wanted.items():
            value = self.found.plan.local[graph][number]
            self.folded.instead[value] = self._before(value)
            row = self.fold_.target.find(type(layer))
            assert row is not None
            self.folded.activations[value] = row(layer, (value.type,)).call.text
        self.folded.items = self._with_clones(self.found.plan.items)
        return self.folded

    def _before(self, value: Value) -> Value:
        """The tensor as it is without the activation that it comes from."""
        use = self.makers[value]
        layer = use.place.layer
        if layer is not None and layer.word in ACTIVATIONS:
            return use.inputs[0]
        clone = Use.like(use)
        if layer is None:
            self.folded.asked.add(id(clone))
        else:
            clone.inputs = [self._before(use.inputs[0])]
        self.clones.setdefault(id(use), []).append(clone)
        return clone.outputs[0]

    def _with_clones(self, items: Sequence[Item]) -> list[Item]:
        found: list[Item] = []
        for item in items:
            found.append(item)
            found += self.clones.get(id(item), [])
        return found
