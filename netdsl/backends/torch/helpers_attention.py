"""Attention, and what is added to a sequence for it, as written into an emitted module.

`nn.MultiheadAttention` keeps from using its weights under other shapes of input, and returns
averages that nobody asked for; these classes have its weights, by its names, and nothing else.
"""

from __future__ import annotations

from typing import Final

_ATTENTION = '''
class Attention(nn.Module):
    """Multi-head attention with the weights of nn.MultiheadAttention.

    Sequences are (..., length, features); a mask, of bools or of numbers that are added
    to the scores, is spread to (..., heads, length, keys).
    """

    def __init__(self, features, heads, causal=False, qkv_bias=True):
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * features, features))
        bias = nn.Parameter(torch.zeros(3 * features))
        self.in_proj_bias = bias if qkv_bias else None
        self.out_proj = nn.Linear(features, features)
        for weight in (self.in_proj_weight, self.out_proj.weight):
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x, mask=None):
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        return self.attend(*qkv.chunk(3, -1), mask)

    def attend(self, q, k, v, mask):
        """Divides features among heads, and mixes what they gather."""
        parts = (t.unflatten(-1, (self.heads, -1)) for t in (q, k, v))
        q, k, v = (part.transpose(-3, -2) for part in parts)
        if self.causal and mask is not None:
            later = mask.new_ones(q.shape[-2], k.shape[-2], dtype=torch.bool).triu(1)
            hidden = -torch.inf if mask.is_floating_point() else 0
            mask = mask.masked_fill(later, hidden)
        causal = self.causal and mask is None
        y = F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)
        return self.out_proj(y.transpose(-3, -2).flatten(-2))
'''

_CROSS_ATTENTION = '''
class CrossAttention(Attention):
    """Attention to another sequence, whose vectors may have another width."""

    def __init__(self, features, width, heads, causal=False, qkv_bias=True):
        super().__init__(features, heads, causal, qkv_bias)
        if width != features:
            self.in_proj_weight = None
            for name, columns in (("q", features), ("k", width), ("v", width)):
                weight = nn.Parameter(torch.zeros(features, columns))
                nn.init.kaiming_normal_(weight, nonlinearity="relu")
                self.register_parameter(f"{name}_proj_weight", weight)

    def forward(self, x, memory, mask=None):
        if self.in_proj_weight is None:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        else:
            weights = self.in_proj_weight.chunk(3)
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        parts = zip((x, memory, memory), weights, biases)
        return self.attend(*(F.linear(*part) for part in parts), mask)
'''

_SINUSOIDS = '''
def sinusoids(x):
    """Sines and cosines of each position of (batch, length, features), by turns."""
    length, features = x.shape[1:]
    rates = 10000 ** (-torch.arange(0, features, 2, device=x.device) / features)
    angles = torch.arange(length, device=x.device)[:, None] * rates
    waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    return waves[:, :features].to(x.dtype)
'''

_POSITIONS = '''
class Positions(nn.Module):
    """Adds a learned vector to each position of (batch, length, features)."""

    def __init__(self, length, features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(length, features) * 0.02)

    def forward(self, x):
        return x + self.weight
'''

_CLASS_TOKEN = '''
class ClassToken(nn.Module):
    """Puts a learned vector before each sequence (batch, length, features)."""

    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return torch.cat([self.weight.expand(len(x), 1, -1), x], dim=1)
'''

_RELATIVE_BIAS = '''
class RelativeBias(nn.Module):
    """A learned number for each head and each distance between two positions of a grid.

    The result is (batch, positions, heads, positions), which is channels first.
    """

    def __init__(self, axes, heads):
        super().__init__()
        places = torch.cartesian_prod(*map(torch.arange, axes)).view(-1, len(axes))
        index, distances = 0, 1
        for n, place in zip(axes, places.T):
            index = index * (2 * n - 1) + place[:, None] - place + n - 1
            distances *= 2 * n - 1
        self.register_buffer("index", index, persistent=False)
        self.weight = nn.Parameter(torch.randn(distances, heads) * 0.02)

    def forward(self, batch):
        return self.weight[self.index].permute(1, 2, 0).expand(batch, -1, -1, -1)
'''

ATTENTION: Final[dict[str, str]] = {
    "Attention": _ATTENTION,
    "CrossAttention": _CROSS_ATTENTION,
    "sinusoids": _SINUSOIDS,
    "Positions": _POSITIONS,
    "ClassToken": _CLASS_TOKEN,
    "RelativeBias": _RELATIVE_BIAS,
}
