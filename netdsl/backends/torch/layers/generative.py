"""PyTorch's rows of draws and of style."""

from __future__ import annotations

from netdsl.backends.torch.padding import sequence
from netdsl.backends.torch.rows import Code, Emission, function, row
from netdsl.catalog.layers.generative import Gram, Sample
from netdsl.tensor import TensorType


@row(Sample)
def sample(layer: Sample, inputs: tuple[TensorType, ...]) -> Emission:
    if layer.noise is not None:
        return function(f"{{{layer.mean}}} + ({{{layer.logvar}}} / 2).exp() * {{{layer.noise}}}")
    call = Code(f"{{module}}({{{layer.mean}}}, {{{layer.logvar}}})")
    return Emission(call, Code("Sample()"), ("Sample",))


@row(Gram)
def gram(layer: Gram, inputs: tuple[TensorType, ...]) -> Emission:
    axes = "b...i, b...j" if sequence(inputs[0].rank) else "bi..., bj..."
    return function(f'torch.einsum("{axes} -> bij", {{0}}, {{0}})')
