"""SegNet and U-Net are what their papers draw, beside the same nets written by hand in PyTorch."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import netdsl
from netdsl.tensor import Dim
from tests.specs.bundled import bundled, cost, layers, shape


class SegNet(nn.Module):
    """SegNet with its levels one by one, as the authors' own model lists them."""

    ENCODER = ([3, 64, 64], [64, 128, 128], [128, 256, 256, 256], [256, 512, 512, 512],
               [512, 512, 512, 512])  # fmt: skip
    DECODER = ([512, 512, 512, 512], [512, 512, 512, 256], [256, 256, 256, 128], [128, 128, 64],
               [64, 64])  # fmt: skip

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.encoder = nn.ModuleList([self.row(widths) for widths in self.ENCODER])
        self.decoder = nn.ModuleList([self.row(widths) for widths in self.DECODER])
        self.last = nn.Conv2d(64, classes, 3, padding=1)

    @staticmethod
    def row(widths: list[int]) -> nn.Sequential:
        """Convolutions from width to width, each normalised and cut off at zero."""
        modules: list[nn.Module] = []
        for before, after in pairwise(widths):
            modules += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        return nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        places = []
        for row in self.encoder:
            x = row(x)
            size = x.shape[2:]
            x, indices = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
            places.append((indices, size))
        for row in self.decoder:
            indices, size = places.pop()
            x = row(F.max_unpool2d(x, indices, 2, output_size=list(size)))
        found: Tensor = self.last(x)
        return found


def in_order(model: nn.Module) -> list[Tensor]:
    """Weights and statistics, layer by layer in the order in which modules stand."""
    return [t for name, t in model.state_dict().items() if not name.endswith("batches_tracked")]


@torch.no_grad()
def test_segnet_is_the_one_written_by_hand() -> None:
    theirs = SegNet(11)
    assert sum(parameter.numel() for parameter in theirs.parameters()) == 29_449_355
    torch.manual_seed(0)
    for norm in theirs.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(std=0.2)
            norm.running_mean.normal_(std=0.2)  # type: ignore[union-attr]
            norm.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
    net = netdsl.load("segnet")
    ours = net.torch(fold=frozenset({"output"}))
    for mine, other in zip(in_order(ours), in_order(theirs), strict=True):
        mine.copy_(other)
    image = torch.randn(1, 3, 52, 40)
    expected = theirs.eval()(image)
    found = ours.eval().logits(image)  # type: ignore[operator]
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize(
    ("place", "flowing", "made"),
    [
        ("unet.net:UNet", (572, 572, 1), (388, 388, 2)),
        ("unet.net:UNetPadded", (512, 512, 1), (512, 512, 2)),
    ],
)
def test_the_sizes_of_u_net(place: str, flowing: tuple[Dim, ...], made: tuple[Dim, ...]) -> None:
    net = bundled(place)
    assert net.inputs[0].type.shape == flowing
    assert shape(net) == made
    words = [layer.word for *_, layer in layers(net.graph)]
    assert words.count("conv") + words.count("conv_transpose") == 23  # as the paper counts


def test_the_sizes_in_u_net_s_figure() -> None:
    net = bundled("unet.net:UNet")
    found = [
        graph.types[node.outputs[0]].shape[0]
        for graph, node, layer in layers(net.graph)
        if layer.word in ("conv", "conv_transpose")
    ]
    down = [570, 568, 282, 280, 138, 136, 66, 64, 30, 28]
    up = [56, 54, 52, 104, 102, 100, 200, 198, 196, 392, 390, 388, 388]
    assert found == down + up


def test_the_weights_of_u_net_counted_by_hand() -> None:
    widths = [64, 128, 256, 512, 1024]
    down = sum(9 * (n + m) * m for n, m in pairwise([1, *widths]))
    up = sum(9 * (2 * m + m) * m for m in widths[:-1])
    between = sum(4 * 2 * m * m for m in widths[:-1])
    biases = sum(2 * m for m in widths) + sum(3 * m for m in widths[:-1]) + 2
    assert (down + up, between, biases) == (28_238_400, 2_785_280, 6_850)
    assert cost("unet.net:UNet").weights == down + up + between + 2 * 64 + biases
