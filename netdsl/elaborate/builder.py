"""A body under construction: nodes are drafts until the body is whole."""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.catalog.base import Layer
from netdsl.elaborate.ports import ports_first
from netdsl.elaborate.values import Tensor
from netdsl.graph import (
    Branch,
    Graph,
    Level,
    Members,
    Node,
    Output,
    Port,
    Run,
    Shared,
    TapPath,
    Tie,
    Written,
)
from netdsl.syntax import tree
from netdsl.tensor import TensorType


class Draft:
    """A node whose further outputs are not all known yet."""

    __slots__ = ("inputs", "level", "named", "outputs", "shared", "stem", "taps", "tie", "training",
                 "work", "written")  # fmt: skip

    def __init__(
        self, stem: str, named: bool, work: Layer | Graph, inputs: tuple[int, ...], written: Written
    ) -> None:
        self.stem = stem
        self.named = named
        self.work = work
        self.inputs = inputs
        self.written = written
        self.level: Level | None = None
        self.outputs: list[int] = []
        self.taps: list[str | TapPath] = []
        self.shared: Shared | None = None
        self.tie: Tie | None = None
        self.training = False

    def freeze(self) -> Node:
        """The node as it stands now."""
        return Node(
            self.stem,
            self.named,
            self.level,
            self.work,
            self.inputs,
            tuple(self.outputs),
            tuple(self.taps),
            self.written,
            self.shared,
            self.tie,
            self.training,
        )


class DraftRun:
    """A run of equal rounds; `drafts` are those of the first."""

    __slots__ = ("count", "drafts", "entry", "exit", "result")

    def __init__(
        self, drafts: list[Draft | DraftRun], count: int, entry: int, exit: int, result: int
    ) -> None:
        self.drafts = drafts
        self.count = count
        self.entry = entry
        self.exit = exit
        self.result = result

    def freeze(self) -> Run:
        """The run as it stands now."""
        nodes = tuple(draft.freeze() for draft in self.drafts)
        return Run(nodes, self.count, self.entry, self.exit, self.result)


class Builder:
    """Collects ports, nodes and outputs of one body."""

    def __init__(self) -> None:
        self.ports: list[Port] = []
        self._port_values: list[int] = []
        self.types: list[TensorType] = []
        self.drafts: list[Draft | DraftRun] = []
        self.shared: list[Shared] = []
        self.outputs: list[Output] = []
        self.lets: dict[str, tree.Expression] = {}
        self.level: Level | None = None
        self.training = False
        # A mistake was told: the body is not to be used.
        self.failed = False
        # The declarations of a net's inputs, by their tensors.
        self.declared: dict[int, tree.Input] = {}
        # Tensors that take the place of a net's inputs, where the net is a step of another.
        self.given: list[Tensor] = []
        self.branches: tuple[Branch, ...] = ()

    def port(self, port: Port) -> Tensor:
        """A tensor that flows in; a net may declare one after its first nodes."""
        self.ports.append(port)
        self._port_values.append(self.new(port.type))
        return Tensor(self, self._port_values[-1], port.type)

    def new(self, type: TensorType) -> int:
        """The number of a new tensor."""
        self.types.append(type)
        return len(self.types) - 1

    def add(self, draft: Draft, type: TensorType) -> Tensor:
        """Adds a node at the present level; returns its main tensor."""
        draft.level = self.level
        draft.training = self.training
        draft.outputs.append(self.new(type))
        self.drafts.append(draft)
        return Tensor(self, draft.outputs[0], type, draft)

    def tap(self, draft: Draft, tap: str | TapPath, type: TensorType) -> Tensor:
        """A further tensor of a node: a member of its layer, or a tensor inside its body."""
        if tap in draft.taps:
            value = draft.outputs[draft.taps.index(tap) + 1]
        else:
            draft.taps.append(tap)
            value = self.new(type)
            draft.outputs.append(value)
        path = tap if isinstance(tap, tuple) else ()
        return Tensor(self, value, type, draft, path)

    def freeze(
        self,
        name: str,
        definition: tree.Block | tree.Net,
        parameters: Mapping[str, object],
        result: int,
        members: Mapping[str, Members],
    ) -> Graph:
        """The finished body."""
        graph = Graph(
            name,
            definition,
            parameters,
            tuple(self.ports),
            tuple([draft.freeze() for draft in self.drafts]),
            tuple(self.types),
            result,
            tuple(self.outputs),
            members,
            self.lets,
            tuple(self.shared),
        )
        late = self._port_values != list(range(len(self.ports)))
        return ports_first(graph, self._port_values) if late else graph
