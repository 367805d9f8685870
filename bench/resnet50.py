"""ResNet-50 as one writes it by hand, for machines without torchvision: the same layers in order.

He, Zhang, Ren and Sun, 2016, "Deep residual learning for image recognition", with the stride in the
3x3 of a bottleneck, as torchvision has it.
"""

from __future__ import annotations

from torch import Tensor, nn


def unit(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution and its normalisation."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        relu = nn.ReLU(inplace=True)
        first, second = unit(inputs, width, 1), unit(width, width, 3, stride)
        self.body = nn.Sequential(*first, relu, *second, relu, *unit(width, 4 * width, 1))
        same = stride == 1 and inputs == 4 * width
        self.shortcut = nn.Sequential(*([] if same else unit(inputs, 4 * width, 1, stride)))
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways."""
        return self.relu(self.body(x) + self.shortcut(x))


def resnet50(classes: int = 1000) -> nn.Module:
    """The whole net."""
    stem = [*unit(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    blocks, channels = [], 64
    for stage, depth in enumerate((3, 4, 6, 3)):
        width = 64 * 2**stage
        for place in range(depth):
            blocks.append(Bottleneck(channels, width, 2 if stage and not place else 1))
            channels = 4 * width
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*stem, *blocks, *head)
