"""Nets with torchvision's weights give its numbers in training too: heads, statistics, dropout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

import netdsl
from tests.parity.in_pytorch import channels_first
from tests.parity.of_torchvision import TorchvisionReference
from tests.parity.references import Array
from tests.parity.transplant import COUNTER, SINGLE, converted, difference, give, model_of

KEYS = ["alexnet", "googlenet", "inception_v3", "resnet18", "vgg11"]
# Our names of torchvision's outputs in training.
HEADS = {"logits": "output", "aux_logits": "aux", "aux_logits1": "aux1", "aux_logits2": "aux2"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for one another at every layer, which takes long on a machine that is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def by_name(found: Any) -> dict[str, Array]:
    """Outputs by our names: a lone one, ours by name, or torchvision's named tuple."""
    if isinstance(found, Tensor):
        return {"output": found.numpy()}
    if not isinstance(found, dict):
        found = {HEADS[name]: value for name, value in found._asdict().items()}
    return {name: value.numpy() for name, value in found.items()}


def drawn_alike(model: nn.Module, call: Any, batch: Tensor) -> dict[str, Array]:
    """The outputs of a model in training; dropout draws the same numbers for each model."""
    torch.manual_seed(2)
    model.train()
    return by_name(call(batch))


@pytest.mark.parametrize("key", KEYS)
@torch.no_grad()
def test_outputs_and_statistics_in_training_are_torchvision_s(key: str) -> None:
    name, peer = f"torchvision/{key}", TorchvisionReference(key)
    model = give(model_of(netdsl.load(name)), converted(peer, name))
    batch = channels_first(peer.images)
    expected = drawn_alike(peer.model, peer.model, batch)
    found = drawn_alike(model, model.logits, batch)
    assert found.keys() == expected.keys()
    for output, numbers in expected.items():
        assert difference(found[output], numbers) <= SINGLE
    afterwards = converted(peer, name)
    for buffer, value in model.named_buffers():
        if not buffer.endswith(COUNTER):
            assert difference(value.numpy(), afterwards[buffer]) <= SINGLE


@torch.no_grad()
def test_without_folding_the_output_is_the_softmax() -> None:
    peer = TorchvisionReference("resnet18")
    model = netdsl.load("torchvision/resnet18").torch()
    give(model, converted(peer, "torchvision/resnet18"))
    expected = torch.from_numpy(peer.logits()).softmax(1)
    found = cast(Tensor, model(channels_first(peer.images)))
    assert difference(found.numpy(), expected.numpy()) <= SINGLE
