"""Which tensors of a net share storage, how much is alive at once, and what autograd keeps.

A net is followed once in order of execution, as PyTorch would execute it: a view has the storage
of what it looks at, a storage is free after its last use, a block's inputs belong to its caller
until the block returns. A body is followed once for each way in which gradients flow into it; of
a run of rounds two are followed, and the others are like the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from netdsl.analyze.walk import node_of
from netdsl.backends.torch.saved import FLOAT, INT, saved, view
from netdsl.catalog.base import Layer, Source
from netdsl.graph import Graph, Node, Run
from netdsl.record import Record
from netdsl.tensor import Size, TensorType, Undecided

# A tensor of a graph: the number of a value, or the way down to one in a body.
_Path: TypeAlias = "tuple[int, ...]"


class Handed(Record):
    """A tensor that a body hands out: a port's storage (`port`), or one of its own (`storage`).

    `kept` says whether autograd keeps it already, `gradient` whether it needs a gradient.
    """

    port: int | None
    storage: int
    size: int
    kept: bool
    gradient: bool


class Use(Record):
    """What following a body gave, in bytes.

    `peak` is the most that is alive at once beside the ports, `kept` what autograd keeps beside
    the ports and weights, `kept_ports` the ports it keeps.
    """

    peak: int
    kept: int
    kept_ports: frozenset[int]
    handed: tuple[Handed, ...]


# One node's execution: storages it reads, makes, and the most it needs meanwhile.
_Moment: TypeAlias = "tuple[tuple[int, ...], tuple[int, ...], int]"


class Storages:
    """Follows the graphs of a net at one batch size, in training or in evaluation."""

    def __init__(self, batch: int, training: bool) -> None:
        self.batch = batch
        self.training = training
        self._bodies: dict[tuple[Graph, tuple[bool, ...], tuple[_Path, ...]], Use] = {}

    def follow(self, graph: Graph, gradients: tuple[bool, ...], wanted: tuple[_Path, ...]) -> Use:
        """The use of a graph into whose ports gradients flow back or not.

        `wanted` are the tensors that it hands out; raises `Undecided` where a size is known only
        at run time.
        """
        key = (graph, gradients, wanted)
        if key not in self._bodies:
            self._bodies[key] = _Follower(self, graph, gradients, wanted).use()
        return self._bodies[key]

    def bytes(self, of: TensorType) -> int:
        """What a batch of a tensor takes."""
        return whole(of.size) * self.batch * (FLOAT if of.number == "float" else INT)


def whole(size: int | Size) -> int:
    """A size that must be known: `Undecided` where it is not."""
    if isinstance(size, Size):
        raise Undecided(size)
    return size


class _Follower:
    """Follows one graph. Storages are numbered, the ports' first."""

    def __init__(
        self,
        storages: Storages,
        graph: Graph,
        gradients: tuple[bool, ...],
        wanted: tuple[_Path, ...],
    ) -> None:
        self._storages = storages
        self._graph = graph
        # What a run results in is looked into where its round makes it.
        self._wanted = tuple(
            (node_of(graph.nodes, path[0])[0], *path[1:]) if path[1:] else path for path in wanted
        )
        self._of: dict[_Path, int] = {(port,): port for port in range(len(graph.ports))}
        self._gradients: dict[_Path, bool] = {
            (port,): flows for port, flows in enumerate(gradients)
        }
        self._sizes = [0] * len(graph.ports)
        self._keeps: set[int] = set()
        self._kept = 0
        self._moments: list[_Moment] = []

    def use(self) -> Use:
        """Follow all nodes and sum up."""
        self._items(self._graph.nodes)
        ports = len(self._graph.ports)
        handed = []
        for path in self._wanted:
            storage = self._of[path]
            port = storage if storage < ports else None
            kept, gradient = storage in self._keeps, self._gradients[path]
            handed.append(Handed(port, storage, self._sizes[storage], kept, gradient))
        kept_ports = frozenset(port for port in self._keeps if port < ports)
        return Use(self._peak(), self._kept, kept_ports, tuple(handed))

    def _items(self, items: tuple[Node | Run, ...]) -> None:
        for item in items:
            if isinstance(item, Run):
                self._run(item)
            elif self._storages.training or not item.training:
                self._node(item)

    def _run(self, run: Run) -> None:
        entry = self._of[run.entry,], self._gradients[run.entry,]
        self._items(run.nodes)
        if run.count > 1:
            before = self._kept
            self._name((run.entry,), self._of[run.exit,], self._gradients[run.exit,])
            self._items(run.nodes)
            self._kept += (self._kept - before) * (run.count - 2)
        self._name((run.result,), self._of[run.exit,], self._gradients[run.exit,])
        self._name((run.entry,), *entry)

    def _node(self, node: Node) -> None:
        if isinstance(node.work, Graph):
            self._block(node, node.work)
        else:
            self._layer(node, node.work)

    def _layer(self, node: Node, layer: Layer) -> None:
        inputs = self._graph.input_types(node)
        made = self._graph.types[node.outputs[0]]
        gradient = self._needs_gradient(node, layer, inputs)
        shared = view(layer, inputs, self._storages.training) if inputs else None
        # The tensor of a source is the same for every example: a view of its weight or buffer.
        own = 0 if isinstance(layer, Source) else self._storages.bytes(made)
        read = tuple(self._of[value,] for value in node.inputs)
        storage = self._new(own) if shared is None else read[shared]
        self._name((node.outputs[0],), storage, gradient)
        members = []
        for value in node.outputs[1:]:
            kind = self._graph.types[value]
            members.append(self._new(self._storages.bytes(kind)))
            self._name((value,), members[-1], gradient and kind.number == "float")
        if self._storages.training and gradient:
            taps = dict(zip(node.taps, members, strict=True))
            self._keep_layer(layer, inputs, made, read, storage, taps)
        self._moments.append((read, (storage, *members), 0))

    def _needs_gradient(self, node: Node, layer: Layer, inputs: tuple[TensorType, ...]) -> bool:
        if not self._storages.training or self._graph.types[node.outputs[0]].number == "int":
            return False
        if any(self._gradients[value,] for value in node.inputs) or node.tie is not None:
            return True
        return any(weight.role == "weight" for weight in layer.weights(*inputs))

    def _keep_layer(
        self,
        layer: Layer,
        inputs: tuple[TensorType, ...],
        made: TensorType,
        read: tuple[int, ...],
        storage: int,
        members: Mapping[str | _Path, int],
    ) -> None:
        kept = saved(layer, inputs, made)
        for index in kept.inputs:
            self._keep(read[index])
        if kept.output:
            self._keep(storage)
        if kept.member in members:
            self._keeps.add(members[kept.member])
        self._kept += whole(kept.own) * self._storages.batch + whole(kept.once)

    def _block(self, node: Node, body: Graph) -> None:
        deeper = tuple(path[1:] for path in self._wanted if path[0] == node.outputs[0] and path[1:])
        taps = tuple(tap for tap in node.taps if isinstance(tap, tuple))
        wanted = ((body.result,), *taps, *deeper)
        gradients = tuple(self._gradients[value,] for value in node.inputs)
        use = self._storages.follow(body, gradients, wanted)
        read = tuple(self._of[value,] for value in node.inputs)
        self._kept += use.kept
        for port in use.kept_ports:
            self._keep(read[port])
        names = [(value,) for value in node.outputs] + [(node.outputs[0], *path) for path in deeper]
        own: dict[int, int] = {}
        for name, handed in zip(names, use.handed, strict=True):
            if handed.port is not None:
                storage = read[handed.port]
            elif handed.storage in own:
                storage = own[handed.storage]
            else:
                storage = own[handed.storage] = self._new(handed.size)
                if handed.kept:
                    self._keeps.add(storage)
            self._name(name, storage, handed.gradient)
        self._moments.append((read, tuple(own.values()), use.peak))

    def _name(self, path: _Path, storage: int, gradient: bool) -> None:
        self._of[path] = storage
        self._gradients[path] = gradient

    def _new(self, size: int) -> int:
        self._sizes.append(size)
        return len(self._sizes) - 1

    def _keep(self, storage: int) -> None:
        if storage not in self._keeps:
            self._keeps.add(storage)
            self._kept += self._sizes[storage]

    def _peak(self) -> int:
        """The most that is alive at once; what is handed out lives to the end."""
        last = {storage: at for at, (read, _, _) in enumerate(self._moments) for storage in read}
        handed = {self._of[path] for path in self._wanted}
        sizes, alive = self._sizes, set[int]()
        live = peak = 0
        for at, (read, made, inside) in enumerate(self._moments):
            fresh = [storage for storage in made if storage not in alive]
            size = sum([sizes[storage] for storage in fresh])
            peak = max(peak, live + max(size, inside))
            alive.update(fresh)
            live += size
            for storage in {*read, *fresh}:
                if storage in alive and storage not in handed and last.get(storage, at) <= at:
                    alive.discard(storage)
                    live -= sizes[storage]
        return peak
