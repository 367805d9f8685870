"""Padding and convolutions that Keras lacks, written into emitted modules."""

from __future__ import annotations

from typing import Final

_SAME_PAD = '''
class SamePad(layers.Layer):
    """Pads for ceil(n / stride) positions, an odd row or column at the end."""

    def __init__(self, kernel, stride, dilation=1, value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.rules = (kernel, stride, dilation)
        self.value = value

    def call(self, x):
        sizes = ops.shape(x)[1:-1]
        rules = [
            rule if isinstance(rule, tuple) else (rule,) * len(sizes)
            for rule in self.rules
        ]
        amounts = []
        for n, k, s, d in zip(sizes, *rules):
            reach = d * (k - 1) + 1
            total = (-(-n // s) - 1) * s + reach - n
            if reach < s:  # at least 0, also where n is a tensor
                total = (total + abs(total)) // 2
            amounts.append((total // 2, total - total // 2))
        return ops.pad(x, ((0, 0), *amounts, (0, 0)), constant_values=self.value)
'''

_SEPARABLE = '''
class SeparableConv3D(layers.Layer):
    """A depthwise convolution without bias, then a 1x1x1 convolution."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        dilation_rate=1,
        depth_multiplier=1,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.multiplier = depth_multiplier
        self.first = {
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "dilation_rate": dilation_rate,
            "kernel_initializer": depthwise_initializer,
            "use_bias": False,
        }
        self.second = {
            "filters": filters,
            "kernel_size": 1,
            "use_bias": use_bias,
            "kernel_initializer": pointwise_initializer,
            "bias_initializer": bias_initializer,
        }

    def build(self, shape):
        hidden = shape[-1] * self.multiplier
        self.depthwise = layers.Conv3D(hidden, groups=shape[-1], **self.first)
        self.depthwise.build(shape)
        self.pointwise = layers.Conv3D(**self.second)
        self.pointwise.build((*shape[:-1], hidden))

    def call(self, x):
        return self.pointwise(self.depthwise(x))
'''

_CONV_TRANSPOSE = '''
class ConvTranspose(layers.Layer):
    """A transposed convolution in groups, or with a distance between its taps."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        output_padding=0,
        dilation_rate=1,
        groups=1,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.output_padding, self.dilation_rate = output_padding, dilation_rate
        self.groups, self.use_bias = groups, use_bias
        self.initializers = kernel_initializer, bias_initializer

    def build(self, shape):
        kernel, (start, bias_start) = (
            self.each(self.kernel_size, shape),
            self.initializers,
        )
        sizes = (shape[-1], self.filters // self.groups, *kernel)
        self.weight = self.add_weight(name="weight", shape=sizes, initializer=start)
        if self.use_bias:
            sizes = (self.filters,)
            self.bias = self.add_weight(
                name="bias", shape=sizes, initializer=bias_start
            )

    def each(self, sizes, shape):
        """A size for each axis of positions of a tensor."""
        return sizes if isinstance(sizes, tuple) else (sizes,) * (len(shape) - 2)

    def call(self, x):
        parts = zip(
            ops.split(x, self.groups, axis=-1),
            ops.split(self.spread(), self.groups, axis=-1),
        )
        y = ops.concatenate(
            [
                ops.conv_transpose(*part, self.strides, output_padding=0)
                for part in parts
            ],
            axis=-1,
        )
        after = [(0, more) for more in self.each(self.output_padding, x.shape)]
        y = ops.pad(y, ((0, 0), *after, (0, 0)))
        return y + self.bias if self.use_bias else y

    def spread(self):
        """The kernel as (*kernel, out, in), with zeros between the taps."""
        kernel = ops.moveaxis(self.weight, (0, 1), (-1, -2))
        for axis, rate in enumerate(self.each(self.dilation_rate, kernel.shape)):
            shape = list(kernel.shape)
            zeros = [(0, 0)] * (len(shape) + 1)
            zeros[axis + 1] = (0, rate - 1)
            kernel = ops.pad(ops.expand_dims(kernel, axis + 1), zeros)
            shape[axis] *= rate
            kernel = ops.reshape(kernel, shape)
            kernel = ops.take(kernel, range(shape[axis] - rate + 1), axis=axis)
        return kernel
'''

CONV: Final[dict[str, str]] = {
    "SamePad": _SAME_PAD,
    "SeparableConv3D": _SEPARABLE,
    "ConvTranspose": _CONV_TRANSPOSE,
}
