"""Small nets for tests of training: chains of layers, as graphs and as modules by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from netdsl.backends.engine import Examples, Task
from netdsl.backends.torch.engine import TorchEngine, TorchModel
from netdsl.catalog.base import Layer
from netdsl.catalog.layers.activation import Relu, Sigmoid, Softmax, Tanh
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.noise import Dropout
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.layers.shape import Flatten, Unflatten
from netdsl.catalog.losses import CrossEntropy, LossSum, LossTerm
from netdsl.catalog.optimizers import Adam
from netdsl.catalog.settings import Settings, Training
from netdsl.catalog.sources import Spirals
from netdsl.graph import ElaboratedNet, Graph, Node, Output, Port, Written, named_nodes
from netdsl.source import Source, Span
from netdsl.tensor import TensorType
from netdsl.training.plan import Plan, make_plan
from netdsl.training.spec import Spec

# Several threads gain nothing for nets this small and wait for each other on a busy machine.
torch.set_num_threads(1)

SPAN = Span(Source("test.net", ""), 0, 0)


def chain(
    *layers: Layer, shape: tuple[int, ...], name: str = "Chain", heads: Mapping[str, Layer] = {}
) -> ElaboratedNet:
    """A net of one input, one layer after the other; `heads` are auxiliary outputs of the input."""
    types = [TensorType(shape)]
    nodes = []
    for layer in layers:
        nodes.append(_node(layer, len(types) - 1, len(types)))
        types.append(layer.infer(types[-1]))
    last = len(types) - 1
    outputs = [Output("output", last, "main", SPAN)]
    for head, layer in heads.items():
        outputs.append(Output(head, len(types), "auxiliary", SPAN))
        nodes.append(_node(layer, 0, len(types)))
        types.append(layer.infer(types[0]))
    port = Port("input", types[0], "input")
    definition: Any = None
    graph = Graph(
        name, definition, {}, (port,), tuple(nodes), tuple(types), last, tuple(outputs), {}, {}
    )
    return ElaboratedNet(name, graph, (), (), {})


def _node(layer: Layer, flows_in: int, flows_out: int) -> Node:
    written = Written(SPAN, {})
    return Node(layer.word, False, None, layer, (flows_in,), (flows_out,), (), written)


class Module(nn.Module):
    """What an emitter would write for a chain: parts by name, `forward` and `logits`."""

    def __init__(self, net: ElaboratedNet, folded: bool) -> None:
        super().__init__()
        self.order = []
        self.heads = {}
        ends = {output.value: output.name for output in net.graph.outputs}
        for name, node in named_nodes(net.graph):
            assert isinstance(node.work, Layer)
            self.add_module(name, _module(node.work, net.graph.input_types(node)[0]))
            if ends.get(node.outputs[0], "output") == "output":
                self.order.append(name)
            else:
                self.heads[ends[node.outputs[0]]] = name
        self.folded = folded

    def logits(self, flow: Tensor) -> Tensor | dict[str, Tensor]:
        return self._run(flow, self.order[: len(self.order) - self.folded])

    def forward(self, flow: Tensor) -> Tensor | dict[str, Tensor]:
        return self._run(flow, self.order)

    def _run(self, flow: Tensor, names: list[str]) -> Tensor | dict[str, Tensor]:
        start = flow
        for name in names:
            flow = self.get_submodule(name)(flow)
        if not self.heads or not self.training:
            return flow
        heads = {head: self.get_submodule(name)(start) for head, name in self.heads.items()}
        return {"output": flow, **heads}


def _module(layer: Layer, flowing: TensorType) -> nn.Module:
    channels: Any = flowing.channels
    made: dict[type[Layer], Any] = {
        Conv: lambda: nn.Conv2d(channels, layer.filters, layer.kernel, bias=layer.bias),
        Dense: lambda: nn.Linear(channels, layer.units, bias=layer.bias),
        BatchNorm: lambda: (nn.BatchNorm1d if flowing.rank == 1 else nn.BatchNorm2d)(channels),
        Relu: nn.ReLU,
        Tanh: nn.Tanh,
        Dropout: lambda: nn.Dropout(layer.rate),
        Flatten: nn.Flatten,
        Softmax: lambda: nn.Softmax(1),
        Sigmoid: nn.Sigmoid,
        Unflatten: lambda: nn.Unflatten(1, (layer.sizes[-1], *layer.sizes[:-1])),
    }
    module: nn.Module = made[type(layer)]()
    return module


class HandBackend:
    """A backend of modules written by hand."""

    @staticmethod
    def make_engine(net: ElaboratedNet, task: Task, examples: Examples, device: str) -> TorchEngine:
        return TorchEngine(Module(net, bool(task.folded)), task, examples, device)

    @staticmethod
    def make_model(net: ElaboratedNet, output: str, device: str) -> TorchModel:
        return TorchModel(Module(net, False), output, 64, device)


def classifier(dropout: bool = True) -> ElaboratedNet:
    """A small net for points of two classes."""
    noise = (Dropout(0.2),) if dropout else ()
    return chain(
        Dense(units=16),
        BatchNorm(),
        Relu(),
        *noise,
        Dense(units=2),
        Softmax(),
        shape=(2,),
        name="Points",
    )


def settings(**changes: Any) -> Settings:
    """Settings of a quick classification of points."""
    given = {
        "data": Spirals(n=120),
        "loss": LossSum((LossTerm(CrossEntropy()),)),
        "optimizer": Adam(lr=0.02),
        "epochs": 4,
    }
    return Settings(**(given | changes))


def plan(net: ElaboratedNet | None = None, base: Path = Path(), **changes: Any) -> Plan:
    """The plan of a net, by default of `classifier`."""
    whole = Training.in_one(settings(**changes))
    return make_plan(classifier() if net is None else net, whole, base)


def engine(made: Plan, task: Task | None = None) -> TorchEngine:
    """An engine on the CPU, by default of the last phase of a plan."""
    return HandBackend.make_engine(made.net, task or made.task, made.examples(), "cpu")


def spec(folder: Path, net: ElaboratedNet | None = None, **changes: Any) -> Spec:
    """A spec as if read from a file in a folder."""
    made = classifier() if net is None else net
    sources = {folder / "points.net": "# a net\n"}
    return Spec(None, {}, None, made, Training.in_one(settings(**changes)), sources)


class Silent:
    """A listener that keeps the entries; `at_example` is called with how many are done."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.epoch = 0

    def epoch_starts(self, epoch: int, examples: int) -> None:
        self.epoch = epoch

    def examples_done(self, count: int) -> None:
        return None

    def epoch_ends(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
