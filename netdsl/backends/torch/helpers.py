"""What PyTorch lacks: functions and classes that are written into an emitted module.

Each is plain source that needs the names `torch`, `nn` and `F` (torch.nn.functional), and the
helpers named before it in an `Emission`. Tensors are channels-first, (batch, channels, …).
"""

from __future__ import annotations

from typing import Final

from netdsl.backends.torch.helpers_attention import ATTENTION
from netdsl.backends.torch.helpers_recurrent import RECURRENT

_SAME_PAD = '''
def same_pad(x, kernel, stride, dilation=1, value=0.0):
    """Pads for ceil(n / stride) positions, an odd row or column at the end."""
    axes = x.dim() - 2
    rules = (kernel, stride, dilation)
    rules = [rule if isinstance(rule, tuple) else (rule,) * axes for rule in rules]
    amounts = []
    for n, k, s, d in zip(x.shape[2:], *rules):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        amounts = [total // 2, total - total // 2, *amounts]
    return F.pad(x, amounts, value=value)
'''

_SEPARABLE = '''
class SeparableConv2d(nn.Sequential):
    """A depthwise convolution without bias, then a 1x1 convolution."""

    def __init__(self, channels, filters, kernel, multiplier=1, bias=True, **window):
        super().__init__()
        hidden = channels * multiplier
        window |= {"groups": channels, "bias": False}
        self.depthwise = nn.Conv2d(channels, hidden, kernel, **window)
        self.pointwise = nn.Conv2d(hidden, filters, 1, bias=bias)
'''

_PADDED_AVG_POOL = '''
def padded_avg_pool(x, kernel, stride, padding="same"):
    """Averages over windows, `same` or one-sided padding left out of the mean."""
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]

    def pooled(t):
        t = same_pad(t, kernel, stride) if padding == "same" else F.pad(t, padding)
        return pool(t, kernel, stride)

    return pooled(x) / pooled(torch.ones_like(x[:1, :1]))
'''

_PADDED_MAX_POOL = '''
def padded_max_pool(x, kernel, stride, padding="same"):
    """The largest of each window, and its index in the input without its padding."""
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.dim() - 3]

    def padded(t, value):
        if padding == "same":
            return same_pad(t, kernel, stride, value=value)
        return F.pad(t, padding, value=value)

    y, where = pool(padded(x, -torch.inf), kernel, stride, return_indices=True)
    places = torch.arange(x[0, 0].numel(), device=x.device).view(1, 1, *x.shape[2:])
    return y, padded(places, 0).flatten()[where]
'''

_TIED_LINEAR = '''
class TiedLinear(nn.Module):
    """A linear layer with the weight of another layer and a bias of its own."""

    def __init__(self, units):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, x, weight):
        return F.linear(x, weight, self.bias)
'''

_PARAMETER = '''
class Parameter(nn.Module):
    """A trained tensor that is the same for every example."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self, batch):
        return self.weight.expand(batch, *self.weight.shape)
'''

_CONSTANT = '''
class Constant(nn.Module):
    """A tensor that is the same for every example and is not trained."""

    def __init__(self, values):
        super().__init__()
        self.register_buffer("value", torch.tensor(values), persistent=False)

    def forward(self, batch):
        return self.value.expand(batch, *self.value.shape)
'''

_NORMALIZE = '''
class Normalize(nn.Module):
    """Subtracts a mean from each channel and divides by a deviation."""

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean), persistent=False)
        self.register_buffer("std", torch.tensor(std), persistent=False)

    def forward(self, x):
        return (x - self.mean) / self.std
'''

_WITHOUT = '''
def without(module, name):
    """A normalisation whose scale (`weight`) or shift (`bias`) is taken away."""
    module.register_parameter(name, None)
    return module
'''

_DROP_PATH = '''
class DropPath(nn.Module):
    """Drops the tensor of whole examples in training, and scales the others up."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training:
            return x
        kept = x.new_empty(len(x), *[1] * (x.dim() - 1)).bernoulli_(1 - self.rate)
        return x * kept / (1 - self.rate)
'''

_GAUSSIAN_NOISE = '''
class GaussianNoise(nn.Module):
    """Adds normal noise in training."""

    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x
'''

_STEP = '''
def step(x):
    """1 where x is positive, else 0; its gradient is zero."""
    return ((torch.sign(x) + 1) / 2).floor()
'''

_LAYER_SCALE = '''
class LayerScale(nn.Module):
    """A learned factor for each channel, which `positions` dimensions follow."""

    def __init__(self, channels, positions=0):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.positions = positions

    def forward(self, x):
        return x * self.weight.view(-1, *[1] * self.positions)
'''

_CENTER_CROP = '''
def center_crop(x, shape):
    """The middle of x in a shape; an odd rest is cut at the end."""
    for dim, size in enumerate(shape, 2):
        x = x.narrow(dim, (x.shape[dim] - size) // 2, size)
    return x
'''

_PAD_CHANNELS = '''
def pad_channels(x, to, before=0):
    """Adds channels of zeros, `before` of them first, so that there are `to`."""
    after = to - x.shape[1] - before
    return F.pad(x, [0, 0] * (x.dim() - 2) + [before, after])
'''

_SAMPLE = '''
class Sample(nn.Module):
    """A draw from normal distributions in training, and their means in evaluation."""

    def forward(self, mean, logvar):
        noise = torch.randn_like(mean) if self.training else 0
        return mean + (logvar / 2).exp() * noise
'''

_MAX_UNPOOL = '''
def max_unpool(x, indices, shape):
    """Puts each number where the largest came from; those at one place are added."""
    y = x.new_zeros(*x.shape[:2], torch.Size(shape).numel())
    return y.scatter_add(2, indices.flatten(2), x.flatten(2)).unflatten(2, shape)
'''

HELPERS: Final[dict[str, str]] = {
    "same_pad": _SAME_PAD,
    "SeparableConv1d": _SEPARABLE.replace("2d", "1d"),
    "SeparableConv2d": _SEPARABLE,
    "SeparableConv3d": _SEPARABLE.replace("2d", "3d"),
    "padded_avg_pool": _PADDED_AVG_POOL,
    "padded_max_pool": _PADDED_MAX_POOL,
    "TiedLinear": _TIED_LINEAR,
    "Parameter": _PARAMETER,
    "Constant": _CONSTANT,
    "Normalize": _NORMALIZE,
    "without": _WITHOUT,
    "DropPath": _DROP_PATH,
    "GaussianNoise": _GAUSSIAN_NOISE,
    "step": _STEP,
    "LayerScale": _LAYER_SCALE,
    "center_crop": _CENTER_CROP,
    "pad_channels": _PAD_CHANNELS,
    "Sample": _SAMPLE,
    "max_unpool": _MAX_UNPOOL,
    **ATTENTION,
    **RECURRENT,
}
