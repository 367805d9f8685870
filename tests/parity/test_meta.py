"""What `check` says of every bundled net is what PyTorch's meta device finds in the emitted one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from netdsl.analyze.cost import Costs
from netdsl.backends.torch import build
from netdsl.backends.torch.layout import order
from netdsl.graph import ElaboratedNet, Graph, named_nodes, named_weights
from netdsl.tensor import TensorType
from tests.specs.bundled import bundled, places

BATCH = 2
OWN_STATE = "num_batches_tracked"


def in_pytorch(type: TensorType) -> tuple[Any, ...]:
    """The shape of a batch of tensors in PyTorch."""
    return (BATCH, *(type.shape[axis] for axis in order(type.rank)))


def emitted(net: ElaboratedNet) -> nn.Module:
    """The emitted net on the meta device, where nothing is computed but shapes."""
    with torch.device("meta"):
        return build(net)


def weighted(graph: Graph, prefix: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The name and output shape of each layer that has weights."""
    for name, node in named_nodes(graph):
        if isinstance(node.work, Graph):
            yield from weighted(node.work, f"{prefix}{name}.")
        elif node.work.weights(*graph.input_types(node)):
            yield prefix + name, in_pytorch(graph.types[node.outputs[0]])


def watched(model: nn.Module, names: list[str]) -> dict[str, tuple[int, ...]]:
    """Notes the output shapes of modules when the model runs."""
    seen: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> None:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            seen[name] = tuple(output.shape)

        model.get_submodule(name).register_forward_hook(hook)

    for name in names:
        note(name)
    return seen


@pytest.mark.parametrize("place", places())
def test_weights_and_state_have_the_language_s_names_and_shapes(place: str) -> None:
    net = bundled(place)
    model = emitted(net)
    state = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: shape for name, shape in state.items() if not name.endswith(OWN_STATE)}
    assert found == {item.name: item.weight.shape for item in named_weights(net.graph)}
    learned = sum(parameter.numel() for parameter in model.parameters())
    assert learned == Costs().graph(net.graph).weights


@pytest.mark.parametrize("place", places())
def test_layers_have_the_shapes_that_were_inferred(place: str) -> None:
    net = bundled(place)
    model = emitted(net)
    expected = dict(weighted(net.graph))
    seen = watched(model, list(expected))
    inputs = [torch.empty(in_pytorch(port.type), device="meta") for port in net.inputs]
    model.train()(*inputs)
    assert seen == expected


@pytest.mark.parametrize("place", places())
def test_outputs_have_the_shapes_that_were_inferred(place: str) -> None:
    net = bundled(place)
    inputs = [torch.empty(in_pytorch(port.type), device="meta") for port in net.inputs]
    found = emitted(net).eval()(*inputs)
    assert tuple(found.shape) == in_pytorch(net.graph.types[net.graph.result])
