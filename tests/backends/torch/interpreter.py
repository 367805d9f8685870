"""Runs a graph node by node, with the rows alone: what an emitted module must compute.

Modules are made anew for every node and take their weights from a state by full name, so nothing
of the emitter is used: no classes, no loops, no names of variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F

from netdsl.backends.torch import rows
from netdsl.backends.torch.helpers import HELPERS
from netdsl.backends.torch.rows import Code
from netdsl.catalog.base import Layer
from netdsl.graph import Graph, Node, Run, Shared, named_nodes

State = Mapping[str, torch.Tensor]


class Interpreter:
    """Runs the bodies of a net in one mode; `state` has the weights by their full names."""

    def __init__(self, state: State, training: bool) -> None:
        self.state = state
        self.training = training
        self.space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F}
        for source in HELPERS.values():
            exec(source, self.space)
        # Where the weights of shared layers are.
        self.shared: dict[Shared, str] = {}

    def run(self, graph: Graph, inputs: Sequence[torch.Tensor], prefix: str = "") -> list[Any]:
        """The values of a body by their numbers; None for what was not made."""
        return _Body(self, graph, inputs, prefix).run()


class _Body:
    def __init__(
        self, all_: Interpreter, graph: Graph, inputs: Sequence[torch.Tensor], prefix: str
    ) -> None:
        self.all = all_
        self.graph = graph
        self.prefix = prefix
        self.values: list[Any] = [*inputs, *[None] * (len(graph.types) - len(inputs))]
        self.inner: dict[int, list[Any]] = {}
        self.names = iter([name for name, _ in named_nodes(graph)])
        self.modules: dict[int, str] = {}
        for shared in graph.shared:
            name = next((n for n, node in named_nodes(graph) if node.shared is shared), shared.name)
            all_.shared[shared] = f"{prefix}{name}"

    def run(self) -> list[Any]:
        self._items(self.graph.nodes)
        return self.values

    def _items(self, items: Sequence[Node | Run]) -> None:
        for item in items:
            if isinstance(item, Run):
                first = self.values[item.entry]
                for _ in range(item.count):
                    self._items(item.nodes)
                    self.values[item.entry] = self.values[item.exit]
                self.values[item.result] = self.values[item.exit]
                self.values[item.entry] = first
            else:
                self._node(item)

    def _node(self, node: Node) -> None:
        name = f"{self.prefix}{next(self.names)}"
        if node.shared is not None:
            name = self.all.shared[node.shared]
        if node.training and not self.all.training:
            return
        self.modules[node.outputs[0]] = name
        inputs = [self.values[value] for value in node.inputs]
        if isinstance(node.work, Graph):
            inner = self.all.run(node.work, inputs, f"{name}.")
            self.values[node.outputs[0]] = inner[node.work.result]
            for tap, output in zip(node.taps, node.outputs[1:], strict=True):
                self.values[output] = _tapped(self.all, node.work, inner, tap, f"{name}.", inputs)
        else:
            self._layer(node, node.work, inputs, name)

    def _layer(self, node: Node, layer: Layer, inputs: list[Any], name: str) -> None:
        row = rows.find(type(layer))
        assert row is not None
        emission = row(layer, self.graph.input_types(node))
        module = None
        if emission.construct is not None:
            module = self._eval(emission.construct, [], None, None)
            prefix = f"{name}."
            own = {
                k.removeprefix(prefix): v for k, v in self.all.state.items() if k.startswith(prefix)
            }
            module.load_state_dict({key: own[key] for key in module.state_dict()})
            module.train(self.all.training)
        tie = None
        if node.tie is not None:
            tied = (
                self.all.shared[node.tie.shared]
                if node.tie.shared is not None
                else self.modules[node.tie.node or 0]
            )
            tie = self.all.state[f"{tied}.weight"]
        self.values[node.outputs[0]] = self._eval(emission.call, inputs, module, tie)
        for tap, output in zip(node.taps, node.outputs[1:], strict=True):
            _, *found = self._eval(emission.members[str(tap)], inputs, module, tie)
            self.values[output] = dict(zip(emission.members, found, strict=True))[tap]

    def _eval(self, code: Code, inputs: list[Any], module: Any, tie: Any) -> Any:
        names = [f"x{index}" for index in range(len(inputs))]
        text = code.text.format(
            *names,
            inputs=", ".join(names),
            module="module",
            tie="tie",
            batch=len(self.values[0]),
            **{key: repr(value) for key, value in code.values.items()},
        )
        scope = dict(zip(names, inputs, strict=True), module=module, tie=tie)
        return eval(text, self.all.space | scope)


def _tapped(
    all_: Interpreter,
    graph: Graph,
    values: list[Any],
    path: Any,
    prefix: str,
    inputs: Sequence[torch.Tensor],
) -> Any:
    """A tensor inside a body, by its path: bodies on the way are run once more."""
    if len(path) == 1:
        return values[path[0]]
    for name, node in named_nodes(graph):
        if path[0] in node.outputs:
            assert isinstance(node.work, Graph)
            given = [values[value] for value in node.inputs]
            inner = all_.run(node.work, given, f"{prefix}{name}.")
            return _tapped(all_, node.work, inner, path[1:], f"{prefix}{name}.", given)
    raise AssertionError(path)
