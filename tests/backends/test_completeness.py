"""Every layer of the catalogue on every backend: the words of the index, and no hole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
import torch

from netdsl.backends.keras import rows as keras_rows
from netdsl.backends.onnx import rows as onnx_rows
from netdsl.backends.torch import rows, saved
from netdsl.catalog.base import Elementwise, Example, Layer
from netdsl.catalog.index import WORDS
from netdsl.elaborate.words import entry_named
from tests.catalog import keras_rows as in_keras
from tests.catalog.onnx_rows import drawn_weights, model_of, outputs_of
from tests.catalog.torch_rows import (
    BATCH,
    build,
    check_rejection,
    drawn,
    from_torch,
    layout,
    record,
    types,
)


@dataclass(frozen=True)
class Backend:
    """A backend: what it must have for each layer, and how it runs an example.

    `run` raises where the layer cannot be built or gives another shape than it promises.
    """

    has: Mapping[str, Callable[[type[Layer]], bool]]
    run: Callable[[Layer, Example], None]


def run_in_torch(layer: Layer, example: Example) -> None:
    """Builds the layer by its row alone and runs it on random numbers."""
    with torch.no_grad():
        output = build(layer, types(example))(*drawn(example))
    assert output.shape == layout(example.output), f"{tuple(output.shape)} comes out"


def run_in_keras(layer: Layer, example: Example) -> None:
    """Builds a model of the layer by its row alone and runs it on random numbers."""
    given = (from_torch(tensor).numpy() for tensor in drawn(example))
    output = in_keras.Built(layer, types(example))(*given)[0]
    assert output.shape == (BATCH, *example.output), f"{output.shape} comes out"


def run_in_onnx(layer: Layer, example: Example) -> None:
    """Runs the layer's nodes alone, by onnxruntime, on random numbers and weights."""
    inputs = types(example)
    weights = {name: values.numpy() for name, values in drawn_weights(layer, inputs).items()}
    output = outputs_of(model_of(layer, inputs, weights), drawn(example))["output"]
    assert output.shape == layout(example.output), f"{output.shape} comes out"


BACKENDS = {
    "torch": Backend(
        {
            "a row": lambda layer: rows.find(layer) is not None,
            "a rule for what autograd keeps": lambda layer: layer.word in saved._RULES,
        },
        run_in_torch,
    ),
    "keras": Backend({"a row": lambda layer: keras_rows.find(layer) is not None}, run_in_keras),
    "onnx": Backend({"a row": lambda layer: onnx_rows.find(layer) is not None}, run_in_onnx),
}
LAYERS = [entry_named("layer", word) for word in WORDS["layer"]]


def lacking(layer: type[Layer]) -> list[str]:
    """What the record of a layer lacks, whatever the backend."""
    wrong = [example for example in layer.examples if example.rejects]
    found = [] if len(wrong) < len(layer.examples) else ["an example"]
    # Without arguments a layer may take any tensor there is.
    if not wrong and layer.arguments():
        found.append("an example that is rejected")
    for example in wrong:
        check_rejection(example)
    return found


def holes(layer: type[Layer], backend: Backend) -> list[str]:
    """What a layer lacks on a backend; nothing where it is complete."""
    found = lacking(layer) + [what for what, has in backend.has.items() if not has(layer)]
    for example in layer.examples:
        if found or example.rejects:
            continue
        try:
            backend.run(record(example.call), example)
        except Exception as error:
            found.append(f"a run of {example.call}: {error}")
    return found


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.word)
@pytest.mark.parametrize("name", BACKENDS)
def test_no_hole(name: str, layer: type[Layer]) -> None:
    assert holes(layer, BACKENDS[name]) == []


# The test can fail


class Nowhere(Elementwise):
    """A layer that no backend knows and that shows no use of itself."""

    word = "nowhere"


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_a_layer_that_no_backend_knows_is_full_of_holes(backend: Backend) -> None:
    assert holes(Nowhere, backend) == ["an example", *backend.has]


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_a_layer_that_gives_another_shape_is_a_hole(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = entry_named("layer", "dense")
    assert layer is not None and issubclass(layer, Layer)
    wrong = Example("dense(10)", ((64,),), (11,))
    monkeypatch.setattr(layer, "examples", (wrong, layer.examples[-1]))
    (hole,) = holes(layer, backend)
    assert hole.startswith("a run of dense(10): ")


def test_a_layer_with_arguments_must_show_a_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = entry_named("layer", "dense")
    assert layer is not None and issubclass(layer, Layer)
    monkeypatch.setattr(layer, "examples", layer.examples[:1])
    assert lacking(layer) == ["an example that is rejected"]
