"""What autograd keeps of each layer is what the table of PyTorch says, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from netdsl.backends.torch import saved as table
from netdsl.backends.torch.saved import Saved, saved, view
from netdsl.catalog.base import Example, Layer
from tests.catalog.torch_rows import (
    Built,
    build,
    catalogue,
    examples,
    layout,
    record,
    types,
    without_onednn,
)

FAMILIES = sorted(
    {
        entry.__module__.rpartition(".")[2]
        for entry in catalogue().values()
        if issubclass(entry, Layer)
    }
)
BATCH = 3
CASES = [case for case in examples(*FAMILIES) if not case.values[1].rejects]


def flowing(example: Example) -> list[torch.Tensor]:
    """Inputs of an example as if a layer had made them, so that they need gradients."""
    return [
        torch.randint(0, 2, layout(kind.shape, BATCH))
        if kind.number == "int"
        else torch.randn(layout(kind.shape, BATCH)).requires_grad_() * 1
        for kind in example.types
    ]


def kept(built: Built, inputs: list[torch.Tensor]) -> tuple[torch.Tensor, dict[int, int]]:
    """The output, and bytes by address of every storage that autograd keeps, weights apart."""
    own = {t.untyped_storage().data_ptr() for t in [*built.parameters(), *built.buffers()]}
    tensors: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        tensors.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), without_onednn():
        output = built(*inputs)
    storages = [tensor.untyped_storage() for tensor in tensors]
    return output, {s.data_ptr(): s.nbytes() for s in storages if s.data_ptr() not in own}


@pytest.mark.parametrize(("layer", "example"), CASES)
def test_what_is_kept(layer: type[Layer], example: Example) -> None:
    made = record(example.call)
    inputs = types(example)
    built = build(made, inputs).train()
    tensors = flowing(example)
    output, storages = kept(built, tensors)
    addresses = [tensor.untyped_storage().data_ptr() for tensor in tensors]
    of_output = output.untyped_storage().data_ptr()

    expected = saved(made, inputs, made.infer(*inputs)) if output.requires_grad else Saved()
    assert [i for i, at in enumerate(addresses) if at in storages] == list(expected.inputs)
    assert (of_output in storages and of_output not in addresses) == expected.output
    own = [size for at, size in storages.items() if at not in (*addresses, of_output)]
    assert sum(own) == BATCH * expected.own + expected.once
    assert (of_output in addresses) == (view(made, inputs, training=True) is not None)


@pytest.mark.parametrize(
    "word", ["dropout", "spatial_dropout", "drop_path(0.5)", "gaussian_noise(1)"]
)
def test_noise_is_a_view_in_evaluation(word: str) -> None:
    made = record(word)
    inputs = types(Example(word, ((5, 6, 3),)))
    tensor = torch.randn(layout((5, 6, 3), BATCH))
    output = build(made, inputs)(tensor)
    assert output.data_ptr() == tensor.data_ptr()
    assert view(made, inputs, training=False) == 0
    assert view(made, inputs, training=True) is None


def test_every_layer_has_a_rule() -> None:
    words = {entry.word for entry in catalogue().values() if issubclass(entry, Layer)}
    assert set(table._RULES) == words


def test_a_layer_without_a_rule_keeps_everything() -> None:
    class Unknown(type(record("relu"))):  # type: ignore[misc]
        word = "unknown"

    made: Any = Unknown()
    inputs = types(Example("relu", ((5,), (5,))))
    assert saved(made, inputs, inputs[0]) == Saved((0, 1), True)
