"""No layer takes an argument that could never have an effect on its weights or on the loss."""

from __future__ import annotations

import pytest

from netdsl.catalog.arguments import EntryArgument
from netdsl.catalog.base import Layer, Weight
from netdsl.catalog.collect import entries
from netdsl.catalog.initializers import Fill, Initializer
from tests.catalog.torch_rows import record

LAYERS = [entry for entry in entries() if issubclass(entry, Layer)]


def weights(layer: type[Layer], **changes: object) -> list[tuple[Weight, ...]]:
    """The weights of each right example of a layer, some of its arguments changed."""
    found = []
    for example in layer.examples:
        if not example.rejects:
            found.append(record(example.call).replace(**changes).weights(*example.types))
    return found


STARTS = [
    pytest.param(layer, name, id=f"{layer.word}-{name}")
    for layer in LAYERS
    for name, argument in layer.arguments().items()
    if isinstance(argument, EntryArgument) and argument.kind is Initializer
]


@pytest.mark.parametrize(("layer", "name"), STARTS)
def test_an_initializer_starts_a_weight(layer: type[Layer], name: str) -> None:
    assert weights(layer, **{name: Fill(7)}) != weights(layer)


@pytest.mark.parametrize(
    "layer", [layer for layer in LAYERS if "l2" in layer.arguments()], ids=lambda layer: layer.word
)
def test_a_layer_with_a_penalty_has_a_weight_that_is_penalised(layer: type[Layer]) -> None:
    assert any(len(weight.shape) > 1 for found in weights(layer) for weight in found)
