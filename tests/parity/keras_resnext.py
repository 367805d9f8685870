"""ResNeXt (Xie et al., 2017) from Keras' layers: Keras 3 has no constructor for it any more.

As ResNet in Keras Applications, with the names, the explicit padding and the epsilon of that, but
with 32 groups in the 3x3, twice its width, and no biases in convolutions. The stride is on the 3x3.
"""

from __future__ import annotations

from functools import partial

import keras
from keras import layers

EPSILON = 1.001e-5
GROUPS = 32


def _convolution(
    flow: keras.KerasTensor, name: str, filters: int, kernel: int = 1, **options: int
) -> keras.KerasTensor:
    """A convolution without bias and its normalisation."""
    if kernel > 1:
        flow = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(flow)
    flow = layers.Conv2D(filters, kernel, use_bias=False, name=f"{name}_conv", **options)(flow)
    return layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(flow)


def _block(
    entering: keras.KerasTensor, name: str, width: int, stride: int, first: bool
) -> keras.KerasTensor:
    """A bottleneck; the first of a stage has a convolution in its shortcut."""
    shortcut = entering
    if first:
        shortcut = _convolution(entering, f"{name}_0", 2 * width, strides=stride)
    flow = layers.ReLU()(_convolution(entering, f"{name}_1", width))
    flow = _convolution(flow, f"{name}_2", width, 3, strides=stride, groups=GROUPS)
    flow = _convolution(layers.ReLU()(flow), f"{name}_3", 2 * width)
    return layers.ReLU()(layers.Add(name=f"{name}_add")([shortcut, flow]))


def _resnext(depths: list[int], shape: tuple[int, int, int]) -> keras.Model:
    """The net of the depths of its four stages; it gives logits."""
    image = layers.Input(shape)
    flow = layers.ReLU()(_convolution(image, "conv1", 64, 7, strides=2))
    flow = layers.ZeroPadding2D(1, name="pool1_pad")(flow)
    flow = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(flow)
    for stage, depth in enumerate(depths):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            name = f"conv{stage + 2}_block{block + 1}"
            flow = _block(flow, name, 128 * 2**stage, stride, block == 0)
    flow = layers.GlobalAveragePooling2D(name="avg_pool")(flow)
    return keras.Model(image, layers.Dense(1000, name="predictions")(flow))


# The models by their keys, each a function of the input's shape.
RESNEXT = {
    "ResNeXt50": partial(_resnext, [3, 4, 6, 3]),
    "ResNeXt101": partial(_resnext, [3, 4, 23, 3]),
}
