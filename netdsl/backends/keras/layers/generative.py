"""Keras' rows of draws and of style."""

from __future__ import annotations

from netdsl.backends.keras.rows import Code, Emission, function, row
from netdsl.catalog.layers.generative import Gram, Sample
from netdsl.tensor import TensorType

# The axes of positions in one, two and three dimensions, for einsum.
POSITIONS = ("n", "hw", "dhw")


@row(Sample)
def sample(layer: Sample, inputs: tuple[TensorType, ...]) -> Emission:
    if layer.noise is not None:
        return function(f"{{{layer.mean}}} + ops.exp({{{layer.logvar}}} / 2) * {{{layer.noise}}}")
    call = Code(f"{{module}}({{{layer.mean}}}, {{{layer.logvar}}})")
    return Emission(call, Code("Sample()"), ("Sample",))


@row(Gram)
def gram(layer: Gram, inputs: tuple[TensorType, ...]) -> Emission:
    positions = POSITIONS[inputs[0].rank - 2]
    return function(f'ops.einsum("b{positions}i,b{positions}j->bij", {{0}}, {{0}})')
