"""A finished net under construction again. From: an elaborated net. To: a frame, and back.

What is added comes after the net's own nodes, so that numbers and names of these stay.
"""

from __future__ import annotations

from typing import Any

from netdsl.elaborate.builder import Builder, Draft, DraftRun
from netdsl.elaborate.frame import Defaults, Elaboration, Frame
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.values import Tensor
from netdsl.graph import ElaboratedNet, Members, Node, Run


def resumed(
    elaboration: Elaboration, scope: Scope, net: ElaboratedNet, in_force: Defaults | None
) -> Frame:
    """A frame at the end of a net: its tensors and parameters by name, its main tensor flowing.

    `output` is the main output. Names and defaults beside them are those of the file of `scope`.
    """
    graph = net.graph
    builder = Builder()
    for port in graph.ports:
        builder.port(port)
    builder.types = list(graph.types)
    builder.drafts = [_draft(item) for item in graph.nodes]
    builder.shared = list(graph.shared)
    builder.outputs = list(graph.outputs)
    builder.lets = dict(graph.lets)
    tensors = _Tensors(builder)
    names: dict[str, Any] = dict(graph.parameters)
    names |= {name: tensors.members(place) for name, place in graph.members.items()}
    names |= {output.name: tensors.tensor(output.value) for output in graph.outputs}
    main = next((output for output in graph.outputs if output.kind == "main"), graph.outputs[0])
    names.setdefault("output", tensors.tensor(main.value))
    flow = tensors.tensor(graph.result)
    return Frame(elaboration, scope, names, builder, flow, in_force, None, is_net=True)


def frozen(net: ElaboratedNet, builder: Builder) -> ElaboratedNet:
    """The net with what was added to it."""
    graph = net.graph
    return net.replace(
        graph=builder.freeze(
            graph.name, graph.definition, graph.parameters, graph.result, graph.members
        )
    )


class _Tensors:
    """Tensors of a graph as the elaborator knows them: with what made them."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._makers = {
            value: (draft, at)
            for draft in builder.drafts
            if isinstance(draft, Draft)
            for at, value in enumerate(draft.outputs)
        }

    def tensor(self, value: int) -> Tensor:
        """The tensor of a number."""
        type = self._builder.types[value]
        if value not in self._makers:
            return Tensor(self._builder, value, type)
        draft, at = self._makers[value]
        tap = draft.taps[at - 1] if at else ()
        return Tensor(self._builder, value, type, draft, tap if isinstance(tap, tuple) else ())

    def members(self, place: Members) -> Any:
        """A named tensor, or a list of them."""
        if isinstance(place, tuple):
            return tuple(self.members(item) for item in place)
        return self.tensor(place)


def _draft(item: Node | Run) -> Draft | DraftRun:
    if isinstance(item, Run):
        drafts = [_draft(node) for node in item.nodes]
        return DraftRun(drafts, item.count, item.entry, item.exit, item.result)
    draft = Draft(item.stem, item.named, item.work, item.inputs, item.written)
    draft.level = item.level
    draft.outputs = list(item.outputs)
    draft.taps = list(item.taps)
    draft.shared = item.shared
    draft.tie = item.tie
    draft.training = item.training
    return draft
