"""PyTorch's rows of merging."""

from __future__ import annotations

from netdsl.backends.arithmetic import arithmetic_rows
from netdsl.backends.torch.layout import channel_dim, dim
from netdsl.backends.torch.rows import Emission, function, row
from netdsl.catalog.layers import merge
from netdsl.tensor import TensorType

arithmetic_rows(row, "torch")


@row(merge.Concat)
def concat(layer: merge.Concat, inputs: tuple[TensorType, ...]) -> Emission:
    return function(f"torch.cat([{{inputs}}], dim={dim(layer.axis, inputs[0].rank)})")


@row(merge.Dot)
def dot(layer: merge.Dot, inputs: tuple[TensorType, ...]) -> Emission:
    channels = channel_dim(inputs[0].rank)
    axes = "b...c" if channels == inputs[0].rank else "bc..."
    text = f'torch.einsum("{axes}, {axes} -> b...", {{0}}, {{1}}).unsqueeze({channels})'
    return function(text)
