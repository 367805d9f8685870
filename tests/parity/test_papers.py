"""The papers' residual nets for CIFAR, restated in a few functions each, give the same numbers.

A restatement takes the tensors of our net in order of execution and says itself which shapes they
must have and where they belong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import floor
from typing import TypeVar

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import netdsl
from netdsl.catalog.layers.noise import Dropout, DropPath
from tests.specs.bundled import SPECS, bundled, layers

TOLERANCE = 1e-4
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
Part = TypeVar("Part", bound=nn.Module)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for one another at every layer, which takes long on a machine that is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(name: str, text: str | None = None) -> nn.Module:
    """A net in evaluation, its tensors drawn, its statistics those of the images."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    net: nn.Module = netdsl.load(name, text=text).torch(fold=frozenset({"output"}))
    for weights in net.parameters():
        if weights.dim() == 1:
            weights.data = torch.rand(weights.shape, generator=generator) + 0.5
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
        elif isinstance(module, nn.Dropout):
            module.p = 0.0
    net.train()(IMAGES)
    return net.eval()


class Parts:
    """The layers with weights of a net, in order of execution."""

    def __init__(self, net: nn.Module) -> None:
        kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
        self._left = [module for module in net.modules() if isinstance(module, kinds)]

    def _next(self, kind: type[Part]) -> Part:
        module = self._left.pop(0)
        assert isinstance(module, kind)
        return module

    def conv(self, x: Tensor, filters: int, kernel: int = 3, stride: int = 1) -> Tensor:
        """A convolution that pads by half its kernel."""
        part = self._next(nn.Conv2d)
        assert part.weight.shape == (filters, x.shape[1], kernel, kernel)
        return F.conv2d(x, part.weight, part.bias, stride, kernel // 2)

    def norm(self, x: Tensor) -> Tensor:
        """A normalisation by the running statistics."""
        part = self._next(nn.BatchNorm2d)
        return F.batch_norm(x, part.running_mean, part.running_var, part.weight, part.bias)

    def active(self, x: Tensor) -> Tensor:
        """A normalisation and an activation."""
        return self.norm(x).relu()

    def classes(self, x: Tensor) -> Tensor:
        """The scores of the means of all channels; nothing is left after them."""
        part = self._next(nn.Linear)
        assert not self._left
        return F.linear(x.mean((2, 3)), part.weight, part.bias)


def widened(x: Tensor, width: int) -> Tensor:
    """Channels of zeros behind those of x."""
    return F.pad(x, (0, 0, 0, 0, 0, width - x.shape[1]))


def units(each: int) -> Iterator[tuple[int, int]]:
    """The width and stride of each unit: three stages of 16, 32 and 64, each by as many units."""
    for stage in range(3):
        for unit in range(each):
            yield 16 << stage, 2 if stage and not unit else 1


def resnet(parts: Parts, x: Tensor, each: int, shortcut: Callable[[Tensor, int], Tensor]) -> Tensor:
    """ResNet with a shortcut that has no weights."""
    x = parts.active(parts.conv(x, 16))
    for width, stride in units(each):
        inner = parts.active(parts.conv(x, width, stride=stride))
        inner = parts.norm(parts.conv(inner, width))
        x = (inner + widened(shortcut(x, stride), width)).relu()
    return parts.classes(x)


def resnet_a(parts: Parts, x: Tensor) -> Tensor:
    """ResNet of 20 layers; its shortcut takes every second position."""
    return resnet(parts, x, 3, lambda x, stride: x[:, :, ::stride, ::stride])


def stochastic_depth(parts: Parts, x: Tensor) -> Tensor:
    """ResNet of 110 layers in evaluation; its shortcut takes means of 2x2."""
    return resnet(parts, x, 18, F.avg_pool2d)


def preact_bottlenecks(parts: Parts, x: Tensor) -> Tensor:
    """Bottlenecks with pre-activation; the first 1x1 has the stride."""
    x = parts.conv(x, 16)
    for width, stride in units(18):
        active = parts.active(x)
        inner = parts.active(parts.conv(active, width, 1, stride))
        inner = parts.active(parts.conv(inner, width))
        inner = parts.conv(inner, 4 * width, 1)
        changes = x.shape[1] != 4 * width
        x = inner + (parts.conv(active, 4 * width, 1, stride) if changes else x)
    return parts.classes(parts.active(x))


def wide(parts: Parts, x: Tensor, first: int, factor: int, each: int) -> Tensor:
    """Pairs of convolutions with pre-activation; projections where the shape changes."""
    x = parts.conv(x, first)
    for width, stride in units(each):
        active = parts.active(x)
        inner = parts.active(parts.conv(active, width * factor, stride=stride))
        inner = parts.conv(inner, width * factor)
        changes = x.shape[1] != width * factor
        x = inner + (parts.conv(active, width * factor, 1, stride) if changes else x)
    return parts.classes(parts.active(x))


def wide_resnet(parts: Parts, x: Tensor) -> Tensor:
    """Wide ResNet 16-4."""
    return wide(parts, x, 16, 4, 2)


def swapout(parts: Parts, x: Tensor) -> Tensor:
    """Swapout of 20 layers, twice as wide, in evaluation: wider from the first convolution on."""
    return wide(parts, x, 32, 2, 3)


def pyramid(parts: Parts, x: Tensor) -> Tensor:
    """PyramidNet of 110 layers with alpha 48."""
    x = parts.norm(parts.conv(x, 16))
    for k in range(1, 55):
        width, stride = 16 + floor(Fraction(48 * k, 54)), 2 if k in (19, 37) else 1
        inner = parts.active(parts.conv(parts.norm(x), width, stride=stride))
        inner = parts.norm(parts.conv(inner, width))
        x = inner + widened(F.avg_pool2d(x, stride), width)
    return parts.classes(parts.active(x))


def pyramid_of_bottlenecks(parts: Parts, x: Tensor) -> Tensor:
    """PyramidNet of 164 layers with alpha 48."""
    x = parts.norm(parts.conv(x, 16))
    for k in range(1, 55):
        width, stride = 16 + floor(Fraction(48 * k, 54)), 2 if k in (19, 37) else 1
        inner = parts.active(parts.conv(parts.norm(x), width, 1))
        inner = parts.active(parts.conv(inner, width, stride=stride))
        inner = parts.norm(parts.conv(inner, 4 * width, 1))
        x = inner + widened(F.avg_pool2d(x, stride), 4 * width)
    return parts.classes(parts.active(x))


NETS: dict[str, Callable[[Parts, Tensor], Tensor]] = {
    "resnet20_cifar": resnet_a,
    "preact_resnet164": preact_bottlenecks,
    "wide_resnet16_4": wide_resnet,
    "pyramidnet110_48": pyramid,
    "stochastic_depth110": stochastic_depth,
    "swapout20_2": swapout,
}


def assert_close(found: Tensor, expected: Tensor) -> None:
    """Within the tolerance of the largest number, which must be one that a test can see."""
    assert found.shape == expected.shape
    largest = expected.abs().max()
    assert 1e-3 < largest < 1e6
    assert (found - expected).abs().max() <= TOLERANCE * largest


@pytest.mark.parametrize("name", NETS)
@torch.no_grad()
def test_a_net_is_what_its_paper_says(name: str) -> None:
    net = drawn(name)
    assert_close(net.logits(IMAGES), NETS[name](Parts(net), IMAGES))


@torch.no_grad()
def test_a_pyramid_of_bottlenecks_is_what_its_paper_says() -> None:
    text = """
from "pyramidnet.net" import PyramidNet, bottleneck

net Small = PyramidNet(164, 48, unit=bottleneck, layers=3)
"""
    net = drawn(str(SPECS / "small.net"), text)
    assert_close(net.logits(IMAGES), pyramid_of_bottlenecks(Parts(net), IMAGES))


@torch.no_grad()
def test_a_shortcut_of_another_kind_would_be_seen() -> None:
    net = drawn("resnet20_cifar")
    with pytest.raises(AssertionError):
        assert_close(net.logits(IMAGES), resnet(Parts(net), IMAGES, 3, F.avg_pool2d))


@torch.no_grad()
def test_weighted_residuals_add_nothing_at_the_start_and_their_share_later() -> None:
    net = drawn("weighted_resnet118")
    unit = net.get_submodule("weighted_residual2")
    x = torch.randn(2, 16, 8, 8, generator=torch.Generator().manual_seed(2))
    assert torch.equal(unit(x), x)
    parts = Parts(unit)
    branch = parts.active(parts.conv(parts.active(parts.conv(x, 16)), 16))
    for weight in (0.5, -0.25):
        unit.get_parameter("parameter1.weight").fill_(weight)
        assert_close(unit(x), x + weight * branch)


def test_units_are_dropped_more_the_deeper_they_are() -> None:
    found = layers(bundled("stochastic_depth.net:StochasticDepth110").graph)
    rates = [layer.rate for *_, layer in found if isinstance(layer, DropPath)]
    assert rates == pytest.approx([unit / 54 / 2 for unit in range(1, 55)])


def test_swapout_drops_both_terms_of_a_unit_alike() -> None:
    found = layers(bundled("swapout.net:Swapout20W2").graph)
    rates = [layer.rate for *_, layer in found if isinstance(layer, Dropout)]
    assert rates == pytest.approx([unit / 8 / 2 for unit in range(9) for _ in range(2)])
