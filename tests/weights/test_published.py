"""Checkpoints of torchvision, timm and Keras give their models' numbers in the bundled nets."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import netdsl
from netdsl.diagnostics import UserError
from netdsl.resources import specs_folder
from tests.weights.keras_models import answer as keras_answer
from tests.weights.keras_models import fill, keras, save
from tests.weights.nets import answer, difference, net_of, with_weights

TOLERANCE = 1e-4
SPECS = Path(specs_folder())
pytestmark = pytest.mark.usefixtures("one_thread")
IMAGE = np.random.default_rng(0).standard_normal((1, 224, 224, 3), dtype=np.float32)


def drawn(model: nn.Module) -> nn.Module:
    """The model with random statistics and scales beside its random weights."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.dim() == 1:
                low = 0.5 if name.endswith(("var", "weight")) else -0.2
                tensor.uniform_(low, low + 1, generator=generator)
    return model.eval()


def theirs(torchvision: ModuleType, source: str, name: str) -> nn.Module:
    if source == "timm":
        model: Any = import_module("timm").create_model(name)
    else:
        model = getattr(torchvision.models, name)(weights=None)
    return drawn(model)


@pytest.mark.parametrize(
    ("source", "name", "ending"),
    [("torchvision", "resnet18", ".pth"), ("timm", "resnet50", ".safetensors")],
)
@torch.no_grad()
def test_state_dicts(
    torchvision: ModuleType, source: str, name: str, ending: str, tmp_path: Path
) -> None:
    model, file = theirs(torchvision, source, name), tmp_path / f"theirs{ending}"
    if ending == ".safetensors":
        save_file(model.state_dict(), file)
    else:
        torch.save(model.state_dict(), file)
    net = netdsl.load(name)
    ours = tmp_path / "ours.safetensors"
    weights = net.converted(source, file)
    save_file({key: torch.from_numpy(values) for key, values in weights.items()}, ours)
    found = answer(net.torch(weights=ours).eval(), IMAGE)
    expected = model(torch.from_numpy(IMAGE).movedim(-1, 1)).softmax(1).numpy()
    assert difference(found, expected) < TOLERANCE


@torch.no_grad()
def test_a_convolution_over_the_whole_image_is_a_dense_layer(tmp_path: Path) -> None:
    """timm keeps the first dense layer of its VGGs so."""
    theirs = nn.Sequential(nn.Conv2d(3, 4, (7, 5)), nn.Flatten())
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    text = "net A {\n  input x: 7 x 5 x 3\n  flatten -> dense(4) as y\n}\n"
    net = net_of(tmp_path, text, {"timm": [["y", "0"]]})
    ours = with_weights(net, net.converted("timm", tmp_path / "theirs.pth"))
    image = np.random.default_rng(0).standard_normal((2, 7, 5, 3), dtype=np.float32)
    expected = theirs(torch.from_numpy(image).movedim(-1, 1)).numpy()
    assert difference(answer(ours, image), expected) < TOLERANCE


@torch.no_grad()
def test_a_smaller_transformer_of_timm(torchvision: ModuleType, tmp_path: Path) -> None:
    """ViT-Tiny is no net of the spec: its arguments make it one, under the same map."""
    model, file = theirs(torchvision, "timm", "vit_tiny_patch16_224"), tmp_path / "theirs.pth"
    torch.save(model.state_dict(), file)
    sizes = {"width": "192", "depth": "12", "heads": "3", "patch": "16"}
    net = netdsl.load(f"{SPECS / 'vit.net'}:ViT", set=sizes)
    weights = net.converted("timm", file)
    ours = with_weights(net, weights)
    expected = model(torch.from_numpy(IMAGE).movedim(-1, 1)).softmax(1).numpy()
    assert difference(answer(ours, IMAGE), expected) < TOLERANCE


@pytest.mark.parametrize("form", [".keras", ".weights.h5"])
def test_keras(form: str, tmp_path: Path) -> None:
    model = keras.applications.MobileNet(weights=None, alpha=0.25)
    fill(model)
    net = netdsl.load("keras/MobileNet_alpha0.25")
    weights = net.converted("keras", save(model, tmp_path, form))
    ours = tmp_path / "ours.safetensors"
    save_file({key: torch.from_numpy(values) for key, values in weights.items()}, ours)
    found = answer(net.torch(weights=ours).eval(), IMAGE)
    assert difference(found, keras_answer(model, IMAGE)) < TOLERANCE


def test_a_deeper_net_of_the_family_is_named(torchvision: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "theirs.pth"
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), file)
    with pytest.raises(UserError) as told:
        netdsl.load("resnet34").converted("torchvision", file)
    assert str(told.value) == (
        f"{file} does not fit: layer2.0.conv1.weight is 128 x 64 x 3 x 3, but "
        "residual3.conv1.weight of ResNet34 is 64 x 64 x 3 x 3 "
        '(the rule ["residual#", "layer#.#", …] meets 16 of ours and 8 of theirs); '
        "it fits ResNet18, of the same file"
    )


def test_weights_of_another_net_are_listed(tmp_path: Path) -> None:
    ours = tmp_path / "ours.safetensors"
    save_file({"dense1.weight": torch.zeros(2, 2), "other": torch.zeros(1)}, ours)
    with pytest.raises(UserError) as told:
        netdsl.load("nin").torch(weights=ours)
    listed = str(told.value)
    assert listed.startswith(f"{ours} does not fit NiN: nothing in it does; ")
    assert "other (there is no such weight)" in listed and "more" in listed
