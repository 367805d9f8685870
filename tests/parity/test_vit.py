"""Vision Transformer B/16 answers as torchvision's and timm's do, from their checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

import netdsl
from netdsl.api import locate
from netdsl.weights.convert import convert


def of_torchvision(torchvision: ModuleType) -> nn.Module:
    model: nn.Module = torchvision.models.vit_b_16(weights=None)
    return model


def of_timm(torchvision: ModuleType) -> nn.Module:
    import timm  # after torchvision, which it imports

    model: nn.Module = timm.create_model("vit_base_patch16_224", pretrained=False)
    return model


def draw(model: nn.Module) -> None:
    """Random numbers for every tensor: factors near one, kernels that keep sizes near one."""
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and parameter.shape[0] > 1:
            parameter.normal_(std=(2 / parameter[0].numel()) ** 0.5)
        elif name.endswith("weight"):
            parameter.uniform_(0.5, 1.5)
        else:
            parameter.normal_(std=0.2)


@pytest.mark.parametrize("theirs", [of_torchvision, of_timm])
@torch.no_grad()
def test_a_transplanted_vision_transformer_agrees(
    torchvision: ModuleType, theirs: Callable[[ModuleType], nn.Module], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    peer = theirs(torchvision).eval()
    draw(peer)
    file = tmp_path / "vit.pt"
    torch.save(peer.state_dict(), file)
    net, (spec, _) = netdsl.load("vit_b_16"), locate("vit_b_16")
    weights = convert(net.elaborated, spec, theirs.__name__.removeprefix("of_"), file)
    ours = net.torch(fold=frozenset({"output"})).eval()
    ours.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    image = torch.randn(1, 3, 224, 224)
    expected = peer(image)
    assert (ours.logits(image) - expected).abs().max() < 1e-4 * expected.abs().max()  # type: ignore[operator]
