"""From a graph to the nodes of a model: blocks inlined, the rounds of runs one by one.

A layer's nodes have its full name in the language before their own, so a net reads in a viewer as
it is written. What exists in training only is left out. A layer that is used twice, because it is
`shared` or another is tied to it, has one weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.backends.onnx import rows
from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.parts import Parts
from netdsl.catalog.arguments import Rejection
from netdsl.catalog.base import Layer
from netdsl.diagnostics import Diagnostic, Help, Label, SpecError
from netdsl.graph import Graph, Node, Run, Shared, TapPath, named_nodes, shared_names
from netdsl.source import Span
from netdsl.tensor import TensorType


class Instance:
    """One instance of a body: the tensor of each value, and the instances inside.

    Values that do not exist in evaluation have no tensor. By the main value of a node, `inner` has
    the instance of its body, `layers` the full name of its layer; in a run those of the last round.
    """

    def __init__(self, inputs: Sequence[str]) -> None:
        self.tensors: dict[int, str] = dict(enumerate(inputs))
        self.inner: dict[int, Instance] = {}
        self.layers: dict[int, str] = {}

    def at(self, path: TapPath) -> str:
        """The tensor inside this instance that a path leads to."""
        *steps, value = path
        instance = self
        for step in steps:
            instance = instance.inner[step]
        return instance.tensors[value]


class Walk:
    """Adds the nodes of a net to `parts`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # The full names of the layers that hold weights for several uses.
        self._owners: dict[Shared, str] = {}
        self._refused: dict[Span, Diagnostic] = {}

    def net(self, graph: Graph, inputs: Sequence[str]) -> Instance:
        """The tensors of a net over these inputs; `SpecError` tells every layer without a row."""
        instance = self._body(graph, inputs, "")
        if self._refused:
            raise SpecError(tuple(self._refused.values()))
        return instance

    def _body(self, graph: Graph, inputs: Sequence[str], prefix: str) -> Instance:
        own = shared_names(graph)
        self._owners.update({shared: f"{prefix}{name}" for shared, name in own.items()})
        instance = Instance(inputs)
        names = (name for name, _ in named_nodes(graph))
        self._items(graph, graph.nodes, instance, prefix, names)
        return instance

    def _items(
        self,
        graph: Graph,
        items: Sequence[Node | Run],
        instance: Instance,
        prefix: str,
        names: Iterator[str],
    ) -> None:
        """`names` are those of the nodes still to come, the rounds of runs one by one."""
        tensors = instance.tensors
        for item in items:
            if isinstance(item, Node):
                self._node(graph, item, instance, prefix + next(names))
                continue
            entry = tensors.get(item.entry)
            for _ in range(item.count):
                self._items(graph, item.nodes, instance, prefix, names)
                if item.exit in tensors:  # it is not in what exists in training only
                    tensors[item.entry] = tensors[item.result] = tensors[item.exit]
            if entry is not None:
                tensors[item.entry] = entry

    def _node(self, graph: Graph, node: Node, instance: Instance, name: str) -> None:
        if node.training:
            return
        if node.shared is not None:
            name = self._owners[node.shared]
        tensors = instance.tensors
        inputs = [tensors[value] for value in node.inputs]
        main, *others = node.outputs
        if isinstance(node.work, Graph):
            inner = instance.inner[main] = self._body(node.work, inputs, f"{name}.")
            tensors[main] = inner.tensors[node.work.result]
            for value, tap in zip(others, node.taps, strict=True):
                assert isinstance(tap, tuple)
                tensors[value] = inner.at(tap)
            return
        instance.layers[main] = name
        types = graph.input_types(node)
        builder = Builder(self._parts, name, self._tied(node, instance))
        made = self._made(node, node.work, types, builder, inputs)
        members = list(node.work.members(*types))
        tensors[main] = made[0]
        for value, tap in zip(others, node.taps, strict=True):
            tensors[value] = made[1 + members.index(str(tap))]

    def _made(
        self,
        node: Node,
        layer: Layer,
        types: tuple[TensorType, ...],
        builder: Builder,
        inputs: Sequence[str],
    ) -> tuple[str, ...]:
        """The tensors of a layer and its members; nameless ones where it is refused."""
        row = rows.find(type(layer))
        try:
            if row is None:
                raise Rejection(f"ONNX's backend cannot build {layer.word}")
            made = row(layer, types, builder, *inputs)
        except Rejection as rejection:
            span = node.written.span
            help_ = (Help(rejection.help),) if rejection.help else ()
            self._refused[span] = Diagnostic("backend", rejection.message, Label(span), help=help_)
            return ("",) * (1 + len(layer.members(*types)))
        return (made,) if isinstance(made, str) else made

    def _tied(self, node: Node, instance: Instance) -> str | None:
        """The full name of the layer whose weight a node uses instead of its own."""
        if node.tie is None:
            return None
        if node.tie.shared is not None:
            return self._owners[node.tie.shared]
        assert node.tie.node is not None
        return instance.layers[node.tie.node]
