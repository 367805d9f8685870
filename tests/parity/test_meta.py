"""What `check` says of bundled nets and shared blocks is what PyTorch finds in the emitted ones.

All of it on the meta device, which computes nothing but shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from netdsl.analyze.cost import Costs
from netdsl.backends.torch import build
from netdsl.backends.torch.layout import order
from netdsl.graph import Graph, named_nodes, named_weights
from netdsl.tensor import TensorType
from tests.specs.bundled import bundled, places
from tests.specs.test_std import USES, use

BATCH = 2
OWN_STATE = "num_batches_tracked"


def in_pytorch(type: TensorType) -> tuple[Any, ...]:
    """The shape of a batch of tensors in PyTorch."""
    return (BATCH, *(type.shape[axis] for axis in order(type.rank)))


@cache
def emitted(place: str) -> nn.Module:
    """The emitted net on the meta device."""
    with torch.device("meta"):
        return build(bundled(place))


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
    model = emitted(place)
    state = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: shape for name, shape in state.items() if not name.endswith(OWN_STATE)}
    assert found == {item.name: item.weight.shape for item in named_weights(net.graph)}
    learned = sum(parameter.numel() for parameter in model.parameters())
    assert learned == Costs().graph(net.graph).weights


@pytest.mark.parametrize("place", places())
def test_layers_have_the_shapes_that_were_inferred(place: str) -> None:
    net = bundled(place)
    model = emitted(place)
    expected = dict(weighted(net.graph))
    seen = watched(model, list(expected))
    inputs = [torch.empty(in_pytorch(port.type), device="meta") for port in net.inputs]
    model.train()(*inputs)
    assert seen == expected


@pytest.mark.parametrize("place", places())
def test_outputs_have_the_shapes_that_were_inferred(place: str) -> None:
    net = bundled(place)
    inputs = [torch.empty(in_pytorch(port.type), device="meta") for port in net.inputs]
    found = emitted(place).eval()(*inputs)
    assert tuple(found.shape) == in_pytorch(net.graph.types[net.graph.result])


@pytest.mark.parametrize("place", places())
def test_multiply_adds_are_half_of_what_pytorch_s_counter_finds(place: str) -> None:
    """The counter counts a multiplication and an addition as two, and no biases."""
    net = bundled(place)
    inputs = [torch.empty(1, *in_pytorch(port.type)[1:], device="meta") for port in net.inputs]
    model = emitted(place).eval()
    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    assert counter.get_total_flops() == 2 * Costs().graph(net.graph).macs


@pytest.mark.parametrize("call", USES)
def test_a_shared_block_is_emitted_as_it_was_inferred(call: str) -> None:
    net = use(call, USES[call][0])
    with torch.device("meta"):
        model = build(net)
    found = model(*(torch.empty(in_pytorch(port.type), device="meta") for port in net.inputs))
    assert tuple(found.shape) == in_pytorch(net.graph.types[net.graph.result])
    assert sum(parameter.numel() for parameter in model.parameters()) == USES[call][2]
