"""torchvision's own nets with random weights and statistics give the same numbers as ours."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import netdsl
from tests.parity.torchvision_names import NAMES, ours

TOLERANCE = 1e-4
# PyTorch's batchnorm counts batches; evaluation does not ask for it.
COUNTER = "num_batches_tracked"
# What torchvision's constructors want besides, so that they neither warn nor download.
OPTIONS: dict[str, dict[str, object]] = {"googlenet": {"init_weights": False}}
IMAGE = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for one another at every layer, which takes long on a machine that is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    """A tensor at random, of the size that keeps numbers near one from layer to layer."""
    if name.endswith("running_var") or (name.endswith("weight") and like.dim() == 1):
        return torch.rand(like.shape, generator=generator) + 0.5
    deviation = (2 / like[0].numel()) ** 0.5 if like.dim() > 1 else 0.2
    return torch.randn(like.shape, generator=generator) * deviation


def give(net: nn.Module, state: dict[str, Tensor]) -> None:
    """Puts these tensors into a net on the meta device; every name must be there once."""
    counters = {name: torch.tensor(0) for name in net.state_dict() if COUNTER in name}
    net.load_state_dict(state | counters, assign=True)


def pair(torchvision: ModuleType, key: str) -> tuple[nn.Module, nn.Module]:
    """Their net and ours, in evaluation, with the same weights and statistics."""
    generator = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        their_net = getattr(torchvision.models, key)(weights=None, **OPTIONS.get(key, {})).eval()
        net = netdsl.load(f"torchvision/{key}")
        names = frozenset(output.name for output in net.elaborated.graph.outputs)
        our_net = net.torch(fold=names).eval()
    like = their_net.state_dict()
    state = {name: drawn(name, like[name], generator) for name in like if COUNTER not in name}
    give(their_net, state)
    give(our_net, {ours(key, name): value.clone() for name, value in state.items()})
    return their_net, our_net


def assert_close(found: Tensor, expected: Tensor) -> None:
    """Within the tolerance of the largest number, which must be one that a test can see."""
    assert found.shape == expected.shape
    largest = expected.abs().max()
    assert 1e-3 < largest < 1e6
    assert (found - expected).abs().max() <= TOLERANCE * largest


@pytest.mark.parametrize("key", NAMES)
@torch.no_grad()
def test_the_outputs_are_torchvision_s(torchvision: ModuleType, key: str) -> None:
    their_net, our_net = pair(torchvision, key)
    assert_close(our_net.logits(IMAGE), their_net(IMAGE))


@torch.no_grad()
def test_without_folding_the_output_is_the_softmax(torchvision: ModuleType) -> None:
    their_net, our_net = pair(torchvision, "alexnet")
    assert_close(our_net(IMAGE), their_net(IMAGE).softmax(1))


def by_name(found: Any) -> dict[str, Tensor]:
    """Outputs by our names: a lone one, ours by name, or torchvision's named tuple."""
    if isinstance(found, Tensor):
        return {"output": found}
    if isinstance(found, dict):
        return found
    return {"output": found.logits, "aux1": found.aux_logits1, "aux2": found.aux_logits2}


@pytest.mark.parametrize("key", NAMES)
@torch.no_grad()
def test_so_they_are_in_training(torchvision: ModuleType, key: str) -> None:
    """Heads, statistics of the batch, and dropout: the same draws hit the same numbers."""
    their_net, our_net = pair(torchvision, key)
    batch = torch.cat([IMAGE, IMAGE.flip(3) / 2])
    torch.manual_seed(2)
    expected = by_name(their_net.train()(batch))
    torch.manual_seed(2)
    found = by_name(our_net.train().logits(batch))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(found[name], value)
    for name, buffer in their_net.named_buffers():
        if COUNTER not in name:
            assert_close(our_net.get_buffer(ours(key, name)), buffer)


@torch.no_grad()
def test_a_changed_weight_would_be_seen(torchvision: ModuleType) -> None:
    their_net, our_net = pair(torchvision, "resnet18")
    our_net.get_parameter("residual1.conv1.weight").mul_(1.01)
    with pytest.raises(AssertionError):
        assert_close(our_net.logits(IMAGE), their_net(IMAGE))
